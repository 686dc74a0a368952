"""SQLite's writers: each has its turn, also beside one who writes without end. In a file, as in service."""

import contextlib
import sqlite3
import threading
import time

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from simportal.addresses import read_database

pytestmark = [pytest.mark.once, pytest.mark.django_db]

WRITES = 40
HELD_FOR = 0.02  # seconds; a worker's transaction
APART = 0.0005
LIMIT = 1


@pytest.fixture
def opened(tmp_path):
    """A connection to a file of its own, with a table of one row; it waits for no more than a second."""
    kept = read_database(f"sqlite:///{tmp_path}/portal.sqlite3", tmp_path)
    kept["OPTIONS"]["timeout"] = LIMIT
    opened = DatabaseWrapper(connections.configure_settings({DEFAULT_DB_ALIAS: kept})[DEFAULT_DB_ALIAS])
    with contextlib.closing(opened):
        write(opened, "CREATE TABLE written (number int)")
        write(opened, "INSERT INTO written VALUES (0)")
        yield opened


def write(opened, statement="UPDATE written SET number = number + 1"):
    with opened.cursor() as cursor:
        cursor.execute(statement)


def number(opened):
    with opened.cursor() as cursor:
        return cursor.execute("SELECT number FROM written").fetchone()[0]


@contextlib.contextmanager
def written_by_another(opened, held_for):
    """Another connection writes one transaction after another until the block ends; yields those that it began."""
    begun, may_end = [], threading.Event()

    def write_on():
        with contextlib.closing(sqlite3.connect(opened.settings_dict["NAME"], isolation_level=None)) as other:
            while not may_end.is_set():
                other.execute("BEGIN IMMEDIATE")
                begun.append(time.monotonic())
                may_end.wait(held_for)
                other.execute("ROLLBACK")
                time.sleep(APART)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        while not begun:
            time.sleep(APART)
        yield begun
    finally:
        may_end.set()
        writer.join()


def _begun_meanwhile(opened, begun):
    """How many the other began while this one waited, once it is well in its stride."""
    before = len(begun)
    while len(begun) < before + 3:
        time.sleep(APART)
    before = len(begun)
    write(opened)
    return len(begun) - before


def test_whoever_waits_has_its_turn_after_a_few_of_another_who_writes_without_end(opened):
    opened.settings_dict["OPTIONS"]["timeout"] = 60
    with written_by_another(opened, HELD_FOR) as begun:
        waited = [_begun_meanwhile(opened, begun) for _ in range(WRITES)]
    assert sum(waited) < 4 * WRITES
    assert number(opened) == WRITES


def test_whoever_has_waited_as_long_as_it_may_gives_up(opened):
    with written_by_another(opened, held_for=60):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="database is locked"):
            write(opened)
        assert LIMIT <= time.monotonic() - began < 20 * LIMIT
        assert number(opened) == 0, "a reader never waits"
    write(opened)
    assert number(opened) == 1


def test_whoever_has_read_what_is_old_by_now_does_not_wait_in_vain(opened):
    opened.settings_dict["OPTIONS"]["timeout"] = 60
    write(opened, "BEGIN DEFERRED")
    assert number(opened) == 0
    with contextlib.closing(sqlite3.connect(opened.settings_dict["NAME"])) as other, other:
        other.execute("UPDATE written SET number = 7")
    began = time.monotonic()
    with pytest.raises(OperationalError, match="database is locked"):
        write(opened)
    assert time.monotonic() - began < 20
    write(opened, "ROLLBACK")
    write(opened)
    assert number(opened) == 8


def test_a_connection_that_is_opened_anew_waits_in_one_way_only(opened):
    for _ in range(3):
        opened.close()
        assert number(opened) == 0
    assert [wrapper.__module__ for wrapper in opened.execute_wrappers] == ["cards.turns"]
