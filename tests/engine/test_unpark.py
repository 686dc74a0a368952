"""Readings of a card that is set aside are kept; unparking reckons its meter anew from them."""

from datetime import date

import pytest

from cards.errors import InvariantBroken
from cards.models import CarrierPolicy
from cards.models.card import MB
from tests.build import card_in_use, correct, do, fresh, on_day, open_card, spoil, story, use

pytestmark = pytest.mark.django_db

MARCH_2, MARCH_3, MARCH_9, MARCH_10 = (date(2026, 3, day) for day in (2, 3, 9, 10))


def parked(card):
    """Set aside, as somebody's slip does it."""
    spoil(card, parked=InvariantBroken("no_cycle").written(), next_due_on=None)
    return fresh(card)


def facts(card):
    return card.state, card.holds, card.used_bytes // MB


def since(card, records):
    return [(action, rule, on) for action, rule, _to, on in story(card)[records:]]


def test_what_was_read_meanwhile_counts():
    card = parked(use(card_in_use(), MARCH_2, 4))
    card = use(use(card, date(2026, 2, 27), 40, told_on=MARCH_9), MARCH_3, 6, told_on=MARCH_9)
    assert facts(card) == ("in_use", "", 4)
    card = do("unpark", card, MARCH_10)
    assert (facts(card), card.used_on) == (("in_use", "", 10), MARCH_3)
    assert since(card, 2) == [("unpark", "", MARCH_10)]


def test_what_is_due_by_it_is_done_then():
    card = use(parked(card_in_use()), MARCH_3, 31, told_on=MARCH_9)
    card = do("unpark", card, MARCH_10)
    assert facts(card) == ("suspended", "credit", 31)
    assert since(card, 2) == [("unpark", "", MARCH_10), ("place_hold", "credit", MARCH_10)]


def test_a_cycle_that_ended_meanwhile_stops_nothing_and_the_one_that_runs_is_counted():
    card = do("top_up", use(card_in_use(), date(2026, 2, 3), 4), date(2026, 2, 3), plan="PACK-100")
    card = use(parked(card), date(2026, 2, 20), 140, told_on=date(2026, 2, 20))
    card = do("unpark", use(card, MARCH_3, 6, told_on=MARCH_9), MARCH_10)
    assert (facts(card), card.pack_mb, card.cycle_from) == (("in_use", "", 6), 0, date(2026, 3, 1))
    assert since(card, 3) == [("unpark", "", MARCH_10), ("roll_over", "roll_over", MARCH_10)]


def test_a_test_period_is_counted_and_ends_when_it_is_used_up():
    card = parked(use(open_card(test_months=3, test_quota_mb=10), date(2026, 2, 20), 4))
    assert facts(do("unpark", card, MARCH_2)) == ("testing", "", 4)
    card = do("unpark", use(parked(card), MARCH_3, 7, told_on=MARCH_9), MARCH_10)
    assert (facts(card), card.silent_from) == (("unused", "", 0), MARCH_10)


def test_of_an_unused_card_it_is_first_use():
    card = do("unpark", use(parked(open_card()), MARCH_3, 45, told_on=MARCH_9), MARCH_10)
    assert (facts(card), card.activated_on) == (("in_use", "", 0), MARCH_10)
    assert card.next_due_on == card.service_until  # and not the hold that what was used before would have placed
    assert since(card, 1) == [("unpark", "", MARCH_10), ("activate", "first_use", MARCH_10)]
    other = do("unpark", parked(open_card()), MARCH_10)
    assert facts(other) == ("unused", "", 0)


def test_what_a_card_was_taken_over_with_stays_in_it():
    row = {"state": "in_use", "activated_on": "2026-01-15", "service_until": "2027-01-01", "used_mb": "12.5"}
    with on_day(MARCH_2):
        card = open_card(**row)
    card = use(use(parked(card), date(2026, 3, 1), 9, told_on=MARCH_9), MARCH_3, 4, told_on=MARCH_9)
    card = do("unpark", card, MARCH_10)
    assert card.used_bytes == 16.5 * MB
    assert correct(card).errors == []


def test_cycles_that_begin_on_another_day_are_reckoned_alike():
    CarrierPolicy.objects.update(cycle_day=27)
    card = use(parked(use(card_in_use(), date(2026, 2, 28), 4)), date(2026, 2, 27), 3, told_on=MARCH_2)
    assert facts(do("unpark", card, MARCH_10)) == ("in_use", "", 7)


def test_where_the_card_was_seen_meanwhile_is_known_then():
    card = parked(use(card_in_use(binding="fixed", imei="868600000000001"), MARCH_2, 4))
    card = use(card, MARCH_3, 6, told_on=MARCH_9, imei="868600000000019")
    assert (card.seen_imei, card.holds) == ("", "")
    card = do("unpark", card, MARCH_10)
    assert (card.seen_imei, card.seen_on, facts(card)) == ("868600000000019", MARCH_3, ("suspended", "rebind", 10))
