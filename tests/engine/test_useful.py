"""The step that a card's page proposes: of every state with every set of holds, for staff and customers alike."""

from datetime import date
from itertools import product

from cards.choices import Action, Hold, RealName, State
from cards.errors import InvariantBroken
from cards.sentences.customer_text import describe
from cards.sentences.explain import explain
from cards.sentences.useful import Use, is_barred, use_of
from tests.my.test_customer_text import BOOK, DAY, OCCURRING, after, card

CHECKS = (RealName.NONE, RealName.SUBMITTED)
BROKEN = InvariantBroken("unreadable", text="?").written()
PARKED = ("", BROKEN)
OVER = (State.SHUT_DOWN, State.CANCELLED)


def subject(state, holds, real_name=RealName.NONE, parked="", protected=False):
    made = card(state, holds, real_name)
    made.parked, made.protected = parked, protected
    made.seen_on = made.used_on = date(2026, 3, 1)
    if Hold.REBIND not in holds:
        made.seen_imei = made.bound_imei
    return made


def told_to_staff(of):
    return [reason.action for reason in explain(of, [], DAY, BOOK) if reason.action]


def first_needed(actions, of):
    return next((action for action in actions if action and use_of(action, of.hold_list) == Use.NEEDED), None)


def proposed_to_staff(of):
    return first_needed(told_to_staff(of), of)


def proposed_to_customers(of):
    return first_needed([help.action for help in describe(of).helps], of)


EVERY = list(product(OCCURRING, CHECKS, PARKED, (False, True)))


def test_the_carriers_block_stands_before_everything():
    """Nothing is proposed of a card that the carrier blocks; what would be in vain is offered to nobody."""
    for (state, holds), real_name, parked, protected in EVERY:
        of = subject(state, holds, real_name, parked, protected)
        if Hold.ANOMALY not in holds or state == State.CANCELLED:
            continue
        assert proposed_to_staff(of) == (Action.UNPARK if parked else None)
        assert proposed_to_customers(of) is None
        offered = {help.action for help in describe(of).helps} - {None}
        assert offered == ({Action.RENEW} if state == State.SHUT_DOWN and not parked else set())


def test_nothing_is_proposed_of_a_card_that_works_or_is_cancelled():
    for (state, holds), real_name, protected in product(OCCURRING, CHECKS, (False, True)):
        if state in (State.IN_USE, State.TESTING, State.UNUSED, State.CANCELLED):
            of = subject(state, holds, real_name, protected=protected)
            assert (proposed_to_staff(of), proposed_to_customers(of)) == (None, None)


def test_staff_and_customers_are_proposed_the_same_step_unless_only_the_dealer_can_take_it():
    for (state, holds), real_name, protected in product(OCCURRING, CHECKS, (False, True)):
        of = subject(state, holds, real_name, protected=protected)
        theirs = [action for action in told_to_staff(of) if action != Action.APPROVE_REAL_NAME]
        if state == State.SHUT_DOWN and Action.RENEW in theirs:
            theirs = [action for action in theirs if action not in (Action.RESUME, Action.TOP_UP)]
        assert proposed_to_customers(of) == first_needed(theirs, of)


def test_a_parked_card_is_corrected_first_whatever_else_it_needs():
    for (state, holds), real_name in product(OCCURRING, CHECKS):
        of = subject(state, holds, real_name, BROKEN)
        assert (proposed_to_staff(of), proposed_to_customers(of)) == (Action.UNPARK, None)


def test_step_by_step_the_card_works_again():
    """Whoever takes the proposed step again and again has a card that works, and takes none that changes nothing."""
    for state, holds in OCCURRING:
        of, steps = subject(state, holds), 0
        if is_barred(holds) or state == State.CANCELLED:
            continue
        while step := proposed_to_customers(of):
            left = after(step, of)
            stands_at = State.SUSPENDED if left else State.IN_USE
            assert len(left) < len(of.hold_list) or of.state == State.SHUT_DOWN
            of, steps = subject(stands_at, left), steps + 1
            assert steps <= len(holds) + 1
        assert (of.state, tuple(of.hold_list)) == (state if state not in (*OVER, State.SUSPENDED) else State.IN_USE, ())


def test_a_new_card_without_its_check_is_proposed_the_check_in_both_places():
    for state in (State.TESTING, State.UNUSED):
        of = subject(state, ())
        of.certification = "individual"
        assert (proposed_to_staff(of), proposed_to_customers(of)) == (Action.SUBMIT_REAL_NAME,) * 2


def test_an_unknown_hold_bars_like_the_carriers_and_activating_is_never_needed():
    assert (is_barred(["of_tomorrow"]), is_barred([Hold.CREDIT]), is_barred([])) == (True, False, False)
    assert use_of(Action.ACTIVATE, []) == Use.AT_WILL
    assert use_of(Action.RENEW, [Hold.ANOMALY]) == Use.AT_WILL
    assert use_of(Action.TOP_UP, [Hold.ANOMALY, Hold.CREDIT]) == Use.IN_VAIN
    assert use_of(Action.TOP_UP, [Hold.CREDIT, Hold.VOLUNTARY]) == Use.NEEDED
