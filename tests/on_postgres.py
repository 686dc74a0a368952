"""Runs the suite on PostgreSQL: `python -m pytest -p tests.on_postgres`.

It starts a server of its own on a free port, in a folder of its own, and takes both away at the end. Nothing that
already runs on the machine is touched.
"""

import atexit
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.processes import free_port

# What pages, words and files say, and to whom, does not depend on the database, nor do the rules of a card's dates:
# they are tested on SQLite alone ...
ASKED_ONCE = {
    # pages and words
    *("tests/browser", "tests/console", "tests/my"),
    *("tests/billing/test_console.py", "tests/billing/test_notices.py", "tests/billing/test_whose_words.py"),
    *("tests/test_doors.py", "tests/test_owner.py", "tests/test_settings.py"),
    *("tests/test_env.py", "tests/test_lifecycle_picture.py", "tests/test_translations.py"),
    # who may do what, and the shell's words for it
    *("tests/billing/test_who_acts.py", "tests/engine/test_who_acts.py", "tests/engine/test_catalogue.py"),
    *("tests/commands/test_act.py", "tests/commands/test_card_and_forecast.py", "tests/test_scope.py"),
    # what a row of a file means
    *("tests/commands/test_carriers_files.py", "tests/commands/test_files.py", "tests/commands/test_round_trip.py"),
    "tests/commands/test_last_day_of_service.py",
    *("tests/cases/test_c01_c02_instants_that_are_none.py", "tests/cases/test_c07_devices.py"),
    *("tests/cases/test_c10_iccid_ending_in_zeros.py", "tests/cases/test_c12_merged_cells.py"),
    *("tests/cases/test_c14_no_customer_by_that_name.py", "tests/cases/test_c16_days.py"),
    *("tests/cases/test_c17_search_box.py", "tests/cases/test_c27_wrong_year.py", "tests/engine/test_in_service.py"),
    # rules and clocks
    *("tests/engine/test_clocks.py", "tests/engine/test_forecast.py", "tests/engine/test_chains.py"),
    *("tests/engine/test_holds.py", "tests/commands/test_worked_dates.py", "tests/test_demo.py"),
}
# ... except for modules in these folders whose subject is SQL: searching, filtering, sorting, sums by day, constraints.
# Tests with threads and transactions of their own run on PostgreSQL wherever they stand, as does all that is not
# listed here.
ASKING_THE_DATABASE = {
    *("tests/console/test_dashboard.py", "tests/console/test_export.py"),
    *("tests/console/test_filters.py", "tests/console/test_paging.py", "tests/console/test_quarantine.py"),
    "tests/console/test_search.py",
    *("tests/console/test_selecting.py", "tests/my/test_claim.py", "tests/my/test_real_name.py"),
}

# What makes a database safe against power cuts, and slow.
UNSAFE_AND_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def program(name):
    """Debian keeps PostgreSQL's own programs off the PATH."""
    installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(iter(installed), None)


def owner():
    """PostgreSQL refuses to run as root, so root lends it to somebody else."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def start_server():
    """The URL of a new, empty server that ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="simportal-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if owner():
        shutil.chown(folder, owner()["user"])
    data, port = folder / "data", free_port()
    run(program("initdb"), "-D", data, "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-p {port} -k {folder} -h 127.0.0.1 {UNSAFE_AND_FAST}"
    run(program("pg_ctl"), "-D", data, "-l", folder / "log", "-o", options, "--wait", "start")
    atexit.register(run, program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
    return f"postgresql://portal@127.0.0.1:{port}/postgres"


def run(*command):
    """Into a file, not a pipe: the server inherits it and would hold a pipe open."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run([str(word) for word in command], stdout=said, stderr=said, cwd="/", **owner())
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{said.read().decode()}")


def pytest_collection_modifyitems(config, items):
    """Where the database makes no difference, once is enough."""
    again = [item for item in items if not is_asked_once(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


def is_asked_once(item):
    """Whether the test is marked `once`, or about nothing that databases differ in."""
    if item.get_closest_marker("once"):
        return True
    database = item.get_closest_marker("django_db")
    if database and database.kwargs.get("transaction"):
        return False
    path = item.path.relative_to(item.config.rootpath)
    return not ASKED_ONCE.isdisjoint({str(path), str(path.parent)}) and str(path) not in ASKING_THE_DATABASE


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """A server before the settings are read. Each testing process has its own: no other's transactions delay it."""
    if program("initdb") is None:
        print("PostgreSQL is not installed: the run on PostgreSQL is skipped.")
        sys.exit(0)
    only_hands_out_tests = early_config.known_args_namespace.numprocesses and "PYTEST_XDIST_WORKER" not in os.environ
    if "TEST_DATABASE_URL" not in os.environ and not only_hands_out_tests:
        os.environ["TEST_DATABASE_URL"] = os.environ["DATABASE_URL"] = start_server()
    return (yield)
