"""The carrier says that a card is used, before any reading does: rule 3 on its word."""

from datetime import date, timedelta

import pytest
from django.utils import translation

from cards.actions.first_use import take_first_use
from cards.actions.write import Signature
from cards.models import CardEvent
from cards.permissions import Actor
from cards.proof import Proof
from cards.sentences.customer_history import history_entries
from cards.sentences.record import record_entries
from tests.build import do, fresh, on_day, open_card, story, use

pytestmark = pytest.mark.django_db

OPENED, USED, TODAY = date(2026, 1, 15), date(2026, 2, 20), date(2026, 3, 2)
CARRIER = Actor("carrier", "cmcc-1", frozenset({"activate"}))
SAYS = {"carrier_says": "active (2)", "as_of": "2026-03-02 06:00"}


@pytest.fixture(autouse=True)
def _today():
    with on_day(TODAY), translation.override("en"):
        yield


def told(card, since=USED, actor=CARRIER, **how):
    """What became of the card once the carrier has told that it is active; its refusal, and the card afterwards."""
    (outcome,) = take_first_use({card.pk: since}, signature=Signature(actor), evidence={card.pk: SAYS}, **how)
    assert [problem.code for problem in Proof().problems()] == []
    return outcome.refused and outcome.refused.code, fresh(card)


def test_an_unused_card_is_in_use_since_the_day_of_the_carrier():
    refused, card = told(open_card())
    assert (refused, card.state, card.activated_on, card.activation_cause) == (None, "in_use", USED, "first_use")
    assert (card.service_until, card.cycle_from, card.used_bytes) == (date(2027, 2, 1), date(2026, 3, 1), 0)
    assert story(card) == [("open", "", "unused", OPENED), ("activate", "", "in_use", USED)]


def test_a_test_ends_with_it_but_not_before_a_day_that_was_counted_in_it():
    card = use(open_card(test_months=3, test_quota_mb=10), date(2026, 2, 25), mb=3)
    refused, card = told(card)
    assert (refused, card.state, card.test_ended_on, card.activated_on) == (None, "in_use", *[date(2026, 2, 25)] * 2)
    ended = date(2026, 2, 25)
    assert story(card)[1:] == [("end_test", "", "unused", ended), ("activate", "", "in_use", ended)]


def test_a_test_of_this_month_ends_and_what_its_last_day_used_counts():
    card = use(open_card(test_months=3, test_quota_mb=10), date(2026, 3, 1), mb=3)
    refused, card = told(card, since=date(2026, 3, 1))
    assert (refused, card.state, card.used_bytes) == (None, "in_use", 3 * 2**20)


def test_a_person_without_an_approved_check_is_stopped_instead():
    refused, card = told(open_card(certification="individual"))
    assert (refused, card.state, card.holds, card.resumes_to) == (None, "suspended", "real_name", "in_use")
    assert (card.activated_on, story(card)[1:]) == (None, [("place_hold", "", "suspended", USED)])


def test_a_card_that_is_held_is_active_once_nothing_holds_it():
    card = do("place_hold", open_card(), date(2026, 2, 1), kind="anomaly")
    refused, card = told(card)
    assert (refused, card.state, card.holds, card.resumes_to) == (None, "suspended", "anomaly", "in_use")


@pytest.mark.parametrize(("since", "day"), [(date(2025, 12, 1), OPENED), (TODAY + timedelta(days=3), TODAY)])
def test_a_record_never_goes_back_in_time_nor_ahead(since, day):
    refused, card = told(open_card(), since=since)
    assert (refused, card.activated_on) == (None, day)


def test_what_is_in_use_already_has_changed_or_is_not_ones_to_activate_is_refused():
    card = open_card()
    assert told(card, versions={card.pk: 0})[0] == "changed_meanwhile"
    assert told(card, actor=Actor("carrier", "cmcc-1", frozenset()))[0] == "not_permitted"
    assert told(card, versions={card.pk: 1})[0] is None
    assert told(card)[0] == "not_unused"


def test_the_record_says_that_the_carrier_said_so():
    _, card = told(open_card())
    events = CardEvent.objects.filter(card=card, action="activate")
    (entry,) = record_entries(events, {}, {})
    assert (entry.by, entry.evidence) == (
        "cmcc-1 (carrier)",
        [("the carrier says", "active (2)"), ("as of", "2026-03-02 06:00")],
    )
    (line,) = history_entries(events)
    assert (line.sentence, line.by) == ("The term started.", "the carrier")
    with translation.override("zh-hans"):
        (entry,), (line,) = record_entries(events, {}, {}), history_entries(events)
        assert (entry.by, line.by) == ("cmcc-1（运营商）", "运营商")
