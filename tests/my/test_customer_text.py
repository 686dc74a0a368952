"""The decision table of a customer's page: every state with every set of holds, and that the engine agrees with it."""

from datetime import date
from itertools import combinations

import pytest
from django.utils.translation import override

from cards.actions.action_requests import ActionRequest
from cards.catalogue import CATALOGUE
from cards.choices import Action, Hold, RealName, State
from cards.models import Card, CarrierPolicy, PolicyBook, QueuedTerm
from cards.permissions import CUSTOMER_ACTIONS, Actor
from cards.rules import Change
from cards.sentences.customer_text import BUTTONS, Helper, describe_state

DAY = date(2026, 3, 10)
SETS = [tuple(holds) for size in range(7) for holds in combinations(Hold, size)]
ALL = [(state, holds) for state in State for holds in SETS]

BOOK = PolicyBook([CarrierPolicy(carrier="cmcc", valid_from=date(2020, 1, 1))])
FACTS = {
    State.TESTING: {"test_until": date(2026, 4, 1)},
    State.UNUSED: {"silent_from": date(2026, 2, 1), "forced_activation_on": date(2026, 9, 1)},
    State.SHUT_DOWN: {"service_until": date(2026, 3, 1), "cancel_on": date(2026, 5, 30)},
}
RUNNING = {
    "service_from": date(2026, 1, 1),
    "service_until": date(2027, 1, 1),
    "cycle_from": date(2026, 3, 1),
    "cycle_until": date(2026, 4, 1),
}


def can_occur(state, holds):
    """A suspended card is held, one that works is not, and the holds of one that is over stay on record."""
    if state == State.SUSPENDED:
        return bool(holds)
    return not holds or state in (State.SHUT_DOWN, State.CANCELLED)


OCCURRING = [pair for pair in ALL if can_occur(*pair)]


def card(state, holds, real_name=RealName.NONE):
    """A card as it stands there, without a database."""
    facts = FACTS.get(state, RUNNING)
    return Card.new(
        state=state,
        holds=",".join(holds),
        resumes_to=State.IN_USE if state == State.SUSPENDED else "",
        carrier="cmcc",
        customer_id=1,
        certification="individual" if Hold.REAL_NAME in holds else "enterprise",
        real_name=real_name,
        binding="fixed",
        bound_imei="868600000000001",
        seen_imei="868600000000026",
        opened_on=date(2026, 1, 1),
        changed_on=date(2026, 3, 1),
        limit_mb=10,
        quota_mb=30,
        used_bytes=31 * 1_048_576,
        queue=[QueuedTerm(2, "Y1-30", 1, "calendar", 30)],
        **facts,
    )


def table(state, holds, real_name=RealName.NONE):
    subject = card(state, holds, real_name)
    return describe_state(subject.state, subject.hold_list, subject.real_name, subject.lacks_real_name)


def request_with(**params):
    return ActionRequest(Actor.shell(), DAY, BOOK, params=params)


def after(action, subject):
    """What still holds the card once the action was done to it, and a real-name check also approved."""
    twin, done = subject.copy(), Change(DAY, action)
    policy = BOOK.in_force("cmcc", DAY)
    match action:
        case Action.SUBMIT_REAL_NAME:
            twin.real_name = RealName.SUBMITTED
            CATALOGUE[Action.APPROVE_REAL_NAME].effect(twin, request_with(), done)
        case Action.TOP_UP:
            twin.pack_mb += 100
            twin.lift_hold(DAY, policy, Hold.CREDIT)
        case Action.RENEW:
            twin.renew(DAY, policy)
        case _:
            CATALOGUE[action].effect(twin, request_with(imei="868600000000026"), done)
    return twin.hold_list


def test_which_of_all_combinations_can_occur():
    assert (len(ALL), len(OCCURRING)) == (6 * 64, 3 + 63 + 64 + 64)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_combination_has_its_sentence_and_for_each_hold_who_helps_and_a_button_or_none(language):
    with override(language):
        for state, holds in OCCURRING:
            for real_name in (RealName.NONE, RealName.SUBMITTED, RealName.REJECTED, RealName.REVOKED):
                said = table(state, holds, real_name)
                assert said.sentence
                assert "{" not in said.sentence
                for help in said.helps:
                    assert help.helper in Helper
                    assert help.sentence
                    assert "{" not in help.sentence + help.follows
                    assert (help.button is not None) == (help.action in BUTTONS)
                    assert help.button or help.helper != Helper.YOU or help.follows == ""


@pytest.mark.parametrize("state", [State.TESTING, State.UNUSED, State.IN_USE])
def test_a_card_that_works_needs_nothing(state):
    assert table(state, ()).helps == ()


def test_every_hold_of_a_suspended_card_is_told_by_precedence():
    for holds in SETS[1:]:
        assert [help.code for help in table(State.SUSPENDED, holds).helps] == list(holds)


def test_after_a_renewal_the_holds_of_the_old_term_are_gone_and_the_others_told():
    for holds in SETS:
        left = [hold for hold in holds if hold not in (Hold.CREDIT, Hold.THRESHOLD)]
        assert [help.code for help in table(State.SHUT_DOWN, holds).helps] == [State.SHUT_DOWN, *left]


def test_nobody_helps_a_cancelled_card():
    for holds in SETS:
        (help,) = table(State.CANCELLED, holds).helps
        assert (help.helper, help.action, help.follows) == (Helper.NOBODY, None, "")


def test_no_button_is_told_that_the_guards_would_refuse_and_what_follows_is_what_the_engine_does():
    with override("en"):
        for state, holds in OCCURRING:
            subject = card(state, holds)
            for help in table(state, holds).helps:
                if help.action is None:
                    continue
                params = {"imei": "868600000000026"} if help.action == Action.REBIND else {}
                assert CATALOGUE[help.action].refusal(subject, request_with(**params)) is None
                left = after(help.action, subject)
                is_back = not left and (state == State.SUSPENDED or help.action == Action.RENEW)
                assert (
                    help.follows.endswith("works again immediately.") + help.follows.endswith("works again.") == is_back
                )


def test_what_still_stops_the_card_is_what_the_engine_leaves():
    for holds in SETS[1:]:
        subject = card(State.SUSPENDED, holds)
        for help in table(State.SUSPENDED, holds).helps:
            if help.action:
                follows = table(State.SUSPENDED, left).sentence if (left := after(help.action, subject)) else ""
                reasons = follows.partition("：" if "：" in follows else ": ")[2]
                assert reasons.rstrip("。.") in help.follows


def test_customers_have_a_button_for_each_of_their_actions():
    assert set(BUTTONS) == CUSTOMER_ACTIONS | {Action.RENEW, Action.TOP_UP}


def in_english(state, *holds, real_name=RealName.NONE):
    with override("en"):
        said = table(state, holds, real_name)
        helps = [
            (str(help.helper), help.button and str(help.button), help.sentence, help.follows) for help in said.helps
        ]
        return said.sentence, *helps


IN_ENGLISH = [
    ((State.TESTING,), ("The card works: it is in its free test period.",)),
    ((State.UNUSED,), ("The card is new and ready to use.",)),
    ((State.IN_USE,), ("The card works.",)),
    (
        (State.SUSPENDED, Hold.VOLUNTARY),
        (
            "The card is suspended: requested by you or your dealer.",
            ("you", "Resume card", "Resume it when you need it again.", "The card then works again immediately."),
        ),
    ),
    (
        (State.SUSPENDED, Hold.REAL_NAME, Hold.CREDIT),
        (
            "The card is suspended: its ID is not verified; its data is used up.",
            (
                "you",
                "Submit ID verification",
                "Submit the name and ID number of the person who uses the card.",
                "Once approved, it will still be suspended: its data is used up.",
            ),
            (
                "you",
                "Buy more data",
                "An add-on pack adds more data.",
                "It will still be suspended: its ID is not verified.",
            ),
        ),
    ),
    (
        (State.SUSPENDED, Hold.ANOMALY),
        (
            "The card is suspended: the carrier has blocked it.",
            (
                "carrier",
                None,
                "Only the carrier can lift this. If you do not know why, ask your dealer.",
                "Once the carrier lifts the block, the card works again.",
            ),
        ),
    ),
    (
        (State.SUSPENDED, Hold.THRESHOLD, Hold.VOLUNTARY),
        (
            "The card is suspended: its usage limit is reached; requested by you or your dealer.",
            (
                "you",
                "Resume card",
                "Resume it to waive the limit until the next cycle, or set a higher limit.",
                "The card then works again immediately.",
            ),
            ("you", None, "Resuming lifts this too.", ""),
        ),
    ),
    (
        (State.SHUT_DOWN, Hold.CREDIT, Hold.VOLUNTARY),
        (
            "The card's service has ended, and it was not renewed.",
            (
                "you",
                "Renew card",
                "Renewing restores it.",
                "It will still be suspended: requested by you or your dealer.",
            ),
            ("you", None, "It can be resumed once it is renewed.", ""),
        ),
    ),
    (
        (State.CANCELLED, Hold.VOLUNTARY),
        (
            "The card is permanently cancelled.",
            ("nobody", None, "It cannot be restored. Ask your dealer for a new card.", ""),
        ),
    ),
]


@pytest.mark.parametrize(("where", "said"), IN_ENGLISH)
def test_what_is_said_in_english(where, said):
    assert in_english(*where) == said


def test_a_check_that_was_sent_in_waits_for_the_dealer():
    assert in_english(State.SUSPENDED, Hold.REAL_NAME, real_name=RealName.SUBMITTED) == (
        "The card is suspended: its ID verification is not approved yet.",
        (
            "dealer",
            None,
            "ID verification was submitted, and your dealer is reviewing it.",
            "Once approved, the card works again.",
        ),
    )


def test_a_new_card_that_needs_a_real_name_check_can_get_it_early():
    with override("en"):
        said = describe_state(State.UNUSED, (), RealName.NONE, lacks_real_name=True)
    (help,) = said.helps
    assert said.sentence == "The card is new. It can be used once its ID verification is approved."
    assert (help.helper, help.action, help.follows) == (
        Helper.YOU,
        Action.SUBMIT_REAL_NAME,
        "Once approved, the card is ready to use.",
    )
