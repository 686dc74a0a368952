"""A worker that is killed on its way (row 22): whoever comes after it asks first, and the card is changed once."""

import contextlib
import math
import sqlite3
import time

import psycopg
import pytest
from django.db import connection

from tests.carriers.fakes import FAKES
from tests.carriers.fleet import Fleet, kill
from tests.own_portal import own_portal
from tests.processes import wait_until

CARDS = 6  # of each carrier; a test takes new ones


@pytest.fixture(scope="module")
def begun(migrated, tmp_path_factory):
    """All carriers beside one portal, and cards of each for the tests to take."""
    folder = tmp_path_factory.mktemp("fleet")
    with contextlib.ExitStack() as stack:
        fakes = [stack.enter_context(kind()) for kind in FAKES.values()]
        for fake in fakes:
            fake.rate = math.inf
        fleet = Fleet(stack.enter_context(own_portal(folder, like=migrated)), folder, *fakes)
        yield fleet, dict(zip(FAKES, fleet.begin(CARDS, slots=1, settle_s=0.3), strict=True))


class Crash:
    """One carrier of the fleet, and what goes on there."""

    def __init__(self, fleet, fake, cards):
        self.fleet, self.fake, self.cards = fleet, fake, cards

    def suspended(self, kind="", number=1):
        """So many cards that the portal has suspended; the first order to come goes wrong so."""
        cards = [self.cards.pop(0) for _ in range(number)]
        self.fake.is_waiting.clear()
        self.fake.may_go_on.clear()
        if kind:
            self.fake.spoil(kind)
        self.fleet.act("suspend", *cards)
        return cards

    def waits_for_its_answer(self):
        assert self.fake.is_waiting.wait(60), "nobody called"


@pytest.fixture
def crash(request, begun):
    fleet, cards = begun
    name = getattr(request, "param", "onelink5")
    fake = next(fake for fake in fleet.fakes if name == fake.NAME)
    print(f"FAKE_SEED={fake.seed}")
    yield Crash(fleet, fake, cards[name])
    assert fake.violations == []


def test_before_it_is_sent(crash):
    """The only slot is busy with another card when its worker dies."""
    cards = crash.suspended("slow_before", number=2)
    with crash.fleet.workers() as (worker,):
        crash.waits_for_its_answer()
        kill(worker)
    assert {crash.fleet.state_of(card) for card in cards} == {"sent", "queued"}
    crash.fleet.settle(*cards)
    assert [crash.fake.done(card) for card in cards] == [["stopped"]] * 2


@pytest.mark.parametrize("crash", FAKES, indirect=True)
def test_after_it_is_sent(crash):
    """It is done, and nobody has heard the answer."""
    (card,) = crash.suspended("slow_after")
    with crash.fleet.workers() as (worker,):
        crash.waits_for_its_answer()
        kill(worker)
    assert crash.fleet.state_of(card) == "sent"
    crash.fleet.settle(card)
    assert crash.fake.done(card) == ["stopped"]


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
            database.execute("SELECT FROM carriers_line FOR UPDATE")
            yield


def test_after_the_reply_before_it_is_noted(crash):
    (card,) = crash.suspended("hold")
    with crash.fleet.workers() as (worker,):
        crash.waits_for_its_answer()
        with nobody_can_write(crash.fleet.portal):
            crash.fake.may_go_on.set()
            time.sleep(0.5)  # it has the answer, and cannot note it
            kill(worker)
    assert crash.fleet.state_of(card) == "sent"
    crash.fleet.settle(card)
    assert crash.fake.done(card) == ["stopped"]


def test_before_it_is_asked(crash):
    (card,) = crash.suspended()
    with crash.fleet.workers() as (worker,):
        wait_until(lambda: crash.fleet.state_of(card) == "accepted")
        kill(worker)
    crash.fleet.settle(card)
    assert crash.fake.done(card) == ["stopped"]
