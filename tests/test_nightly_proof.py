"""The proof of each night: sealed and proved in pieces, and ringing until what it found is gone."""

import logging
from datetime import date, timedelta

import pytest
from django.db import connection

from billing.proof import LEDGER
from cards.models import CardEvent, EventCursor, Seal
from cards.proof.seals import RECORDS
from simportal import nightly_proof
from simportal.models import ProvenNight
from simportal.nightly_proof import prove_for, state_of_the_proof
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, unguarded
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today():
    with on_day(TODAY):
        yield


@pytest.fixture
def portal():
    cards = [card_in_use(TODAY) for _ in range(3)]
    b.fund("10")
    return cards


def prove(day, seconds=60):
    """The night's proof, once what is at work beside the test (a vacuum) lets the newest record be sealed."""
    newest = CardEvent.objects.order_by("pk").last().pk

    def proved():
        ProvenNight.objects.filter(pk=day).delete()
        prove_for(day, seconds)
        return EventCursor.objects.get(pk=RECORDS.reader).through == newest

    wait_until(proved, what="that the records are settled")
    return ProvenNight.objects.get(pk=day)


def told(night):
    return night.since, night.cards, night.problem_count, [problem["code"] for problem in night.problems]


@pytest.mark.usefixtures("portal")
def test_a_sound_night_is_sealed_and_proved_once():
    night = prove(TODAY)
    assert (told(night), night.finished_at is not None) == ((None, 3, 0, []), True)
    assert sorted(Seal.objects.values_list("book", flat=True)) == [LEDGER.name, RECORDS.name]
    prove_for(TODAY, 60)
    assert ProvenNight.objects.get().finished_at == night.finished_at


def test_the_next_night_looks_at_what_came_since(portal):
    first = prove(TODAY)
    do("suspend", portal[0], TODAY)
    assert told(prove(TODAY + DAY)) == (first.sealed_at, 1, 0, [])


@pytest.mark.usefixtures("portal")
def test_where_a_ring_ends_the_next_one_goes_on(monkeypatch):
    whole = prove(TODAY)
    ProvenNight.objects.all().delete()
    monkeypatch.setattr(nightly_proof, "monotonic", iter(range(10_000)).__next__)
    rings = 0
    while not ProvenNight.objects.exclude(finished_at=None).exists():
        prove_for(TODAY, 2)  # the clock goes on by a second at each look: one piece, and what it led to is kept
        rings += 1
    assert rings > len(nightly_proof.NIGHTLY_PARTS)
    assert told(ProvenNight.objects.get()) == told(whole)


def test_what_is_wrong_rings_until_it_is_gone(portal, caplog):
    prove(TODAY - DAY)
    do("suspend", portal[0], TODAY)
    unguarded()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cards_cardevent SET rule = 'credit' WHERE action = 'suspend'")
    with caplog.at_level(logging.ERROR, "simportal"):
        assert told(prove(TODAY))[1:] == (1, 1, ["signature"])
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        f"Proof of 2026-03-02: 1 problems. verify lists them; the first: {portal[0].iccid} signature",
    ]
    found = prove(TODAY + DAY)
    assert (found.problem_count, state_of_the_proof()) == (
        1,
        {"ok": False, "last_day": found.day, "finished_at": found.finished_at, "problems": 1},
    )
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cards_seal")  # over the wrong record
        cursor.execute("DELETE FROM billing_eventcursor")
        cursor.execute("UPDATE cards_cardevent SET rule = '' WHERE action = 'suspend'")
    assert told(prove(TODAY + 2 * DAY))[1:] == (3, 0, [])  # without seals it begins at the first record
    assert state_of_the_proof()["ok"] is True


@pytest.mark.usefixtures("portal")
def test_a_proof_that_is_late_is_not_ready():
    assert state_of_the_proof() == {"ok": True, "last_day": None, "finished_at": None, "problems": None}
    prove(TODAY - 2 * DAY)
    assert state_of_the_proof()["ok"] is True
    with on_day(TODAY + DAY):
        assert state_of_the_proof()["ok"] is False
    ProvenNight.objects.update(finished_at=None)
    assert state_of_the_proof()["ok"] is True
    with on_day(TODAY + DAY):
        assert state_of_the_proof()["ok"] is False
