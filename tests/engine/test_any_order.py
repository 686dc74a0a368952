"""Readings late, corrected and of days to come, in any order of arrival: what is known in the end is the same."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards.actions.imports.usage_applying import apply_range, ranges_of
from cards.actions.sweep import sweep
from cards.actions.usage import Reading, apply_readings
from cards.models import CarrierPolicy, UsageDay
from cards.models.card import MB
from cards.proof import Proof
from tests.build import card_in_use, do, fresh
from tests.engine.test_forecast import rolled_back
from tests.engine.test_staging import staged

pytestmark = pytest.mark.django_db

ACTIVE, TODAY = date(2026, 1, 15), date(2026, 3, 10)
ALLOWANCE_MB, LIMIT_MB = 30, 20

readings = st.lists(
    st.tuples(
        st.dates(date(2026, 1, 20), TODAY + timedelta(days=1)),
        st.sampled_from([0, 1, 5, 10, 19, 20, 29, 30, 45]),
        st.integers(0, 40),  # the hour at which it was known: of two words at one instant the first told stands
    ),
    unique_by=lambda reading: (reading[0], reading[2]),
    max_size=12,
)
anyhow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=25)


def by_the_rules(told, told_on):
    apply_readings(told, told_on=told_on)


def from_staging(told, told_on):
    file = staged(told, told_on)
    for cards in ranges_of(file):
        apply_range(file, cards)


def arrived(files, take, told_on):
    """A card with a limit, and what is known of it once these files have come on these days, and all is swept."""
    card = do("set_limit", card_in_use(), ACTIVE, limit_mb=str(LIMIT_MB))
    for number, file in enumerate(files):
        readings = [Reading(card.pk, day, mb * MB, instant(hour)) for day, mb, hour in file]
        take(readings, told_on[number % len(told_on)])
    sweep(TODAY)
    assert list(Proof().problems()) == []
    return fresh(card)


def instant(hour):
    return timezone.make_aware(datetime(2026, 3, 8)) + timedelta(hours=hour)


def expected(told):
    """By the words of the domain: the last word about each day, summed over the cycle that runs."""
    last = {day: mb for day, mb, _hour in sorted(told, key=lambda reading: reading[2])}
    used = sum(mb for day, mb in last.items() if date(2026, 3, 1) <= day)
    reached = [("credit", ALLOWANCE_MB), ("threshold", LIMIT_MB)]
    return used * MB, ",".join(hold for hold, figure in reached if used >= figure), sorted(last.items())


@given(readings, st.randoms(use_true_random=False), st.integers(1, 4), st.sampled_from([by_the_rules, from_staging]))
@anyhow
@rolled_back()
def test_told_in_one_cycle_the_order_of_arrival_makes_no_difference(told, random, size, take):
    CarrierPolicy.objects.update(restores_credit=True)
    random.shuffle(told)
    files = [told[at : at + size] for at in range(0, len(told), size)]
    card = arrived(files, take, [TODAY])
    used, holds, days = expected(told)
    assert (card.used_bytes if card.cycle_from == date(2026, 3, 1) else 0, card.holds) == (used, holds)
    known = UsageDay.objects.filter(card=card).order_by("day").values_list("day", "bytes")
    assert [(day, count // MB) for day, count in known] == days


@given(readings, st.randoms(use_true_random=False), st.lists(st.dates(ACTIVE, TODAY), min_size=4, max_size=4))
@anyhow
@rolled_back()
def test_told_over_months_the_running_cycle_has_the_last_words_and_the_holds_that_rest_on_them(told, random, days):
    told = [reading for reading in told if reading[0] <= TODAY]
    random.shuffle(told)
    files = [told[at : at + 3] for at in range(0, len(told), 3)]
    card = arrived(files, by_the_rules, [*sorted(days)[:3], TODAY])
    used, holds, _days = expected(told)
    assert (card.used_bytes if card.cycle_from == date(2026, 3, 1) else 0, card.holds) == (used, holds)
