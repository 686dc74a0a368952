"""What each kind of process says when it starts, above all how long the database may keep it waiting."""

import time
from copy import deepcopy

import pytest
from django.db import OperationalError, connection

from cards.pages.downloads import csv_response
from cards.timeouts import PAGES, WORKERS, TimeLimits, keep_to, statements_within
from simportal.models import Tick
from tests.own_portal import python
from tests.processes import held_by_somebody_else

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite cuts no statement off")

QUICK = TimeLimits(statement=0.2, lock=0.1, idle=0.3, turn=1)
ASKED = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"


@pytest.fixture
def limits(transactional_db, django_db_serialized_rollback):
    """Makes this process one of a kind, for the test: `limits(QUICK)`."""
    before = deepcopy(connection.settings_dict["OPTIONS"])
    yield lambda kind: (keep_to(kind), connection.close())
    connection.settings_dict["OPTIONS"] = before
    connection.close()


def asked(*statement):
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return cursor.fetchone()[0]


LIMITS_OF_A_PROCESS = """
from django.db import connection
with connection.cursor() as cursor:
    if connection.vendor == "sqlite":
        print(connection.settings_dict["OPTIONS"]["timeout"])
    else:
        cursor.execute("SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'))")
        print(cursor.fetchone()[0])
"""
DOORS = {
    "people": ("", {"sqlite": "30", "postgresql": "0 0"}),
    "pages": ("import simportal.wsgi", {"sqlite": "20", "postgresql": "10s 5s"}),
    "workers": (
        "from simportal.celery import app; app.Worker(pool='threads')",
        {"sqlite": "30", "postgresql": "1min 30s"},
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_each_door_says_what_kind_it_is(new_portal, door):
    opens, limits = DOORS[door]
    assert python(new_portal(), f"{opens}\n{LIMITS_OF_A_PROCESS}").split("\n")[-2] == limits[connection.vendor]


@pytest.mark.once
def test_whoever_works_long_spares_the_collector_what_is_loaded_by_then(new_portal):
    program = "import gc\nbefore = gc.get_freeze_count()\n{}\nprint(gc.get_freeze_count() > before)"
    portal = new_portal()
    spared = {door: python(portal, program.format(opens)).split("\n")[-2] for door, (opens, _) in DOORS.items()}
    assert spared == {"people": "False", "pages": "True", "workers": "True"}


def test_a_worker_gives_up_before_its_lease_and_its_task_are_over():
    assert PAGES.statement < WORKERS.statement < 90
    assert WORKERS.lock < WORKERS.statement


@on_postgresql
def test_a_statement_that_takes_too_long_is_cut_off(limits):
    limits(QUICK)
    assert asked("SELECT pg_sleep(0.1)::text || 'slept'") == "slept"
    with pytest.raises(OperationalError, match="statement timeout"):
        asked("SELECT pg_sleep(5)")


@on_postgresql
def test_a_lock_is_waited_for_no_longer_than_that(limits):
    Tick.record("simportal.days")
    limits(QUICK)
    with held_by_somebody_else(Tick.objects.all()):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            Tick.record("simportal.days")
        assert time.monotonic() - began < 3
    Tick.record("simportal.days")


@on_postgresql
def test_a_block_may_take_longer_and_what_follows_it_may_not(limits):
    limits(QUICK)
    with statements_within(60):
        assert asked("SELECT pg_sleep(0.3)::text || 'slept'") == "slept"
    assert [asked(f"SHOW {name}") for name in ASKED] == ["200ms", "100ms", "300ms"]
    with pytest.raises(OperationalError), statements_within(0):
        asked("SELECT pg_sleep(5)")
    assert asked("SHOW statement_timeout") == "200ms"


@on_postgresql
def test_a_download_takes_as_long_as_its_reader(limits):
    limits(QUICK)
    rows = ((asked("SELECT pg_sleep(0.3)::text || %s", [word]),) for word in ("first", "second"))
    assert csv_response("slow", ["word"], rows, by=None).getvalue().decode("utf-8-sig").split() == [
        "word",
        "first",
        "second",
    ]
    assert asked("SHOW statement_timeout") == "200ms"


@on_postgresql
def test_a_reader_who_goes_away_leaves_the_limit_as_it_was(limits):
    limits(QUICK)
    response = csv_response("slow", ["word"], (["x" * 200_000] for _ in range(9)), by=None)
    next(iter(response))
    assert asked("SHOW statement_timeout") == "1h"
    response.close()
    assert asked("SHOW statement_timeout") == "200ms"
