"""Two sweeps or workers at the same moment, and one that is killed: real processes on a database of their own."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import date

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.processes import Portal, wait_until

CARDS = 5_000


@pytest.fixture(scope="module")
def first_fleet(tmp_path_factory):
    """Cards that all become active on 2026-08-01, in a database of the kind that the suite runs on, for all to copy."""
    folder = tmp_path_factory.mktemp("fleet")
    if connection.vendor == "sqlite":
        yield filled(Portal(folder), folder)
        return
    with server() as execute:
        execute(f"CREATE DATABASE {first_name()}")
        yield filled(Portal(folder, DATABASE_URL=url(first_name())), folder)
        execute(f"DROP DATABASE {first_name()} WITH (FORCE)")


@pytest.fixture
def fleet(first_fleet, tmp_path):
    """A portal with a copy of those cards, to be swept or worked on."""
    if connection.vendor == "sqlite":
        shutil.copy(first_fleet.folder / "portal.sqlite3", tmp_path)
        yield Portal(tmp_path)
        return
    name = f"{first_name()}_copy"
    with server() as execute:
        execute(f"CREATE DATABASE {name} TEMPLATE {first_name()}")
        yield Portal(tmp_path, DATABASE_URL=url(name))
        execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def server():
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as connected:
        yield connected.execute


def first_name():
    return f"fleet_{os.getpid()}"


def url(name):
    return f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/{name}"


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


def rows(portal, *selects):
    """How many rows each of these gives, asked beside the portal's own processes."""
    statement = f"SELECT {', '.join(f'(SELECT COUNT(*) FROM {select})' for select in selects)}"
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(portal.folder / "portal.sqlite3")) as database:
            return list(database.execute(statement).fetchone())
    with psycopg.connect(portal.environment["DATABASE_URL"]) as database:
        return list(database.execute(statement).fetchone())


def counted(portal):
    """How many cards are active, and how many records say so."""
    return rows(portal, "cards_card WHERE state = 'in_use'", "cards_cardevent WHERE action = 'force_activate'")


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


START_JOB = """
from django.contrib.auth.models import User
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze
from cards.models import Card
user = User.objects.create_superuser("admin")
job = control.draft(freeze(Card.objects.all(), owner=user, asked={}), "tag", user=user)
control.start(worker.work_off(job), user=user, params={"tag": "trial"})
"""
WORK = "from cards.actions.jobs import worker; worker.tick(60)"
LEASES_RUN_OUT = "from cards.models import JobChunk; JobChunk.objects.update(leased_until='2026-01-01T00:00Z')"
DONE = [CARDS, CARDS, CARDS, 1]


def tagged(portal):
    """How many cards have the tag, by themselves, by their rows and by the job's records, and whether it is done."""
    return rows(
        portal,
        "cards_card WHERE tags = 'trial'",
        "cards_cardtag",
        "cards_cardevent WHERE action = 'tag' AND job_id IS NOT NULL",
        "cards_job WHERE status = 'done'",
    )


def python(portal, code):
    return portal.manage("shell", "--verbosity", "0", "--command", code)


def working(portal):
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", WORK]
    return subprocess.Popen(command, env=portal.environment, cwd=settings.BASE_DIR)


def test_two_workers_at_the_same_moment_do_each_card_once(fleet):
    python(fleet, START_JOB)
    workers = [working(fleet) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert tagged(fleet) == DONE


def test_a_job_whose_worker_is_killed_is_finished_by_the_next(fleet):
    python(fleet, START_JOB)
    with working(fleet) as killed:
        wait_until(lambda: tagged(fleet)[0] > 0, what="the first chunk")
        os.kill(killed.pid, signal.SIGKILL)
    python(fleet, LEASES_RUN_OUT)
    assert working(fleet).wait() == 0
    assert tagged(fleet) == DONE
    fleet.manage("verify")


def test_of_cards_that_a_person_is_sent_in_for_at_the_same_moment_only_the_tenth_passes(fleet, tmp_path):
    numbers = [f"8986{number:016d}" for number in range(CARDS, CARDS + 12)]
    file = tmp_path / "cards.csv"
    lines = [f"{number},cmcc,individual,2026-01-15,Y1-30" for number in numbers]
    file.write_text("\n".join(["iccid,carrier,certification,opened_on,plan", *lines]))
    fleet.manage("import_cards", str(file))
    person = ["--set", "name=张三", "id_number=110101199003071233"]
    fleet.manage("act", "submit_real_name", *numbers[:9], *person)
    command = [sys.executable, "manage.py", "act", "submit_real_name"]
    racing = [
        subprocess.Popen([*command, number, *person], env=fleet.environment, cwd=settings.BASE_DIR)
        for number in numbers[9:]
    ]
    assert sorted(process.wait() for process in racing) == [0, 1, 1]
    assert rows(fleet, "cards_card WHERE real_name = 'submitted'", "cards_realnamecheck") == [10, 10]
