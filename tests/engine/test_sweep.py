"""The sweep's days, its ticks and its brake."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.actions import sweep as sweeping
from cards.actions.sweep import brake_holds, braked_days, dry_run, release_brake, sweep, unswept_days
from cards.calendar import days
from cards.models import Card, SweptDay
from simportal.days import carry_on
from tests.build import OPENED_ON, card_in_use, do, fresh, open_card, staff, story

pytestmark = pytest.mark.django_db

FORCED_ON = date(2026, 8, 1)


def test_a_new_portal_begins_with_the_earliest_day_on_which_anything_is_due():
    open_card(test_months=1, test_quota_mb=30)
    open_card()
    assert unswept_days(FORCED_ON) == list(days(date(2026, 2, 15), FORCED_ON))
    report = sweep(FORCED_ON)
    assert (report.days[0], report.days[-1], dict(report.counts)) == (
        date(2026, 2, 15),
        FORCED_ON,
        {"end_test": 1, "force_activate": 1},
    )
    assert SweptDay.objects.exclude(finished_at=None).count() == len(report.days)


def test_a_portal_with_nothing_due_marks_the_day_and_goes_on_from_there():
    assert sweep(date(2026, 1, 1)).days == [date(2026, 1, 1)]
    assert sweep(date(2026, 1, 1)).days == []
    assert sweep(date(2026, 1, 4)).days == list(days(date(2026, 1, 2), date(2026, 1, 4)))


def test_cards_taken_in_late_are_brought_up_to_date_each_change_on_its_own_day():
    sweep(FORCED_ON)
    card = open_card()
    report = sweep(FORCED_ON)
    assert report.days == [FORCED_ON]
    assert [(done.change.on, str(done.change.rule)) for _, done in report.changes] == [(FORCED_ON, "force_activate")]
    late = sweep(FORCED_ON + timedelta(days=1))
    assert (late.days, late.changes) == ([FORCED_ON + timedelta(days=1)], [])
    assert fresh(card).state == "in_use"


def test_a_dry_run_asks_for_many_cards_what_it_asks_for_one():
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert len(dry_run(FORCED_ON).changes) == Card.objects.count()
        return len(queries)

    open_card()
    for_one = asked()
    for _ in range(5):
        open_card()
    assert asked() == for_one


def test_a_dry_run_says_what_the_sweep_then_does_and_writes_nothing():
    silent, testing, in_use = open_card(), open_card(test_months=1, test_quota_mb=30), card_in_use(plan="M1-100")
    before = list(Card.objects.order_by("pk").values())
    foreseen = dry_run(FORCED_ON)
    assert list(Card.objects.order_by("pk").values()) == before
    assert not SweptDay.objects.exists()
    done = sweep(FORCED_ON)
    assert foreseen.days == done.days
    assert days_and_rules(foreseen) == days_and_rules(done)
    assert days_and_rules(done) == [
        (in_use.iccid, date(2026, 2, 1), "expire", "in_use", "shut_down"),
        (testing.iccid, date(2026, 2, 15), "end_test", "testing", "unused"),
        (in_use.iccid, date(2026, 5, 2), "cancel", "shut_down", "cancelled"),
        (silent.iccid, FORCED_ON, "force_activate", "unused", "in_use"),
    ]


def days_and_rules(report):
    return [(iccid, d.change.on, str(d.change.action), d.from_state, d.to_state) for iccid, d in report.changes]


def test_a_tick_stops_after_its_seconds_and_the_next_one_goes_on(monkeypatch):
    monkeypatch.setattr(sweeping, "DUE_AT_ONCE", 2)
    cards = [open_card() for _ in range(5)]
    carry_on(FORCED_ON, seconds=-1)
    states = [fresh(card).state for card in cards]
    assert states == ["in_use"] * 2 + ["unused"] * 3
    carry_on(FORCED_ON, seconds=60)
    assert [fresh(card).state for card in cards] == ["in_use"] * 5
    assert SweptDay.objects.get(day=FORCED_ON).counts == {"force_activate": 5}


@pytest.fixture
def easily_braked(monkeypatch):
    """A brake for small fleets, and a history of quiet days before the day on which five cards are due."""
    monkeypatch.setattr(sweeping, "DUE_AT_ONCE", 2)
    monkeypatch.setattr(sweeping, "BRAKE_FROM_CARDS", 3)
    quiet = FORCED_ON - timedelta(days=1)
    for day in days(quiet - timedelta(days=sweeping.BRAKE_NEEDS_DAYS), quiet):
        SweptDay.objects.create(day=day, finished_at=timezone.now())
    return [open_card() for _ in range(5)]


def test_a_day_far_beyond_the_usual_stops_after_its_first_chunk_and_asks_a_human(easily_braked):
    carry_on(FORCED_ON, seconds=60)
    assert [fresh(card).state for card in easily_braked] == ["in_use"] * 2 + ["unused"] * 3
    carry_on(FORCED_ON, seconds=60)
    assert SweptDay.objects.get(day=FORCED_ON).counts == {"force_activate": 2}

    release_brake(FORCED_ON, staff())
    carry_on(FORCED_ON, seconds=60)
    swept = SweptDay.objects.get(day=FORCED_ON)
    assert (swept.counts, swept.released_by, swept.finished_at is not None) == ({"force_activate": 5}, "ops", True)


def test_what_becomes_due_on_a_day_that_is_swept_is_held_seen_and_released(easily_braked):
    Card.objects.update(next_due_on=FORCED_ON + timedelta(days=1))  # as if they came in later that day
    carry_on(FORCED_ON, seconds=60)
    assert SweptDay.objects.get(day=FORCED_ON).finished_at is not None
    Card.objects.update(next_due_on=FORCED_ON)
    carry_on(FORCED_ON, seconds=60)
    assert [held.day for held in braked_days()] == [FORCED_ON]
    assert [fresh(card).state for card in easily_braked] == ["unused"] * 5
    release_brake(FORCED_ON, staff())
    carry_on(FORCED_ON, seconds=60)
    assert ([fresh(card).state for card in easily_braked], list(braked_days())) == (["in_use"] * 5, [])


def test_a_sweep_that_a_human_starts_is_not_held(easily_braked):
    assert sweep(FORCED_ON).counts == {"force_activate": 5}


@pytest.mark.parametrize(
    ("setting", "value"), [("BRAKE_FROM_CARDS", 5), ("BRAKE_SHARE", 1.0), ("BRAKE_NEEDS_DAYS", 32)]
)
def test_what_is_not_far_beyond_the_usual_is_not_held(easily_braked, monkeypatch, setting, value):
    monkeypatch.setattr(sweeping, setting, value)
    carry_on(FORCED_ON, seconds=60)
    assert {fresh(card).state for card in easily_braked} == {"in_use"}
    assert not brake_holds(FORCED_ON)


def test_a_brake_that_does_not_hold_is_not_released():
    sweep(FORCED_ON)
    release_brake(FORCED_ON, staff())
    assert SweptDay.objects.get(day=FORCED_ON).released_by == ""


def test_a_limit_of_many_gigabytes_is_swept_as_any_other():
    """As bytes it is no number of 32 bits, as PostgreSQL reckons with columns of MB."""
    small, large = card_in_use(), card_in_use()
    for card, limit_mb in ((small, "20"), (large, "3000")):
        do("set_limit", card, OPENED_ON, limit_mb=limit_mb)
    assert sweep(date(2027, 2, 1)).parked == []
    assert story(fresh(large))[-1] == ("expire", "expire", "shut_down", date(2027, 1, 1))
    assert [done[3] for done in story(small)] == [done[3] for done in story(large)]


def test_a_card_that_is_never_due_is_never_touched():
    card = do("cancel", card_in_use(), date(2026, 1, 20))
    sweep(date(2028, 1, 1))
    assert fresh(card).version == card.version
