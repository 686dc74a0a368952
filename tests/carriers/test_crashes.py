"""A worker that is killed on its way (row 22): whoever comes after it asks first, and the card is changed once."""

import contextlib
import json
import math
import os
import signal
import sqlite3
import time

import psycopg
import pytest
from django.db import connection

from tests.carriers.fakes import FAKES
from tests.carriers.fakes.onelink5 import OneLinkFake
from tests.carriers.trial import card_rows, make_account
from tests.commands.calls import csv_file
from tests.own_portal import row, running
from tests.processes import wait_until


class Fleet:
    """A portal of its own with cards in use on a carrier of ours, and workers that may be killed."""

    def __init__(self, portal, fake, folder):
        self.portal, self.fake, self.folder = portal, fake, folder

    def begin(self, number=1, name="A", first=1, **settings):
        iccids = [f"8986{each:016d}" for each in range(first, first + number)]
        for iccid in iccids:
            self.fake.add(iccid)
        self.portal.manage("import_cards", str(csv_file(self.folder / f"{name}.csv", card_rows(self.fake))))
        self.portal.manage("act", "activate", *iccids, "--reason", "first use")
        make_account(self.fake, name, command=lambda *told: self.portal.manage(*map(str, told)), **settings)
        if name != "A":
            self.portal.manage("carriers", "assign", name, *iccids)  # its carrier has another account
        self.work_until(lambda: all(card["seen"]["at"] for card in self.cards(iccids)))
        return iccids

    def cards(self, iccids):
        told = json.loads(self.portal.manage("carriers", "card", *iccids, "--json"))
        return told if isinstance(told, list) else [told]

    def work_until(self, until, seconds=30):
        def goes_on():
            self.portal.manage("carriers", "work", "--until-settled")
            return until()

        wait_until(goes_on, seconds)

    def worker(self):
        return running(self.portal, "carriers", "work", "--seconds", "60")

    def is_confirmed(self, *iccids):
        """Whether the last order of each of these cards is over, and well."""
        return all(card["commands"][0]["state"] == "confirmed" for card in self.cards(iccids))

    def command(self):
        return row(self.portal, "SELECT state FROM carriers_command ORDER BY id DESC LIMIT 1")[0]


@pytest.fixture
def fleet(request, new_portal, tmp_path):
    with getattr(request, "param", OneLinkFake)() as fake:
        print(f"FAKE_SEED={fake.seed}")
        fake.rate = math.inf
        yield Fleet(new_portal(), fake, tmp_path)
    assert fake.violations == []


def kill(worker):
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def test_before_it_is_sent(fleet):
    """The only slot is busy with another card when its worker dies."""
    held, waiting = fleet.begin(2, slots=1)
    fleet.fake.spoil("slow_before", number=held)
    fleet.portal.manage("act", "suspend", held, waiting, "--reason", "because")
    with fleet.worker() as worker:
        assert fleet.fake.is_waiting.wait(30)
        kill(worker)
    fleet.work_until(lambda: fleet.is_confirmed(held, waiting))
    assert [fleet.fake.done(card) for card in (held, waiting)] == [["stopped"]] * 2


@pytest.mark.parametrize("fleet", FAKES.values(), ids=FAKES, indirect=True)
def test_after_it_is_sent(fleet):
    """It is done, and nobody has heard the answer."""
    (card,) = fleet.begin()
    fleet.fake.spoil("slow_after")
    fleet.portal.manage("act", "suspend", card, "--reason", "because")
    with fleet.worker() as worker:
        assert fleet.fake.is_waiting.wait(30)
        assert fleet.command() == "sent"
        kill(worker)
    fleet.work_until(lambda: fleet.is_confirmed(card))
    assert fleet.fake.done(card) == ["stopped"]


@contextlib.contextmanager
def nobody_can_write(portal):
    """Whoever wants to note something about an order waits until the block ends."""
    if connection.vendor == "sqlite":
        path = portal.folder / "portal.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("ROLLBACK")
    else:
        with psycopg.connect(portal.environment["DATABASE_URL"]) as database:
            database.execute("SELECT FROM carriers_command FOR UPDATE")
            yield


def test_after_the_reply_before_it_is_noted(fleet):
    (card,) = fleet.begin()
    fleet.fake.spoil("hold")
    fleet.portal.manage("act", "suspend", card, "--reason", "because")
    with fleet.worker() as worker:
        assert fleet.fake.is_waiting.wait(30)
        with nobody_can_write(fleet.portal):
            fleet.fake.may_go_on.set()
            time.sleep(0.5)  # it has the answer, and cannot note it
            kill(worker)
    assert fleet.command() == "sent"
    fleet.work_until(lambda: fleet.is_confirmed(card))
    assert fleet.fake.done(card) == ["stopped"]


def test_before_it_is_asked(fleet):
    (card,) = fleet.begin(settle_s=2)
    fleet.portal.manage("act", "suspend", card, "--reason", "because")
    with fleet.worker() as worker:
        wait_until(lambda: fleet.command() == "accepted")
        kill(worker)
    fleet.work_until(lambda: fleet.is_confirmed(card))
    assert fleet.fake.done(card) == ["stopped"]
