"""What runs on which database is said by names (tests/on_postgres.py): each is there, or it would say nothing."""

import re

import pytest

from tests.made_once import ROOT
from tests.on_postgres import ASKED_ONCE, ASKING_THE_DATABASE, ONE_OF_SEVERAL

pytestmark = pytest.mark.once


def is_there(named):
    path, *names = named.split("::")
    place = ROOT / path
    if not names:
        return place.exists()
    return place.exists() and all(is_defined(name, place.read_text()) for name in names)


def is_defined(name, text):
    return re.search(rf"^ *(?:def|class) {name}\b", text, re.MULTILINE)


def is_in_what_is_asked_once(named):
    path = named.partition("::")[0]
    return not ASKED_ONCE.isdisjoint({path, path.rpartition("/")[0]})


@pytest.mark.parametrize("names", [ASKED_ONCE, ASKING_THE_DATABASE, ONE_OF_SEVERAL])
def test_every_file_and_test_that_is_named_is_there(names):
    assert [name for name in sorted(names) if not is_there(name)] == []


def test_what_asks_the_database_all_the_same_is_an_exception_from_something():
    assert [name for name in sorted(ASKING_THE_DATABASE) if not is_in_what_is_asked_once(name)] == []


@pytest.mark.parametrize(
    "named",
    [
        "tests/nowhere",
        "tests/test_env.py::test_nothing",
        "tests/test_env.py::TestNothing::test_x",
        "tests/nowhere.py::test_every_name",
        "tests/x.py",
    ],
)
def test_a_name_that_says_nothing_is_seen(named):
    assert not is_there(named)
