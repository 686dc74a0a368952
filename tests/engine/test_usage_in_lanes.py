"""A file of usage that two share, or whose worker is killed: real processes write what one alone would have written."""

import json
import os
import signal
from contextlib import contextmanager

import pytest

from tests.own_portal import ended, found, leases_run_out, own_portal, python, rows, running_python
from tests.processes import wait_until

CARDS = 3_000
FIRST_DAY, LAST_DAY = "2026-01-20", "2026-01-21"
TOLD_AT = "2026-01-22T09:00:00+08:00"
GB = 2**30
HEADER = "iccid,day,bytes,read_at,imei"

SETUP = """
from datetime import datetime
from django.conf import settings
from django.db import connection
from cards.actions.imports import usage_applying, usage_staging
from cards.calendar import as_of
usage_applying.READINGS_AT_ONCE[connection.vendor] = 400
usage_staging.BLOCKS_AT_ONCE[connection.vendor] = usage_staging.READ_BY_US_AT_ONCE = 1
settings.MEDIA_ROOT = {files!r}
told = as_of(datetime.fromisoformat("{told_at}"))
"""
UPLOAD = """
from django.contrib.auth.models import User
from django.core.files import File
from cards.actions.jobs import control, worker
from cards.choices import JobKind
user = User.objects.create_superuser("admin")
with told, open({file!r}, "rb") as opened:
    job = control.upload(JobKind.IMPORT_USAGE, File(opened, name="usage.csv"), user=user)
    control.start(worker.work_off(job), user=user)
"""
WORK = "from cards.actions.jobs import worker\nwith told: worker.tick(60)"
IMPORT = """
import json
from cards.actions.imports.usage_file import import_usage
with told:
    print(json.dumps(import_usage({file!r}).in_order()))
"""
# All that a file of usage may write, but for the instants and keys of writing.
WRITTEN = {
    "days": "SELECT card_id, day, bytes, read_at, imei FROM cards_usageday",
    "cards": "SELECT * FROM cards_card",
    "records": "SELECT card_id, seq, action, from_state, to_state, holds, effective_on, rule, evidence "
    "FROM cards_cardevent",
    "terms": "SELECT card_id, number, starts_on, service_until FROM cards_serviceterm",
    "usage": "SELECT day, SUM(bytes), SUM(readings) FROM cards_usagetally GROUP BY day",
    "states": "SELECT day, action, state, holds, SUM(cards) FROM cards_statetally GROUP BY 1, 2, 3, 4",
    "quarantine": "SELECT card_id, day, bytes, read_at, imei, status FROM cards_quarantinedreading",
    "staged": "SELECT id FROM cards_stagedfile UNION ALL SELECT file_id FROM cards_stagedreading "
    "UNION ALL SELECT file_id FROM cards_refusedrow",
}


# Of 6,000 readings 60 contradict their neighbours and 30 what is known, 30 are newer than that; beside them the 60 that
# contradict, 60 older ones, and 34 each of too much, no card and no day.
SUMS = {"created": 5_880, "updated": 30, "unchanged": 0, "stale": 60, "quarantined": 34, "refused": 218, "warned": 0}
RESULTS = "SELECT result FROM cards_jobchunk ORDER BY number"


def lines():
    """Two days of each card, mostly nothing; the unused that use something become active, and some of them use all."""
    for number in range(CARDS):
        iccid, used = f"8986{number:016d}", number if number % 7 == 0 else 0
        yield f"{iccid},{LAST_DAY},{GB if number % 70 == 0 else used},2026-01-22T08:00,"
        yield f"{iccid},{FIRST_DAY},{used},2026-01-21T08:00,"
        if number % 50 == 1:  # contradicts the row before, and the next is older
            yield f"{iccid},{FIRST_DAY},5,2026-01-21T08:00,"
            yield f"{iccid},{LAST_DAY},9,2026-01-21T23:00,"
        if number % 90 == 2:  # more than a card can carry; no card; no day
            yield f"{iccid},2026-01-19,{2**50},2026-01-21T08:00,"
            yield f"8986{CARDS + number:016d},{LAST_DAY},1,2026-01-22T08:00,"
            yield f"{iccid},2026-01-32,1,2026-01-22T08:00,"


@contextmanager
def portal_in(folder, like):
    with own_portal(folder, like=like) as portal:
        portal.uploads = folder / "uploads"
        yield portal


@pytest.fixture(scope="module")
def stocked(migrated, tmp_path_factory):
    """Cards that were not used; some have a reading that the file contradicts, and some an older one than the file."""
    folder = tmp_path_factory.mktemp("fleet")
    with portal_in(folder, like=migrated) as portal:
        cards = (f"8986{number:016d},cmcc,enterprise,2026-01-15,Y1-30" for number in range(CARDS))
        heading = "iccid,carrier,certification,opened_on,plan"
        portal.manage("import_cards", written(folder / "cards.csv", heading, cards))
        known = [f"8986{number:016d},{LAST_DAY},77,2026-01-22T08:00," for number in range(3, CARDS, 100)]
        known += [f"8986{number:016d},{LAST_DAY},1,2026-01-22T07:00," for number in range(4, CARDS, 100)]
        python(portal, setup(portal) + IMPORT.format(file=written(folder / "known.csv", HEADER, known)))
        portal.file = written(folder / "usage.csv", HEADER, lines())
        yield portal


def written(path, header, rows):
    path.write_text("\n".join([header, *rows, ""]))
    return str(path)


def setup(portal):
    return SETUP.format(told_at=TOLD_AT, files=str(portal.uploads))


@pytest.fixture
def portal(stocked, tmp_path):
    with portal_in(tmp_path, like=stocked) as portal:
        yield portal


def start(stocked, portal):
    python(portal, setup(portal) + UPLOAD.format(file=stocked.file))


def working(portal):
    return running_python(portal, setup(portal) + WORK)


def everything(portal):
    return {name: sorted(map(repr, found(portal, statement))) for name, statement in WRITTEN.items()}


def done(portal):
    """What is written, and what the chunks of the job say of it."""
    assert rows(portal, "cards_job WHERE status = 'done'", "cards_jobchunk WHERE done_at IS NULL") == [1, 0]
    results = [result if isinstance(result, dict) else json.loads(result) for (result,) in found(portal, RESULTS)]
    return {**everything(portal), "results": results}


@pytest.fixture(scope="module")
def alone(stocked, tmp_path_factory):
    """What comes of the file where one worker takes it in from its beginning to its end."""
    folder = tmp_path_factory.mktemp("alone")
    with portal_in(folder, like=stocked) as portal:
        start(stocked, portal)
        ended(working(portal))
        return done(portal)


def test_what_one_does_alone_is_what_the_file_says(alone):
    counts = [result["counts"] for result in alone["results"]]
    sums = {name: sum(each[name] for each in counts) for name in counts[0]}
    assert len(counts) > 10
    assert sums == SUMS
    assert [len(alone[name]) for name in ("days", "quarantine", "staged")] == [SUMS["created"] + 60, 34, 0]


def test_two_workers_at_once_write_what_one_does(stocked, portal, alone):
    start(stocked, portal)
    ended(*[working(portal) for _ in range(2)])
    assert done(portal) == alone
    portal.manage("verify")


def test_the_next_takes_over_the_range_of_a_worker_that_is_killed_and_no_other(stocked, portal, alone):
    start(stocked, portal)
    with working(portal) as killed:
        wait_until(lambda: rows(portal, "cards_jobchunk WHERE done_at IS NOT NULL") > [1], what="the second range")
        os.kill(killed.pid, signal.SIGKILL)
    leases_run_out(portal)
    ended(*[working(portal) for _ in range(2)])
    assert done(portal) == alone


def test_a_command_in_as_many_lanes_as_there_are_writes_what_one_worker_does(stocked, portal, alone):
    document = json.loads(python(portal, setup(portal) + IMPORT.format(file=stocked.file)))
    refused = sorted(error[0] for result in alone["results"] for error in result["errors"])
    assert sorted(error["row"] for error in document["errors"]) == refused
    counts = [result["counts"] for result in alone["results"]]
    outcomes = ("created", "updated", "unchanged", "stale", "quarantined")
    assert [document[name] for name in outcomes] == [sum(each[name] for each in counts) for name in outcomes]
    assert everything(portal) == {name: alone[name] for name in WRITTEN}
