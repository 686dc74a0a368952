"""The first answer of `make test-fast`: what it begins with, and that it ends (tests/fast.py)."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from tests import fast
from tests.made_once import ROOT

pytestmark = pytest.mark.once

HERE = ROOT / "tests/test_fast.py"


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("from cards.files import writing", True),
        ("from cards.files import open_table, writing", True),
        ("from cards.files.writing import BLOCK", True),
        ("import cards.files.writing", True),
        ("from cards.files import rewriting", False),
        ("from cards.files.writings import BLOCK", False),
        ("from billing.files import writing", False),
        ("# from cards.files import writing", False),
    ],
)
def test_what_imports_a_module(text, does):
    assert bool(fast.imports(f"import os\n{text}\n", "cards.files.writing")) is does


def test_a_file_of_tests_is_about_itself_and_what_it_imports():
    assert fast.is_about(HERE, {"tests/test_fast.py"})
    assert fast.is_about(HERE, {"cards/models/card.py", "tests/fast.py"})
    assert not fast.is_about(HERE, {"cards/models/card.py"})
    assert not fast.is_about(HERE, set())


def test_one_case_of_each_test_comes_before_the_next_of_any():
    items = [SimpleNamespace(nodeid=f"x.py::{name}") for name in ("a[1]", "a[2]", "a[3]", "b", "c[1]", "c[2]")]
    turned = [item.nodeid.removeprefix("x.py::") for item in fast.one_of_each_test_first(items)]
    assert turned == ["a[1]", "b", "c[1]", "a[2]", "c[2]", "a[3]"]


@pytest.mark.parametrize(
    ("mark", "fixtures", "does"),
    [
        (pytest.mark.django_db(transaction=True).mark, (), True),
        (pytest.mark.django_db.mark, (), False),
        (None, ("transactional_db",), True),
        (None, ("db",), False),
    ],
)
def test_what_empties_the_database_comes_last(mark, fixtures, does):
    item = SimpleNamespace(get_closest_marker={"django_db": mark}.get, fixturenames=fixtures)
    assert fast.empties_the_database(item) is does


@pytest.mark.processes
@pytest.mark.parametrize(
    ("seconds", "said"), [(60, "8 passed"), (0, "8 tests were left out: the time for a first answer was over.")]
)
def test_nothing_begins_once_its_time_is_over(seconds, said):
    until = {fast.UNTIL: str(time.time() + seconds), "PYTEST_ADDOPTS": ""}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.fast",
        "--numprocesses=1",
        f"{HERE}::test_what_imports_a_module",
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | until, capture_output=True, text=True)
    assert (done.returncode, said in done.stdout) == (0, True)
