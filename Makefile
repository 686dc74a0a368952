# `make run` and `make test` need Python 3.11 or later and nothing else that this file does not bring.

# Debian's own first: it was built with optimizations, which others seldom are, and runs the suite in a twelfth less time.
DEBIANS := /usr/bin/python3.11
PYTHON ?= $(shell { $(DEBIANS) -c 'import ensurepip' && echo $(DEBIANS); } 2>/dev/null || command -v python3.11 || command -v python3)
BIN := .venv/bin
DEMO := DEBUG=1 SECRET_KEY="$$(cat var/secret_key)"
# One testing process more than there are cores: one of them often waits for a browser or another process.
PYTEST := $(BIN)/python -m pytest --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) + 1))

.PHONY: run test test-on-sqlite test-on-postgresql test-fast lint bench million faults attacks recipe drill audit hashes screenshots messages env
.DEFAULT_GOAL := run

run: env var/secret_key
	@$(DEMO) $(BIN)/python manage.py compile_translations
	@$(DEMO) $(BIN)/python manage.py migrate --verbosity 0
	@$(DEMO) exec $(BIN)/python manage.py run --demo

# Both at the same time, so that no core waits for the last tests of one; the second is shown when it is over.
test: env
	@$(MAKE) --no-print-directory --jobs 2 --keep-going test-on-sqlite test-on-postgresql

test-on-sqlite: env
	$(PYTEST)

# All but what no database changes, such as pages, words and files (tests/on_postgres.py).
test-on-postgresql: env
	@mkdir -p var
	@$(PYTEST) --numprocesses $$(getconf _NPROCESSORS_ONLN) -p tests.on_postgres > var/on_postgresql.txt 2>&1; ended=$$?; \
		printf '\n\nOn PostgreSQL:\n'; cat var/on_postgresql.txt; exit $$ended

# As much of it as 90 seconds allow: tests/fast.py.
test-fast: env
	$(PYTEST) -p tests.fast -m "not browser and not processes"

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	DEBUG=1 $(BIN)/mypy
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run

# Every bench in turn, and the table of goals in docs/speed.md.
bench: env
	$(BIN)/python -m tests.bench --write

# A quarter of an hour at a million cards, and the tables of docs/upgrades.md and docs/speed.md.
million: env
	$(BIN)/python -m tests.bench.migrations --write
	$(BIN)/python -m tests.bench.million --write

# Half an hour of faults in real processes, and the table of docs/reliability.md.
faults: env
	$(BIN)/python -m tests.faults --write
	$(BIN)/python -m tests.faults.people --write

# Every attack in full, and the table of docs/security.md.
attacks: env
	$(BIN)/python -m tests.attacks --write
	$(BIN)/python -m tests.attacks --write --postgres

# Look at each before you commit it.
screenshots: env
	SCREENSHOTS=1 $(BIN)/python -m pytest --quiet --numprocesses 0 tests/browser/test_screenshots.py

# docs/operations.md on a bare machine: as root, where one can be booted (debootstrap, systemd-nspawn).
recipe: env
	$(BIN)/python -m tests.recipe

# Every alarm provoked and mended on a machine that the recipe made, and the table of docs/operations.md.
drill: env
	$(BIN)/python -m tests.recipe --last 6 --save var/recipe/backed_up.tar
	$(BIN)/python -m tests.recipe.drill --root var/recipe/backed_up.tar --write

# Whether a pinned package has a known hole, where an index of them can be reached.
audit:
	@$(PYTHON) .ci/audit.py

# After a pin was changed: the hashes of its files, without which pip installs nothing.
hashes:
	$(PYTHON) -m venv var/pip-tools
	var/pip-tools/bin/pip install --quiet pip-tools
	var/pip-tools/bin/python .ci/hash_requirements.py

messages: env
	DEBUG=1 $(BIN)/python manage.py make_translations

env: .venv/installed

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("simportal needs Python 3.11 or later; this is %s." % sys.version.split()[0])'
	@echo "Making the environment (once, and again when requirements.txt changes) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Sessions of the demo survive a restart; the key never leaves this machine.
var/secret_key:
	@mkdir -p var
	@umask 077 && $(BIN)/python -c "import secrets; print(secrets.token_urlsafe(50))" > $@
