"""Clocks and holds together: what runs on while a card is stopped, and what comes back in which order."""

from datetime import date, timedelta

import pytest

from cards.models import CarrierPolicy, ServiceTerm
from tests.build import OPENED_ON, attempt, card_in_use, do, open_card, story, swept, use

pytestmark = pytest.mark.django_db

JAN_20 = date(2026, 1, 20)
FORCED_ON = date(2026, 8, 1)
ANOMALY = {"kind": "anomaly"}


def where(card):
    return card.state, card.holds, card.resumes_to


def around(day, *states):
    """The day before, the day and the day after, each with the state that the card is in then."""
    return list(zip((day - timedelta(days=1), day, day + timedelta(days=1)), states, strict=True))


# clocks run on while a card is suspended


def test_a_test_period_ends_while_the_card_is_stopped():
    card = do("place_hold", open_card(test_months=1, test_quota_mb=30), JAN_20, **ANOMALY)
    assert where(card) == ("suspended", "anomaly", "testing")
    card = swept(card, date(2026, 2, 15))
    assert where(card) == ("suspended", "anomaly", "unused")
    assert do("lift_hold", card, date(2026, 2, 16), **ANOMALY).state == "unused"


def test_silence_ends_while_the_card_is_stopped_and_the_term_starts():
    card = swept(do("place_hold", open_card(), JAN_20, **ANOMALY), FORCED_ON)
    assert where(card) == ("suspended", "anomaly", "in_use")
    assert (card.activated_on, card.activation_cause) == (FORCED_ON, "forced")
    assert do("lift_hold", card, FORCED_ON, **ANOMALY).state == "in_use"


def test_silence_ends_for_an_individual_card_without_its_check():
    card = swept(open_card(certification="individual"), FORCED_ON)
    assert (where(card), card.service_from) == (("suspended", "real_name", "in_use"), FORCED_ON)


def test_a_term_ends_while_the_card_is_stopped_and_the_holds_stay_on_record():
    card = do("suspend", do("place_hold", card_in_use(plan="M1-100"), JAN_20, **ANOMALY), JAN_20)
    card = swept(card, date(2026, 2, 1))
    assert where(card) == ("shut_down", "anomaly,voluntary", "")
    assert where(do("renew", card, date(2026, 2, 3), plan="M1-100")) == ("suspended", "anomaly,voluntary", "in_use")


def test_a_hold_of_a_shut_down_card_may_be_lifted_and_the_card_stays_shut_down():
    card = swept(do("place_hold", card_in_use(plan="M1-100"), JAN_20, **ANOMALY), date(2026, 2, 1))
    card = do("lift_hold", card, date(2026, 2, 2), **ANOMALY)
    assert where(card) == ("shut_down", "", "")
    assert do("renew", card, date(2026, 2, 3), plan="M1-100").state == "in_use"


def test_what_the_old_term_stopped_is_gone_with_it():
    CarrierPolicy.objects.update(restores_credit=False, restores_threshold=False)
    card = use(do("set_limit", card_in_use(plan="M1-100"), JAN_20, limit_mb="50"), JAN_20, 100)
    card = swept(card, date(2026, 2, 1))
    assert where(card) == ("shut_down", "credit,threshold", "")
    assert where(do("renew", card, date(2026, 2, 3), plan="M1-100")) == ("in_use", "", "")


def test_a_check_revoked_while_the_card_was_shut_down_stops_it_when_it_comes_back():
    card = do(
        "submit_real_name",
        open_card(certification="individual", plan="M1-100"),
        JAN_20,
        name="张三",
        id_number="A1234567",
    )
    card = use(do("approve_real_name", card, JAN_20), JAN_20, 1)
    card = do("revoke_real_name", swept(card, date(2026, 2, 1)), date(2026, 2, 2))
    assert where(card) == ("shut_down", "", "")
    assert where(do("renew", card, date(2026, 2, 3), plan="M1-100")) == ("suspended", "real_name", "in_use")


# holds


def test_lifting_one_hold_never_lifts_another():
    card = do("suspend", use(do("set_limit", card_in_use(), JAN_20, limit_mb="10"), JAN_20, 31), JAN_20)
    assert (card.holds, card.shown) == ("credit,threshold,voluntary", "credit")
    outcome = attempt("resume", card, JAN_20)
    assert outcome.done[0].change.evidence == {"lifted": ["voluntary", "threshold"], "still_held": ["credit"]}
    assert where(do("top_up", card, JAN_20, plan="PACK-100")) == ("in_use", "", "")


def test_a_limit_at_or_below_what_is_used_stops_at_once_and_one_above_lifts():
    card = use(card_in_use(), JAN_20, 10)
    assert do("set_limit", card, JAN_20, limit_mb="11").holds == ""
    assert do("set_limit", card, JAN_20, limit_mb="10").holds == "threshold"
    assert do("set_limit", card, JAN_20, limit_mb="11").holds == ""
    assert do("set_limit", card, JAN_20, limit_mb="9").holds == "threshold"
    assert do("set_limit", card, JAN_20, limit_mb="none").holds == ""


def test_a_new_limit_is_armed_even_if_the_old_was_waived():
    card = do("resume", use(do("set_limit", card_in_use(), JAN_20, limit_mb="10"), JAN_20, 10), JAN_20)
    assert (card.state, card.limit_waived) == ("in_use", True)
    card = do("set_limit", card, JAN_20, limit_mb="10")
    assert (card.holds, card.limit_waived) == ("threshold", False)


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        ("testing", "anomaly", None),
        ("unused", "anomaly", None),
        ("in_use", "anomaly", None),
        ("shut_down", "anomaly", "not_from_this_state"),
        ("cancelled", "anomaly", "cancelled"),
        ("in_use", "voluntary", "only_anomaly"),
        ("in_use", "credit", "only_anomaly"),
    ],
)
def test_from_where_a_hold_is_placed_by_hand(state, kind, code):
    card, day = in_state(state)
    refused = attempt("place_hold", card, day, kind=kind).refused
    assert (refused and refused.code) == code


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("testing", "not_in_use"),
        ("unused", "not_in_use"),
        ("in_use", None),
        ("shut_down", "renew_first"),
        ("cancelled", "cancelled"),
    ],
)
def test_from_where_a_card_is_stopped_by_choice(state, code):
    card, day = in_state(state)
    refused = attempt("suspend", card, day).refused
    assert (refused and refused.code) == code


def in_state(state):
    """A card in this state, and a day on which it is."""
    if state == "testing":
        return open_card(test_months=3, test_quota_mb=30), JAN_20
    if state == "unused":
        return open_card(), JAN_20
    card = card_in_use(plan="M1-100")
    if state == "shut_down":
        return swept(card, date(2026, 2, 1)), date(2026, 2, 1)
    if state == "cancelled":
        return do("cancel", card, JAN_20), JAN_20
    return card, JAN_20


# terms


def test_a_term_bought_before_the_end_queues_and_one_bought_after_starts_that_day():
    card = do("renew", card_in_use(plan="M1-100"), JAN_20, plan="M1-100")
    terms = ServiceTerm.objects.values_list("number", "starts_on", "service_until")
    assert list(terms.all()) == [(1, OPENED_ON, date(2026, 2, 1)), (2, None, None)]
    card = swept(card, date(2026, 2, 1))
    assert (card.state, story(card)[-1][0], card.service_until) == ("in_use", "start_term", date(2026, 3, 1))
    card = swept(card, date(2026, 3, 5))
    card = do("renew", card, date(2026, 3, 5), plan="M1-100")
    assert (card.state, card.service_from, card.service_until) == ("in_use", date(2026, 3, 5), date(2026, 4, 1))
    assert list(terms.all())[1:] == [
        (2, date(2026, 2, 1), date(2026, 3, 1)),
        (3, date(2026, 3, 5), date(2026, 4, 1)),
    ]


@pytest.mark.parametrize(("day", "state"), around(date(2026, 2, 1), "in_use", "shut_down", "shut_down"))
def test_the_first_day_without_service(day, state):
    assert swept(card_in_use(plan="M1-100"), day).state == state


@pytest.mark.parametrize(("day", "state"), around(date(2026, 5, 2), "shut_down", "cancelled", "cancelled"))
def test_a_card_is_cancelled_at_the_start_of_the_day_after_day_90(day, state):
    card = swept(card_in_use(plan="M1-100"), day)
    assert (card.state, card.cancel_on) == (state, date(2026, 5, 2))


def test_protection_is_looked_at_when_the_rule_runs():
    shut_down = swept(card_in_use(plan="M1-100"), date(2026, 2, 1))
    card = do("protect", shut_down, date(2026, 3, 1))
    assert swept(card, date(2026, 6, 1)).state == "shut_down"
    assert attempt("cancel", card, date(2026, 6, 1)).refused.code == "protected"
    card = do("unprotect", card, date(2026, 6, 2))
    assert (card.state, story(card)[-1]) == ("cancelled", ("cancel", "cancel", "cancelled", date(2026, 6, 2)))


def test_a_cancellation_by_hand_needs_a_reason():
    assert attempt("cancel", card_in_use(), JAN_20, reason=" ").refused.code == "reason_required"
    assert do("cancel", card_in_use(), JAN_20, reason="sold the truck").state == "cancelled"


def test_months_of_terms_and_ends_in_one_day_are_done_in_order():
    card = do("renew", open_card(plan="M1-100"), JAN_20, plan="M1-100")
    card = swept(card, date(2027, 6, 1))
    assert [(action, on) for action, _, _, on in story(card)] == [
        ("open", OPENED_ON),
        ("grant", JAN_20),
        ("force_activate", FORCED_ON),
        ("start_term", date(2026, 9, 1)),
        ("expire", date(2026, 10, 1)),
        ("cancel", date(2026, 12, 30)),
    ]
