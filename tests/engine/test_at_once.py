"""Two sweeps at the same moment, and one that is killed: real processes on a database of their own."""

import os
import signal
import subprocess
import sys
from datetime import date

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.processes import Portal, wait_until

CARDS = 5_000


@pytest.fixture
def fleet(tmp_path):
    """A portal with cards that all become active on 2026-08-01, on the kind of database that the suite runs on."""
    if connection.vendor == "sqlite":
        yield filled(Portal(tmp_path), tmp_path)
        return
    url, name = os.environ["TEST_DATABASE_URL"], f"fleet_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield filled(Portal(tmp_path, DATABASE_URL=f"{url.rpartition('/')[0]}/{name}"), tmp_path)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def filled(portal, folder):
    rows = (f"8986{number:016d},cmcc,enterprise,2026-01-15,Y1-30" for number in range(CARDS))
    file = folder / "cards.csv"
    file.write_text("\n".join(["iccid,carrier,certification,opened_on,plan", *rows]))
    portal.manage("migrate", "--verbosity", "0")
    portal.manage("import_cards", str(file))
    return portal


def sweeping(portal):
    command = [sys.executable, "manage.py", "sweep", "--through", "2026-08-01"]
    return subprocess.Popen(command, env=portal.environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE)


def counted(portal):
    """How many cards are active, and how many records say so."""
    code = (
        "from cards.models import Card, CardEvent;"
        "print(Card.objects.filter(state='in_use').count(), CardEvent.objects.filter(action='force_activate').count())"
    )
    return [int(number) for number in portal.manage("shell", "--verbosity", "0", "--command", code).split()]


def test_two_sweeps_at_the_same_moment_do_each_change_once(fleet):
    sweeps = [sweeping(fleet) for _ in range(2)]
    assert [sweep.communicate() and sweep.returncode for sweep in sweeps] == [0, 0]
    assert counted(fleet) == [CARDS, CARDS]
    fleet.manage("verify")


def test_a_sweep_that_is_killed_is_finished_by_the_next(fleet):
    with sweeping(fleet) as killed:
        wait_until(lambda: counted(fleet)[0] > 0, what="the first chunk")
        os.kill(killed.pid, signal.SIGKILL)
    fleet.manage("sweep", "--through", str(date(2026, 8, 1)))
    assert counted(fleet) == [CARDS, CARDS]
    fleet.manage("verify")
