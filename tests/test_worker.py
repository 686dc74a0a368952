"""`manage.py worker` as a real process: beat rings, the worker answers, a signal ends it."""

import contextlib
import os
import signal
import sqlite3
import sys

import pytest

from simportal.schedule import BEAT_SCHEDULE
from tests.own_portal import python, rows
from tests.processes import processes_of, wait_until

pytestmark = pytest.mark.once


def ticks(folder):
    """What the worker recorded, read beside it: task → when it last finished."""
    with contextlib.closing(sqlite3.connect(folder / "portal.sqlite3")) as database:
        return dict(database.execute("SELECT name, finished_at FROM simportal_tick"))


def ticks_until_stopped(portal, folder, number):
    """Waits for the first round of every bell and for the next heartbeat, then stops the worker."""
    heartbeat = "simportal.heartbeat"
    with portal.started(sys.executable, "manage.py", "worker") as worker:
        first = wait_until(lambda: len(ticks(folder)) == len(BEAT_SCHEDULE) and ticks(folder), what="the first round")
        wait_until(lambda: ticks(folder)[heartbeat] > first[heartbeat], what="the next heartbeat")
        worker.send_signal(number)
        printed, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0, printed
    assert "ERROR" not in printed
    return sorted(first)


EVERY_BELL = sorted(entry["task"] for entry in BEAT_SCHEDULE.values())


def test_embedded(new_portal, tmp_path):
    assert ticks_until_stopped(new_portal(), tmp_path, signal.SIGINT) == EVERY_BELL


def test_with_redis(new_portal, tmp_path, redis_url):
    portal = new_portal(REDIS_URL=redis_url)
    assert ticks_until_stopped(portal, tmp_path, signal.SIGTERM) == EVERY_BELL


ORDER_EXPORT = """
from django.contrib.auth.models import User
from cards.actions.jobs import export
export.order_export(User.objects.create_superuser("admin"), "csv", "cards.csv")
"""


def test_embedded_has_a_second_process_for_jobs_which_ends_with_the_first(new_portal, tmp_path):
    portal = new_portal()
    with portal.started(sys.executable, "manage.py", "worker") as worker:
        wait_until(lambda: len(ticks(tmp_path)) == len(BEAT_SCHEDULE), what="the first round")
        first, _second = sorted(processes_of(worker))
        os.kill(first, signal.SIGSTOP)
        python(portal, ORDER_EXPORT)
        wait_until(lambda: rows(portal, "cards_job WHERE status = 'done'") == [1], what="the export")
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: not processes_of(worker), what="that none is left")
