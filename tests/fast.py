"""A first answer within 90 seconds: `python -m pytest -p tests.fast`, as `make test-fast` has it.

As many tests as fit into the time: those about what was changed since the last commit, then one of each file, then the
next of each, until it is over. How many were left out is said at the end. What takes long by itself is not begun.
"""

import os
import re
import subprocess
import time
from collections import Counter
from itertools import chain, zip_longest

import pytest

from tests.made_once import ROOT

SECONDS = 72  # in which tests begin; what has begun goes on to its end
UNTIL = "NO_TEST_BEGINS_AFTER"  # in the environment, for the testing processes that this one starts
LONG = ("test_attacks", "test_days", "test_demo", "test_every_url", "test_forecast", "test_in_classes", "test_random")
LEFT_OUT = pytest.StashKey[int]()


def pytest_configure(config):
    os.environ.setdefault(UNTIL, str(time.time() + SECONDS))
    config.stash[LEFT_OUT] = 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """After all others have chosen and sorted."""
    yield
    config.hook.pytest_deselected(items=[item for item in items if item.path.stem in LONG])
    by_file = {}
    for item in items:
        if item.path.stem not in LONG:
            by_file.setdefault(item.path, []).append(item)
    changed = changed_files()
    first = [by_file.pop(path) for path in list(by_file) if is_about(path, changed)]
    turns = zip_longest(*map(one_of_each_test_first, by_file.values()))
    items[:] = sorted(
        [*chain.from_iterable(first), *filter(None, chain.from_iterable(turns))], key=empties_the_database
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    if time.time() < float(os.environ[UNTIL]):
        return None
    item.config.stash[LEFT_OUT] += 1
    return True


def pytest_sessionfinish(session):
    """A testing process tells the one that has started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    node.config.stash[LEFT_OUT] += getattr(node, "workeroutput", {}).get("left out", 0)


def pytest_terminal_summary(terminalreporter, config):
    if number := config.stash[LEFT_OUT]:
        terminalreporter.write_line(f"{number} tests were left out: the time for a first answer was over.")


def empties_the_database(item):
    """Whether it has transactions of its own, after which all rows go: no other test may come after it."""
    database = item.get_closest_marker("django_db")
    return "transactional_db" in item.fixturenames or bool(database and database.kwargs.get("transaction"))


def changed_files():
    """The modules that were changed since the last commit, or are new; none where git does not say."""
    said = subprocess.run(["git", "status", "--porcelain", "-z"], cwd=ROOT, capture_output=True, text=True).stdout
    return {entry[3:] for entry in said.split("\0") if entry.endswith(".py")}


def is_about(path, changed):
    """Whether one of these was changed: the file of tests, or a module that it imports."""
    names = [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in changed]
    return str(path.relative_to(ROOT)) in changed or any(imports(path.read_text(), name) for name in names)


def imports(text, module):
    package, _, name = map(re.escape, module.rpartition("."))
    return re.search(rf"^(import|from) {re.escape(module)}\b|^from {package} import .*\b{name}\b", text, re.MULTILINE)


def one_of_each_test_first(items):
    """One case of each test, then the next of each."""
    seen = Counter()

    def turn(item):
        test = item.nodeid.partition("[")[0]
        seen[test] += 1
        return seen[test]

    return sorted(items, key=turn)
