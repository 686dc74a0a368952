"""Anniversary terms that follow each other keep the day on which the first of them began (rule 5)."""

from datetime import date
from importlib import import_module

import pytest
from django.apps import apps

from cards.calendar import add_months, months_between
from cards.models import Card, Plan, ServiceTerm
from tests.build import card_in_use, do, fresh, on_day, open_card, spoil, swept, unguarded

pytestmark = pytest.mark.django_db

FILL = import_module("cards.migrations.0023_chains_of_known_cards").fill
JAN_31 = date(2026, 1, 31)


@pytest.fixture(autouse=True)
def m1a():
    return Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)


@pytest.mark.parametrize(
    ("day", "months", "on", "expected"),
    [
        (date(2026, 2, 28), 1, 31, date(2026, 3, 31)),
        (date(2026, 3, 31), 1, 31, date(2026, 4, 30)),
        (date(2027, 2, 28), 12, 29, date(2028, 2, 29)),
        (date(2026, 2, 28), 1, None, date(2026, 3, 28)),
        (date(2026, 11, 30), 2, 15, date(2027, 1, 15)),
    ],
)
def test_months_may_be_added_on_a_day_of_the_month(day, months, on, expected):
    assert add_months(day, months, on) == expected
    assert months_between(day, expected) == months


def ends(card):
    return list(ServiceTerm.objects.filter(card=card).order_by("number").values_list("service_until", flat=True))


def renewed(card, times, day, plan="M1A"):
    for _ in range(times):
        card = do("renew", card, day, plan=plan)
    return card


def test_in_use_since_the_31st():
    card = swept(renewed(card_in_use(since=JAN_31, plan="M1A"), 3, JAN_31), date(2026, 5, 1))
    assert ends(card) == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert (card.anniversary_day, card.service_from) == (31, date(2026, 4, 30))


def test_months_of_all_plans_are_added_up():
    card = renewed(card_in_use(since=date(2024, 2, 29), plan="Y1-1024"), 1, date(2024, 2, 29))
    card = swept(renewed(card, 3, date(2024, 3, 1), plan="Y1-1024"), date(2027, 4, 1))
    wanted = [date(2025, 2, 28), date(2025, 3, 29), date(2026, 3, 29), date(2027, 3, 29), date(2028, 3, 29)]
    assert ends(card) == wanted


def test_a_day_without_service_or_a_calendar_term_ends_the_chain():
    card = swept(card_in_use(since=JAN_31, plan="M1A"), date(2026, 3, 5))
    assert renewed(card, 1, date(2026, 3, 5)).service_until == date(2026, 4, 5)
    other = renewed(card_in_use(since=JAN_31, plan="M1A"), 1, JAN_31, plan="M1-100")
    other = swept(renewed(other, 1, JAN_31), date(2026, 3, 1))
    assert (other.service_until, other.anniversary_day) == (date(2026, 4, 1), 1)


# cards that were there before chains were kept


def before_chains(card, *ends_then):
    """The card as code of before left it: ends reckoned from term to term, and no memory of the first day."""
    starts = ServiceTerm.objects.filter(card=card).exclude(starts_on=None).order_by("number")
    starts_on = starts[0].starts_on
    for term, until in zip(starts, ends_then, strict=True):
        ServiceTerm.objects.filter(pk=term.pk).update(starts_on=starts_on, service_until=until)
        spoil(card, service_from=starts_on, service_until=until, next_due_on=until)
        starts_on = until
    spoil(card, anniversary_day=None)
    return fresh(card)


def test_ends_that_cards_have_stay_and_the_next_one_uses_the_chain():
    card = swept(renewed(card_in_use(since=JAN_31, plan="M1A"), 2, JAN_31), date(2026, 2, 28))
    card = before_chains(card, date(2026, 2, 28), date(2026, 3, 28))
    unguarded("cards_card")
    FILL(apps, None)
    assert swept(card, date(2026, 3, 28)).service_until == date(2026, 4, 30)


def test_the_memory_of_known_cards_is_that_of_new_ones():
    with on_day(date(2026, 2, 10)):
        days = {"state": "in_use", "activated_on": "2024-02-29", "service_until": "2026-02-28"}
        taken_over = open_card(opened_on="2024-02-29", plan="Y1-1024", **days)
        others = [open_card(plan="M1A"), open_card(plan="M1-100")]
    since = card_in_use(since=JAN_31, plan="M1A")
    mixed = swept(renewed(card_in_use(since=JAN_31, plan="M1A"), 1, JAN_31, plan="M1-100"), date(2026, 2, 28))
    cards = [taken_over, since, mixed, *others]
    wanted = [fresh(card).anniversary_day for card in cards]
    assert wanted == [29, 31, None, None, None]
    unguarded("cards_card")
    Card.objects.update(anniversary_day=None)
    FILL(apps, None)
    assert [fresh(card).anniversary_day for card in cards] == wanted
