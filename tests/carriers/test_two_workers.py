"""Several workers at once, each a process of its own (rows 8 and 23), and one that has to wait (row 7)."""

import contextlib
import math
import time

import pytest
from django.db import connection

from tests.carriers.fakes import FAKES
from tests.carriers.fakes.onelink5 import OneLinkFake
from tests.carriers.test_crashes import Fleet, kill
from tests.own_portal import ended, row, running
from tests.processes import wait_until

CARDS = 250  # stopped, then resumed: 500 orders
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


@pytest.fixture
def fleet(new_portal, tmp_path):
    with OneLinkFake() as fake:
        print(f"FAKE_SEED={fake.seed}")
        yield Fleet(new_portal(), fake, tmp_path)
    assert fake.violations == []


def open_commands(fleet):
    return row(fleet.portal, "SELECT COUNT(*) FROM carriers_command WHERE ended_at IS NULL")[0]


@on_postgresql
def test_row_23_each_card_is_stopped_once_and_resumed_once(fleet):
    cards = fleet.begin(CARDS, slots=4, repeat_s=5, patience_s=600)
    fleet.fake.spoil_often(**{"drop_after": 0.05, "500": 0.05, "busy": 0.05})
    workers = [fleet.worker() for _ in range(2)]
    try:
        for action, done in (("suspend", ["stopped"]), ("resume", ["stopped", "active"])):
            fleet.portal.manage("act", action, *cards, "--reason", "because")
            wait_until(lambda done=done: all(fleet.fake.done(card) == done for card in cards), 60, "that all are done")
            wait_until(lambda: open_commands(fleet) == 0, 60, "that all are confirmed")
    finally:
        for worker in workers:
            kill(worker)
    of_service = "FROM carriers_command WHERE aspect = 'service'"
    states = row(fleet.portal, f"SELECT COUNT(*), COUNT(*) FILTER (WHERE state = 'confirmed') {of_service}")
    assert (states, {tuple(fleet.fake.done(card)) for card in cards}) == (
        (2 * CARDS, 2 * CARDS),
        {("stopped", "active")},
    )


@on_postgresql
def test_row_08_four_workers_whose_tokens_all_expire(fleet):
    cards = fleet.begin(8, slots=4)
    before = fleet.fake.logins
    for action in ("suspend", "resume"):
        fleet.fake.expire_tokens()
        fleet.portal.manage("act", action, *cards, "--reason", "because")
        workers = [running(fleet.portal, "carriers", "work", "--seconds", "3") for _ in range(4)]
        ended(*workers)
    assert {tuple(fleet.fake.done(card)) for card in cards} == {("stopped", "active")}
    assert fleet.fake.logins - before <= 2


def test_row_07_an_answer_takes_forty_seconds(new_portal, tmp_path):
    """It is given up before; other cards and accounts go on meanwhile. Jasper has but one way to its carrier."""
    portal = new_portal()
    with contextlib.ExitStack() as servers:
        fleets = [Fleet(portal, servers.enter_context(kind()), tmp_path) for kind in FAKES.values()]
        pairs = {}
        for fleet in fleets:
            fleet.fake.rate = math.inf
        for index, fleet in enumerate(fleets):
            pairs[fleet] = fleet.begin(2, f"A{index}", first=1 + 2 * index, slots=min(2, fleet.fake.AT_ONCE))
            fleet.fake.spoil("slow_after", number=pairs[fleet][0], seconds=40)
        portal.manage("act", "suspend", *(card for pair in pairs.values() for card in pair), "--reason", "because")
        began = time.monotonic()
        with fleets[0].worker() as worker:
            others = [(fleet, pair[1]) for fleet, pair in pairs.items() if fleet.fake.AT_ONCE > 1]
            wait_until(lambda: all(fleet.is_confirmed(card) for fleet, card in others), 15)
            wait_until(lambda: all(fleet.is_confirmed(*pair) for fleet, pair in pairs.items()), 38)
            assert time.monotonic() - began < 38
            kill(worker)
        assert [fleet.fake.done(card) for fleet, pair in pairs.items() for card in pair] == [["stopped"]] * 10
        assert [fleet.fake.violations for fleet in fleets] == [[]] * 5
