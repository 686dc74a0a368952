"""`manage.py worker` as a real process: beat rings, the worker answers, a signal ends it."""

import contextlib
import signal
import sqlite3
import sys

import pytest

from simportal.schedule import BEAT_SCHEDULE
from tests.processes import wait_until

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
        printed, _ = worker.communicate(timeout=10)
    assert worker.returncode == 0, printed
    assert "ERROR" not in printed
    return sorted(first)


EVERY_BELL = sorted(entry["task"] for entry in BEAT_SCHEDULE.values())


def test_embedded(new_portal, tmp_path):
    assert ticks_until_stopped(new_portal(), tmp_path, signal.SIGINT) == EVERY_BELL


def test_with_redis(new_portal, tmp_path, redis_url):
    portal = new_portal(REDIS_URL=redis_url)
    assert ticks_until_stopped(portal, tmp_path, signal.SIGTERM) == EVERY_BELL
