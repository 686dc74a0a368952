"""Renewals and notices look at all cards twice a day, and in between only at those with news."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from billing.actions.auto_renew import switch
from billing.actions.looks import USAGE_HEARD_EVERY, looking
from billing.models import LastLook, Notice, Order, RenewalRun
from cards.calendar import for_day
from cards.choices import DayStep
from cards.models import Card
from simportal.days import carry_on
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, use

pytestmark = pytest.mark.django_db

END = date(2026, 4, 1)  # a card in use since 2026-03-02 with M1-100 has service until then
TODAY = END - timedelta(days=7)
DAY = timedelta(days=1)


def rung(day=TODAY):
    with on_day(day):
        carry_on(day, 600)


def looked(day=TODAY, clock=TODAY, step=DayStep.NOTICES):
    """What a step looks at: the ICCIDs, None for all cards; and whether it asks who has used much."""
    with on_day(clock), for_day(day), looking(step, day) as look:
        keys = look.keys
        return keys if keys is None else {card.iccid for card in look.among(Card.objects.all())}, look.at_usage


@pytest.fixture
def card():
    return card_in_use(date(2026, 3, 2), plan="M1-100", customer="Acme")


def heard_long_ago():
    LastLook.objects.update(usage_at=timezone.now() - USAGE_HEARD_EVERY)


def test_all_cards_are_looked_at_first_and_last_and_in_between_those_with_records(card):
    assert looked() == (None, True)
    assert looked() == (set(), False)
    do("suspend", card, TODAY)
    card_in_use(date(2026, 3, 2))
    assert looked(step=DayStep.RENEWALS) == (None, True)  # each step hears for itself
    assert looked() == ({card.iccid, Card.objects.last().iccid}, False)
    assert looked() == (set(), False)
    assert looked(TODAY, clock=TODAY + DAY) == (None, True)  # the day is over
    assert looked(TODAY + DAY, clock=TODAY + DAY) == (None, True)
    assert looked(TODAY + DAY, clock=TODAY + DAY) == (set(), False)


def test_a_change_of_terms_may_be_about_any_card(card):
    looked()
    b.agree("Acme", auto_renews=True)
    assert (looked(), looked()) == ((None, True), (set(), False))


def test_usage_is_heard_of_every_ten_minutes_at_the_most(card):
    looked()
    use(card, TODAY, 85)
    assert looked() == (set(), False)
    heard_long_ago()
    assert (looked(), looked()) == ((set(), True), (set(), False))
    heard_long_ago()
    assert looked() == (set(), False)  # nothing came in since


def test_a_look_that_fails_is_followed_by_one_at_all(card):
    looked()
    with pytest.raises(ZeroDivisionError), on_day(TODAY), for_day(TODAY), looking(DayStep.NOTICES, TODAY):
        raise ZeroDivisionError
    assert (looked(), looked()) == ((None, True), (set(), False))


def told():
    return list(Notice.objects.order_by("pk").values_list("kind", "card__iccid", "step"))


def test_a_card_that_is_recorded_at_noon_is_told_of_and_renewed_at_the_next_ring(card):
    b.price("M1-100", "5.00")
    b.agree("Globex", auto_renews=True, renews_days_ahead=7)
    b.fund("100", name="Globex")
    rung()
    assert (told(), RenewalRun.objects.count()) == ([("expiring", card.iccid, 7)], 0)
    rung()
    assert len(told()) == 1
    moved = do("assign", card, TODAY, customer="Globex")
    rung()
    assert list(Order.objects.values_list("customer__name", "state")) == [("Globex", "fulfilled")]
    assert [kind for kind, _iccid, _step in told()] == ["expiring"]
    late = do("assign", card_in_use(date(2026, 3, 2), plan="M1-100"), TODAY, customer="Acme")
    rung()
    assert told()[1:] == [("expiring", late.iccid, 7)]
    assert moved.customer.name == "Globex"


def test_who_has_used_much_is_told_of_it_once_usage_has_come_in(card):
    rung()
    use(card, TODAY, 85)
    rung()
    assert ("allowance", card.iccid, 80) not in told()
    heard_long_ago()
    rung()
    assert ("allowance", card.iccid, 80) in told()


def test_what_no_record_tells_is_found_by_the_last_look_of_the_same_day(card):
    """A card's own switch leaves no record of the card."""
    b.price("M1-100", "5.00")
    b.agree("Acme", auto_renews=False, renews_days_ahead=7)
    b.fund("100")
    rung()
    switch([card], True, user=b.clerk("other"))
    rung()
    assert not Order.objects.exists()
    rung(TODAY + DAY)
    assert list(Order.objects.values_list("day", "state")) == [(TODAY, "fulfilled")]
