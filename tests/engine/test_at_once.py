"""Two sweeps or workers at the same moment, and one that is killed: real processes on a database of their own."""

import os
import signal
from datetime import date

import psycopg
import pytest
from django.db import connection

from tests.own_portal import ended, leases_run_out, own_portal, python, rows, running, running_python
from tests.processes import wait_until

CARDS = 15_100  # in four parts of the sweep


@pytest.fixture(scope="module")
def first_fleet(migrated, tmp_path_factory):
    """Cards that all become active on 2026-08-01, in a database of the kind that the suite runs on, for all to copy."""
    folder = tmp_path_factory.mktemp("fleet")
    with own_portal(folder, like=migrated) as portal:
        yield filled(portal, folder)


@pytest.fixture
def fleet(first_fleet, tmp_path):
    """A portal with a copy of those cards, to be swept or worked on."""
    with own_portal(tmp_path, like=first_fleet) as portal:
        yield portal


def filled(portal, folder):
    rows = (f"8986{number:016d},cmcc,enterprise,2026-01-15,Y1-30" for number in range(CARDS))
    file = folder / "cards.csv"
    file.write_text("\n".join(["iccid,carrier,certification,opened_on,plan", *rows]))
    portal.manage("import_cards", str(file))
    return portal


def sweeping(portal):
    return running(portal, "sweep", "--through", "2026-08-01")


def counted(portal):
    """How many cards are active, and how many records say so."""
    return rows(portal, "cards_card WHERE state = 'in_use'", "cards_cardevent WHERE action = 'force_activate'")


def test_two_sweeps_at_the_same_moment_do_each_change_once(fleet):
    ended(*[sweeping(fleet) for _ in range(2)])
    assert counted(fleet) == [CARDS, CARDS]
    fleet.manage("verify")


def test_a_sweep_that_is_killed_is_finished_by_the_next(fleet):
    with sweeping(fleet) as killed:
        wait_until(lambda: counted(fleet)[0] > 0, what="the first chunk")
        os.kill(killed.pid, signal.SIGKILL)
    leases_run_out(fleet)
    fleet.manage("sweep", "--through", str(date(2026, 8, 1)))
    assert counted(fleet) == [CARDS, CARDS]
    fleet.manage("verify")


ICCID = f"8986{1:016d}"
BOTH = f"cards_card WHERE iccid = '{ICCID}' AND protected AND tags = 'trial' AND parked = ''"
WAITING = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_two_different_actions_at_the_same_moment_on_one_card_are_both_done(fleet):
    """Each reads the card behind the other's back, unless the row is locked before it is read."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, and it reads what the last one wrote")
    with psycopg.connect(fleet.environment["DATABASE_URL"], autocommit=True) as watch:
        with psycopg.connect(fleet.environment["DATABASE_URL"]) as holder:
            holder.execute("SELECT FROM cards_card WHERE iccid = %s FOR UPDATE", [ICCID])
            acting = [running(fleet, "act", *act) for act in (("tag", ICCID, "--set", "tag=trial"), ("protect", ICCID))]
            wait_until(
                lambda: watch.execute(WAITING).fetchone() == (2,), seconds=90, what="that both wait for the card"
            )
        ended(*acting)
    assert rows(fleet, BOTH, "cards_cardevent WHERE action IN ('tag', 'protect')") == [1, 2]
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


def working(portal):
    return running_python(portal, WORK)


def test_two_workers_at_the_same_moment_do_each_card_once(fleet):
    python(fleet, START_JOB)
    ended(*[working(fleet) for _ in range(2)])
    assert tagged(fleet) == DONE


@pytest.mark.once  # on PostgreSQL in `tests/test_faults.py`
def test_a_job_whose_worker_is_killed_is_finished_by_the_next(fleet):
    python(fleet, START_JOB)
    with working(fleet) as killed:
        wait_until(lambda: tagged(fleet)[0] > 0, what="the first chunk")
        os.kill(killed.pid, signal.SIGKILL)
    leases_run_out(fleet)
    ended(working(fleet))
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
    racing = [running(fleet, "act", "submit_real_name", number, *person) for number in numbers[9:]]
    assert sorted(process.wait() for process in racing) == [0, 1, 1]
    assert rows(fleet, "cards_card WHERE real_name = 'submitted'", "cards_realnamecheck") == [10, 10]
