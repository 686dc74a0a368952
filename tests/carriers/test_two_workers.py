"""Several workers at once, each a process of its own (rows 8 and 23), and one that has to wait (row 7)."""

import contextlib
import math
import time

import pytest
from django.db import connection

from tests.carriers.fakes import FAKES
from tests.carriers.fakes.onelink5 import OneLinkFake
from tests.carriers.fleet import Fleet
from tests.processes import wait_until

CARDS = {1: 250, 4: 25}  # of each carrier, by how many there are; stopped, then resumed: 500 orders of the first
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


@pytest.fixture
def fleet(new_portal, tmp_path):
    with OneLinkFake() as fake:
        print(f"FAKE_SEED={fake.seed}")
        fake.rate = math.inf
        yield Fleet(new_portal(), tmp_path, fake)
    assert fake.violations == []


@on_postgresql
@pytest.mark.parametrize("kinds", [("onelink5",), ("unicom", "jasper", "ctwing", "m2m")], ids="-".join)
def test_row_23_each_card_is_stopped_once_and_resumed_once(kinds, new_portal, tmp_path):
    with contextlib.ExitStack() as servers:
        fakes = [servers.enter_context(FAKES[kind]()) for kind in kinds]
        for fake in fakes:
            print(f"{fake.NAME}: FAKE_SEED={fake.seed}")
            fake.rate = math.inf
        fleet = Fleet(new_portal(), tmp_path, *fakes)
        groups = fleet.begin(CARDS[len(kinds)], repeat_s=5, patience_s=600)
        for fake in fakes:
            fake.spoil_often(**{"drop_after": 0.05, "500": 0.05, "busy": 0.05})
        cards = [card for group in groups for card in group]
        with fleet.workers(2):
            for action, number in (("suspend", len(cards)), ("resume", 2 * len(cards))):
                fleet.act(action, *cards)
                wait_until(lambda number=number: fleet.number_of("confirmed") == number, 300)
        done = {tuple(fake.done(card)) for fake, group in zip(fakes, groups, strict=True) for card in group}
        assert (done, [fake.violations for fake in fakes]) == ({("stopped", "active")}, [[] for _ in fakes])


@on_postgresql
def test_row_08_four_workers_whose_tokens_all_expire(fleet):
    (cards,), (fake,) = fleet.begin(8, slots=4), fleet.fakes
    before = fake.logins
    with fleet.workers(4):
        for action, number in (("suspend", 8), ("resume", 16)):
            fake.expire_tokens()
            fleet.act(action, *cards)
            wait_until(lambda number=number: fleet.number_of("confirmed") == number, 60)
    assert {tuple(fake.done(card)) for card in cards} == {("stopped", "active")}
    assert fake.logins - before <= 2


@pytest.mark.once  # whoever kept rows while a carrier is silent would hold up everybody on SQLite, with its one writer
def test_row_07_an_answer_takes_forty_seconds(new_portal, tmp_path):
    """It is given up before; other cards and accounts go on meanwhile. Jasper has but one way to its carrier."""
    with contextlib.ExitStack() as servers:
        fakes = [servers.enter_context(kind()) for kind in FAKES.values()]
        fleet = Fleet(new_portal(), tmp_path, *fakes)
        pairs = fleet.begin(2)
        for fake, (slow, _) in zip(fakes, pairs, strict=True):
            fake.rate = math.inf
            fake.spoil("slow_after", number=slow, seconds=40)
        fleet.act("suspend", *(card for pair in pairs for card in pair))
        began = time.monotonic()
        others = [other for fake, (_, other) in zip(fakes, pairs, strict=True) if fake.AT_ONCE > 1]
        with fleet.workers():
            wait_until(lambda: all(fleet.state_of(other) == "confirmed" for other in others), 18)
            wait_until(lambda: fleet.number_of("confirmed") == 2 * len(FAKES), 38)
        assert time.monotonic() - began < 40
        done = [fake.done(card) for fake, pair in zip(fakes, pairs, strict=True) for card in pair]
        assert (done, [fake.violations for fake in fakes]) == ([["stopped"]] * 10, [[]] * 5)
