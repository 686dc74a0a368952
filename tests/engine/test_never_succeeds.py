"""What a fault stops: tried again after a while, and ended with the reason in plain words after the last try."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from cards.actions.jobs import control, engine, worker
from cards.actions.selections import freeze_ids
from cards.faults import Fault
from cards.leases import MOST_DEATHS, WAITS
from cards.models import CardEvent, Job, JobChunk
from tests.build import OPENED_ON as DAY
from tests.build import card_in_use, on_day, staff
from tests.own_portal import own_portal, python, row, rows

pytestmark = pytest.mark.django_db
TRIES = len(WAITS) + 1

CARDS = 500
PREPARE = f"""
from datetime import date
from django.contrib.auth.models import User
from django.utils import translation
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze
from cards.models import Card
from tests.billing.build import fleet
translation.activate("en")
fleet({CARDS}, date(2026, 3, 2))
user = User.objects.create_superuser("admin")
job = control.draft(freeze(Card.objects.all(), owner=user, asked={{}}), "tag", user=user)
control.start(worker.work_off(job), user=user, params={{"tag": "trial"}})
"""
# What every connection of the process is told, for a fault ends the one it met.
ON_EACH_CONNECTION = """
from django.db import connection
from django.db.backends.signals import connection_created
def told(connection, **_):
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT)
connection_created.connect(told)
"""
# A disk that is full but for what it takes to say so.
FULL_DISK = f"""{ON_EACH_CONNECTION}
STATEMENT = "SELECT 1"
with connection.cursor() as cursor:
    pages = cursor.execute("PRAGMA page_count").fetchone()[0]
STATEMENT = "PRAGMA max_page_count = " + str(pages + 5)
connection.close()
"""
# A statement that takes too long, because somebody else holds the cards and does not give them back.
SLOW_STATEMENT = f"""{ON_EACH_CONNECTION}
import os
import psycopg
STATEMENT = "SET statement_timeout = '500ms'"
holder = psycopg.connect(os.environ["DATABASE_URL"])
holder.execute("SELECT id FROM cards_card FOR UPDATE")
"""
TRY = f"""
from django.utils import timezone
from datetime import timedelta
from cards.actions.jobs import worker
from cards.leases import WAITS
from cards.models import Job, JobChunk
for tried in (1, 2, 3, 4, 5, {TRIES}):
    JobChunk.objects.update(tries=tried - 1, leased_until=None)
    worker.tick(1)
    job, chunk = Job.objects.get(), JobChunk.objects.get(number=1)
    left = chunk.leased_until and chunk.leased_until - timezone.now()
    wait = left and min(wait for wait in WAITS if wait >= left).seconds
    print(job.status, chunk.tries, wait, chunk.fault, job.message, sep="|")
"""
GO_ON = """
from cards.actions.jobs import control, worker
from cards.models import Job
job = control.retry(Job.objects.get(), user=Job.objects.get().owner)
print(worker.work_off(control.start(worker.work_off(job), user=job.owner, params={"tag": "trial"})).status)
"""


@pytest.fixture
def portal(migrated, tmp_path):
    with own_portal(tmp_path, like=migrated, SIMPORTAL_TODAY="2026-03-25") as portal:
        python(portal, PREPARE)
        yield portal


def test_a_job_that_can_never_succeed_is_tried_for_a_day_and_fails_with_the_reason(portal):
    if connection.vendor == "sqlite":
        trouble, fault = FULL_DISK, Fault.FULL
    else:
        trouble, fault = SLOW_STATEMENT, Fault.SLOW
    with translation.override("en"):
        reason = f"Given up after {TRIES} attempts: {fault.label}."
    assert python(portal, trouble + TRY).splitlines() == [
        f"running|1|5|{fault}|",
        f"running|2|30|{fault}|",
        f"running|3|120|{fault}|",
        f"running|4|600|{fault}|",
        f"running|5|1800|{fault}|",
        f"failed|{TRIES}|None|{fault}|{reason}",
    ]
    assert rows(portal, "cards_cardevent WHERE action = 'tag'", "cards_card WHERE tags <> ''") == [0, 0]
    assert python(portal, GO_ON).split() == ["done"]
    assert rows(portal, "cards_cardevent WHERE action = 'tag'", "cards_card WHERE tags = 'trial'") == [CARDS, CARDS]
    assert row(portal, "SELECT SUM(tries) FROM cards_jobchunk WHERE done_at IS NOT NULL")[0] == 0
    portal.manage("verify")


# what is tried again


@pytest.fixture
def started():
    """A job that is at work on one card."""
    with on_day(DAY), translation.override("en"):
        ops = staff("suspend")
        selection = freeze_ids([card_in_use().pk], owner=ops, asked={"from": "page"})
        yield control.start(control.draft(selection, "suspend", user=ops), user=ops)


def lease_runs_out():
    past = timezone.now() - timedelta(seconds=1)
    JobChunk.objects.update(leased_until=past)
    Job.objects.update(leased_until=past)


def test_a_worker_that_dies_is_one_try_and_the_next_one_does_the_work(started):
    for _ in range(MOST_DEATHS - 1):
        assert engine.claim_chunk("dead")
        lease_runs_out()
    job, chunk = worker.work_off(started), JobChunk.objects.get()
    assert (job.status, job.message, chunk.tries, chunk.deaths) == ("done", "", 0, 0)


def test_deaths_are_counted_one_after_the_other_and_a_fault_between_them_begins_anew(started):
    for _ in range(MOST_DEATHS):
        assert engine.claim_chunk("dead")
        lease_runs_out()
    chunk = JobChunk.objects.get()
    assert (chunk.tries, chunk.deaths) == (5, 4)
    engine.try_later(started, chunk, Fault.HELD)
    lease_runs_out()
    chunk = engine.claim_chunk("next")
    assert (chunk.tries, chunk.deaths, chunk.fault) == (6, 0, "held")


def test_work_over_which_every_worker_dies_ends_with_that(started):
    for _ in range(MOST_DEATHS):
        assert engine.claim_chunk("dead")
        lease_runs_out()
    job = worker.work_off(started)
    assert (job.status, job.message) == (
        "failed",
        "Given up after 5 attempts: the worker stopped before the job was finished.",
    )
    assert engine.chunks_at_work() == 0
    assert CardEvent.objects.filter(action="suspend").count() == 0


def test_a_job_over_whose_file_every_worker_dies_ends_with_that(started):
    Job.objects.update(status="preparing")
    for _ in range(MOST_DEATHS):
        assert engine.claim_job("dead")
        lease_runs_out()
    assert worker.work_off(started).status == "failed"


def test_a_check_and_its_work_each_have_all_their_tries(started):
    JobChunk.objects.update(checked_at=None, check_result=None)
    Job.objects.update(status="checking", started_at=None)
    for _ in range(MOST_DEATHS - 1):
        assert engine.claim_chunk("dead")
        lease_runs_out()
    job = worker.work_off(started)
    assert (job.status, job.chunks.get().tries) == ("ready", 0)


def test_what_waits_for_its_next_try_takes_no_lane(started):
    chunk = engine.claim_chunk("one")
    assert engine.chunks_at_work() == 1
    engine.try_later(started, chunk, Fault.HELD)
    assert (engine.chunks_at_work(), engine.claim_chunk("two")) == (0, None)
    lease_runs_out()
    assert engine.claim_chunk("two").tries == 2


def test_who_lost_a_chunk_does_not_delay_who_has_it_now(started):
    lost = engine.claim_chunk("one")
    lease_runs_out()
    held = engine.claim_chunk("two")
    engine.try_later(started, lost, Fault.AWAY)
    now = JobChunk.objects.get()
    assert (now.worker, now.leased_until, now.tries) == ("two", held.leased_until, 2)


def test_a_failed_job_that_is_taken_up_again_has_all_its_tries(started):
    ops = started.owner
    for _ in range(MOST_DEATHS):
        engine.claim_chunk("dead")
        lease_runs_out()
    assert worker.work_off(started).status == "failed"
    assert (engine.reopen(started, ops), engine.reopen(started, ops)) == (True, False)
    assert [step.step for step in started.steps.all()] == ["started", "resumed"]
    held = engine.claim_chunk("one")
    assert (held.tries, engine.reopen(started, ops), engine.claim_chunk("two")) == (1, False, None)
    lease_runs_out()
    job = worker.work_off(started)
    assert (job.status, job.message, CardEvent.objects.filter(action="suspend").count()) == ("done", "", 1)


def test_a_mistake_in_finishing_ends_its_job_and_the_tick_goes_on_to_the_others(started):
    class Broken(type(worker.KINDS["action"])):
        def finish(self, job):
            raise ValueError("no such thing")

    JobChunk.objects.update(done_at=timezone.now(), result={"counts": {}, "reasons": {}, "outcomes": []})
    worker.tick(1, {"action": Broken()})
    job = Job.objects.get()
    assert (job.status, job.message) == (
        "failed",
        f"Internal error. Quote job {job.pk} when you report it; the log has the details.",
    )
