"""Who wins: every combination of what is wanted, what was seen and what became of our orders has its answer here."""

from itertools import product

import pytest

from cards.carriers.choices import CommandState, DriftKind, ServiceState, StopReason, Switch
from cards.carriers.verdict import (
    DATA,
    REAL_NAME,
    SERVICE,
    Follows,
    Here,
    Orders,
    There,
    Verdict,
    data_verdict,
    device_verdict,
    real_name_verdict,
    verdict,
)
from cards.carriers.wanted import is_carriers_stop
from cards.choices import RealName

pytestmark = pytest.mark.once

ANOMALY = {"kind": "anomaly"}

# What the answers below are called, in short.
ANSWERS = {
    "in step": Verdict(Follows.IN_STEP),
    "wait": Verdict(Follows.WAIT),
    "stop": Verdict(Follows.COMMAND, DriftKind.LEAK, "service", "stopped"),
    "resume": Verdict(Follows.COMMAND, DriftKind.OWN_STOP, "service", "active"),
    "end test": Verdict(Follows.COMMAND, DriftKind.LEAK, "service", "silent"),
    "order activation": Verdict(Follows.COMMAND, DriftKind.NOT_ACTIVATED, "activation", "active"),
    "blocked": Verdict(Follows.PROPOSE, DriftKind.STOPPED, action="place_hold", params=ANOMALY),
    "let go": Verdict(Follows.PROPOSE, DriftKind.LEAK, action="lift_hold", params=ANOMALY),
    "in another device": Verdict(Follows.PROPOSE, DriftKind.DEVICE, action="place_hold", params=ANOMALY),
    "first use": Verdict(Follows.PROPOSE, DriftKind.ACTIVATED, action="activate"),
    "cancel": Verdict(Follows.PROPOSE, DriftKind.CANCELLED, action="cancel"),
    "cancelled, a person": Verdict(Follows.BY_HAND, DriftKind.CANCELLED),
    "on the list": Verdict(Follows.BY_HAND),
    "leak, a person": Verdict(Follows.BY_HAND, DriftKind.LEAK),
    "own stop, a person": Verdict(Follows.BY_HAND, DriftKind.OWN_STOP),
    "not activated, a person": Verdict(Follows.BY_HAND, DriftKind.NOT_ACTIVATED),
    "refused, a person": Verdict(Follows.BY_HAND, DriftKind.REFUSED),
    "no outcome, a person": Verdict(Follows.BY_HAND, DriftKind.UNCONFIRMED),
    "missing": Verdict(Follows.BY_HAND, DriftKind.MISSING),
    "unreadable": Verdict(Follows.UNREADABLE, DriftKind.UNREADABLE),
}

# What was seen, in short; a stop by who is behind it.
SIGHTS = {
    "test": There("test"),
    "silent": There("silent"),
    "active": There("active"),
    "own stop": There("stopped", frozenset({"own"})),
    "carrier's stop": There("stopped", frozenset({"managed"})),
    "both stops": There("stopped", frozenset({"own", "credit"})),
    "device stop": There("stopped", frozenset({"device"})),
    "untold stop": There("stopped"),
    "cancelled": There("cancelled"),
    "unreadable": There(""),
    "missing": There("", is_missing=True),
}

# Our orders, in short. The numbers are corrections of the last 24 hours.
ORDERS = {
    "none": Orders(),
    "open": Orders(is_open=True),
    "confirmed": Orders(ended="confirmed"),
    "stop confirmed": Orders(ended="confirmed", has_stopped=True),
    "refused": Orders(ended="refused"),
    "no outcome": Orders(ended="unknown"),
    "once again": Orders(ended="confirmed", has_stopped=True, again=1),
    "thrice again": Orders(ended="confirmed", has_stopped=True, again=3),
}

# By what is wanted and seen: one answer, or one for each of `ORDERS`, in their order.
USUAL = ("{0}", "wait", "{0}", "{0}", "refused, a person", "no outcome, a person")
STOP_AGAIN = (*(text.format("stop") for text in USUAL), "stop", "leak, a person")
END_TEST_AGAIN = (*(text.format("end test") for text in USUAL), "end test", "leak, a person")
RESUME_AGAIN = (*(text.format("resume") for text in USUAL), "own stop, a person", "own stop, a person")
OWN_IF_KNOWN = ("blocked", "wait", "blocked", "resume", "blocked", "blocked", *RESUME_AGAIN[6:])
NOTHING_TO_RESUME = ("own stop, a person", "wait", *["own stop, a person"] * 6)
OWN_IF_KNOWN_UNUSED = ("blocked", "wait", "blocked", "own stop, a person", "blocked", "blocked", *RESUME_AGAIN[6:])
ONLY_BY_HAND = (
    *("not activated, a person", "wait", "not activated, a person", "not activated, a person"),
    *("refused, a person", "no outcome, a person", "not activated, a person", "not activated, a person"),
)

EXPECTED = {
    "test": {
        "test": "in step",
        "silent": "in step",
        "active": "first use",
        "own stop": NOTHING_TO_RESUME,
        "carrier's stop": "blocked",
        "both stops": "blocked",
        "device stop": "in another device",
        "untold stop": OWN_IF_KNOWN_UNUSED,
        "cancelled": "cancel",
        "unreadable": "unreadable",
        "missing": "missing",
    },
    "silent": {
        "test": END_TEST_AGAIN,
        "silent": "in step",
        "active": "first use",
        "own stop": NOTHING_TO_RESUME,
        "carrier's stop": "blocked",
        "both stops": "blocked",
        "device stop": "in another device",
        "untold stop": OWN_IF_KNOWN_UNUSED,
        "cancelled": "cancel",
        "unreadable": "unreadable",
        "missing": "missing",
    },
    "active": {
        "test": ONLY_BY_HAND,
        "silent": ONLY_BY_HAND,
        "active": "in step",
        "own stop": RESUME_AGAIN,
        "carrier's stop": "blocked",
        "both stops": "blocked",
        "device stop": "in another device",
        "untold stop": OWN_IF_KNOWN,
        "cancelled": "cancel",
        "unreadable": "unreadable",
        "missing": "missing",
    },
    "stopped": {
        "test": "in step",
        "silent": "in step",
        "active": STOP_AGAIN,
        "own stop": "in step",
        "carrier's stop": "in step",
        "both stops": "in step",
        "device stop": "in step",
        "untold stop": "in step",
        "cancelled": "cancel",
        "unreadable": "unreadable",
        "missing": "missing",
    },
    "cancelled": {
        "test": "on the list",
        "silent": "on the list",
        "active": STOP_AGAIN,
        "own stop": "on the list",
        "carrier's stop": "on the list",
        "both stops": "on the list",
        "device stop": "on the list",
        "untold stop": "on the list",
        "cancelled": "in step",
        "unreadable": "unreadable",
        "missing": "in step",
    },
}


def named(answer):
    return next(name for name, known in ANSWERS.items() if known == answer)


def expected(wanted, sight):
    answer = EXPECTED[wanted][sight]
    return dict.fromkeys(ORDERS, answer) if isinstance(answer, str) else dict(zip(ORDERS, answer, strict=True))


@pytest.mark.parametrize(("wanted", "sight"), list(product(EXPECTED, SIGHTS)))
def test_what_follows_of_the_service(wanted, sight):
    answers = {name: named(verdict(Here(wanted), SIGHTS[sight], orders)) for name, orders in ORDERS.items()}
    assert answers == expected(wanted, sight)


@pytest.mark.parametrize(("wanted", "sight"), list(product(EXPECTED, SIGHTS)))
def test_while_all_are_compared_what_was_refused_or_has_no_outcome_is_ordered_once_more(wanted, sight):
    """But no activation, and nothing that is a person's."""
    answers = {name: named(verdict(Here(wanted), SIGHTS[sight], orders, True)) for name, orders in ORDERS.items()}
    usual = expected(wanted, sight)
    once_more = {}
    if usual["none"] in ("stop", "resume", "end test"):
        once_more = dict.fromkeys(("refused", "no outcome"), usual["none"])
    assert answers == usual | once_more


@pytest.mark.parametrize(("wanted", "sight"), list(product(("test", "silent", "active"), SIGHTS)))
def test_whatever_stops_a_suspended_card_there_agrees(wanted, sight):
    """Held here without being active there: it waits for its first use, or only its data is switched off."""
    is_agreed = SIGHTS[sight].service == ServiceState.STOPPED
    is_agreed |= wanted == ServiceState.ACTIVE and SIGHTS[sight].service in ("test", "silent")
    answers = {
        name: named(verdict(Here(wanted, is_held=True), SIGHTS[sight], orders)) for name, orders in ORDERS.items()
    }
    assert answers == (dict.fromkeys(ORDERS, "in step") if is_agreed else expected(wanted, sight))


def test_what_the_carrier_alone_had_blocked_and_let_go_is_not_stopped_by_us():
    here = Here("stopped", is_held=True, is_blocked=True)
    answers = {name: named(verdict(here, SIGHTS["active"], orders)) for name, orders in ORDERS.items()}
    assert answers == dict(zip(ORDERS, STOP_AGAIN, strict=True)) | {"none": "let go", "confirmed": "let go"}
    for sight in set(SIGHTS) - {"active"}:
        answers = {name: named(verdict(here, SIGHTS[sight], orders)) for name, orders in ORDERS.items()}
        assert answers == expected("stopped", sight)


@pytest.mark.parametrize("sight", ["test", "silent"])
@pytest.mark.parametrize("is_reconciling", [False, True])
def test_an_activation_is_ordered_once_and_only_where_the_portal_has_activated(sight, is_reconciling):
    here = Here("active", is_activated=True)
    answers = {name: named(verdict(here, SIGHTS[sight], orders, is_reconciling)) for name, orders in ORDERS.items()}
    assert answers == dict(zip(ORDERS, ONLY_BY_HAND, strict=True)) | {"none": "order activation"}


@pytest.mark.parametrize("wanted", EXPECTED)
def test_a_protected_card_that_the_carrier_has_cancelled_is_a_persons(wanted):
    answer = named(verdict(Here(wanted, is_protected=True), SIGHTS["cancelled"], Orders()))
    assert answer == ("in step" if wanted == "cancelled" else "cancelled, a person")


def test_each_reason_but_our_own_order_is_the_carriers():
    found = {reason: is_carriers_stop(frozenset({reason})) for reason in StopReason}
    assert found == {reason: reason != StopReason.OWN for reason in StopReason}
    assert is_carriers_stop(frozenset()) is False


def test_no_combination_is_left_to_chance():
    wanted = [state for state in ServiceState if state]
    assert sorted(SERVICE) == sorted(product(wanted, ServiceState))
    assert sorted(DATA) == sorted(product(("", *Switch), repeat=2))
    assert sorted(REAL_NAME) == sorted(product(RealName, ("", *Switch)))
    assert {orders.ended for orders in ORDERS.values()} - {""} == {
        CommandState.CONFIRMED,
        CommandState.REFUSED,
        CommandState.UNKNOWN,
    }


OFF_AGAIN = Verdict(Follows.COMMAND, DriftKind.LEAK, "data", "off")
ON_AGAIN = Verdict(Follows.COMMAND, DriftKind.OWN_STOP, "data", "on")
DATA_STOPPED = Verdict(Follows.BY_HAND, DriftKind.STOPPED)


@pytest.mark.parametrize(("wanted", "seen"), list(product(("", *Switch), repeat=2)))
def test_what_follows_of_the_data_switch(wanted, seen):
    answers = {
        name: data_verdict(Here("active", wanted), There("active", data=seen), orders)
        for name, orders in ORDERS.items()
    }
    in_step = dict.fromkeys(ORDERS, ANSWERS["in step"])
    off, on = (in_step | dict.fromkeys(ORDERS, again) for again in (OFF_AGAIN, DATA_STOPPED))
    left = {
        "refused": ANSWERS["refused, a person"],
        "no outcome": ANSWERS["no outcome, a person"],
        "open": ANSWERS["wait"],
    }
    by_wish = {
        ("off", "on"): off | left | {"thrice again": ANSWERS["leak, a person"]},
        ("on", "off"): on
        | {"open": ANSWERS["wait"], "stop confirmed": ON_AGAIN}
        | dict.fromkeys(("once again", "thrice again"), ANSWERS["own stop, a person"]),
    }
    assert answers == by_wish.get((wanted, seen), in_step)


@pytest.mark.parametrize("service", [state for state in ServiceState if state != ServiceState.ACTIVE])
def test_the_data_switch_of_a_card_that_is_not_active_is_nobodys_concern(service):
    here, there = Here("active", "off"), There(service, data="on")
    assert data_verdict(here, there, Orders()) == ANSWERS["in step"]
    assert data_verdict(here, There("active", data="on", is_missing=True), Orders()) == ANSWERS["in step"]


def test_what_follows_of_the_id_verification():
    approve, revoke = (
        Verdict(Follows.PROPOSE, DriftKind.REAL_NAME, action=action)
        for action in ("approve_real_name", "revoke_real_name")
    )
    by_hand = Verdict(Follows.BY_HAND, DriftKind.REAL_NAME)
    found = {(here, there): real_name_verdict(True, here, there) for here, there in product(RealName, ("", *Switch))}
    assert {pair: answer for pair, answer in found.items() if answer != ANSWERS["in step"]} == {
        ("none", "on"): by_hand,
        ("submitted", "on"): approve,
        ("approved", "off"): revoke,
        ("rejected", "on"): by_hand,
        ("revoked", "on"): by_hand,
    }
    of_enterprises = {real_name_verdict(False, *pair).follows for pair in product(RealName, ("", *Switch))}
    assert of_enterprises == {Follows.IN_STEP}


@pytest.mark.parametrize(
    ("bound", "seen", "is_held", "kind"),
    [
        ("356938035643809", "490154203237518", False, DriftKind.DEVICE),
        ("356938035643809", "490154203237518", True, ""),
        ("356938035643809", "3569380356438012", False, ""),
        ("356938035643809", "", False, ""),
        ("", "490154203237518", False, ""),
    ],
)
def test_another_device_is_told_until_a_reading_has_placed_the_hold(bound, seen, is_held, kind):
    assert device_verdict(bound, seen, is_held).kind == kind
