"""Why a card does not work and what helps: every state and every hold, told from real histories."""

from datetime import date

import pytest
from django.utils.translation import override

from cards import rules
from cards.actions.write import attach_queues
from cards.choices import Action, Hold, State
from cards.errors import InvariantBroken
from cards.models import CardEvent, CarrierPolicy, PolicyBook
from cards.sentences.explain import explain, foresee, placing_events
from tests.build import attempt, card_in_use, do, fresh, on_day, open_card, spoil, swept, use

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "868600000000001", "868600000000026"


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"):
        yield


def reasons_given(card, day=DAY):
    """The reasons of a card in short: (code, action, evidence, by, why, since, ends_on)."""
    attach_queues([card])
    events = CardEvent.objects.filter(card=card).order_by("-seq")
    return [
        (r.code, str(r.action), r.evidence, r.by, r.why, r.since, r.ends_on)
        for r in explain(card, events, day, PolicyBook.read())
    ]


def suspended():
    return do("suspend", card_in_use(), DAY, reason="on holiday")


def used_up():
    return use(card_in_use(), DAY, 30.1)


def at_its_limit():
    return use(do("set_limit", card_in_use(), DAY, limit_mb="10"), DAY, 12)


def under_control():
    return do("place_hold", card_in_use(), DAY, reason="abuse", kind="anomaly")


def in_another_device():
    card = card_in_use(binding="fixed", imei=IMEI)
    return use(card, DAY, 1, imei=OTHER_IMEI)


def used_without_real_name():
    return use(open_card(certification="individual"), DAY, 1)


def submitted():
    return do("submit_real_name", used_without_real_name(), DAY, name="Zhang", id_number="110101199003071234")


def forced_without_real_name():
    return swept(open_card(certification="individual", opened_on="2025-08-10"), DAY)


def revoked():
    card = do("submit_real_name", open_card(certification="individual"), DAY, name="Zhang", id_number="1101011990")
    card = do("activate", do("approve_real_name", card, DAY), DAY)
    return do("revoke_real_name", card, DAY, reason="sold on")


def shut_down():
    return swept(card_in_use(plan="M1-100"), DAY)


FIRST_USE = "rule: The card was used for the first time"
CONSOLE = "manage.py (command line)"

ONE_REASON = [
    (suspended, ("voluntary", "resume", "", CONSOLE, "on holiday", DAY, None)),
    (
        used_up,
        (
            "credit",
            "top_up",
            "30.1 of 30 MB used",
            "rule: The cycle's allowance is used up",
            "",
            DAY,
            date(2026, 4, 1),
        ),
    ),
    (
        at_its_limit,
        (
            "threshold",
            "resume",
            "12 of 10 MB used",
            "rule: The usage limit is reached",
            "",
            DAY,
            date(2026, 4, 1),
        ),
    ),
    (under_control, ("anomaly", "", "", CONSOLE, "abuse", DAY, None)),
    (
        in_another_device,
        (
            "rebind",
            "rebind",
            f"seen in {OTHER_IMEI}, bound to {IMEI}",
            "rule: The card was seen in another device",
            "",
            DAY,
            None,
        ),
    ),
    (
        used_without_real_name,
        ("real_name", "submit_real_name", "ID verification: Not submitted", FIRST_USE, "", DAY, None),
    ),
    (submitted, ("real_name", "approve_real_name", "ID verification: Pending approval", FIRST_USE, "", DAY, None)),
    (
        forced_without_real_name,
        (
            "real_name",
            "submit_real_name",
            "ID verification: Not submitted",
            "rule: The silent period is over",
            "",
            date(2026, 3, 1),
            None,
        ),
    ),
    (revoked, ("real_name", "submit_real_name", "ID verification: Revoked", CONSOLE, "sold on", DAY, None)),
    (shut_down, ("shut_down", "renew", "", "", "", date(2026, 2, 1), None)),
]


@pytest.mark.parametrize(("made", "reason"), ONE_REASON, ids=lambda value: getattr(value, "__name__", ""))
def test_each_reason_says_what_since_when_by_whom_and_what_helps(made, reason):
    assert reasons_given(made()) == [reason]


@pytest.mark.parametrize("made", [row[0] for row in ONE_REASON], ids=lambda made: made.__name__)
def test_the_action_that_helps_is_possible_and_ends_the_reason(made):
    card = made()
    (reason,) = reasons_given(card)
    answers = {
        "resume": {},
        "top_up": {"plan": "PACK-100"},
        "rebind": {"imei": OTHER_IMEI},
        "submit_real_name": {"name": "Zhang", "id_number": "110101199003071234"},
        "approve_real_name": {},
        "renew": {"plan": "M1-100"},
    }
    action = reason[1] or "lift_hold"
    card = do(action, card, DAY, **answers.get(action, {"kind": "anomaly"}))
    if action == "submit_real_name":
        card = do("approve_real_name", card, DAY)
    assert (card.state, reasons_given(card)) == (State.IN_USE, [])


def test_a_card_in_use_or_testing_needs_no_explanation():
    assert reasons_given(card_in_use()) == []
    assert reasons_given(open_card(test_months=3, test_quota_mb=30)) == []


def test_an_unused_card_tells_how_it_becomes_active():
    card = open_card()
    assert reasons_given(card) == [("unused", "activate", "", "", "", date(2026, 1, 15), None)]
    (reason,) = explain(card, [], DAY, PolicyBook.read())
    assert reason.way_back == "It works: its term starts on first use, on 2026-08-01 at the latest."
    person = open_card(certification="individual")
    assert reasons_given(person) == [("unused", "submit_real_name", "", "", "", date(2026, 1, 15), None)]


def test_a_cancelled_card_has_no_way_back():
    card = do("cancel", card_in_use(), DAY, reason="lost")
    assert reasons_given(card) == [("cancelled", "", "", "", "", DAY, None)]
    (reason,) = explain(card, [], DAY, PolicyBook.read())
    assert (reason.way_back, reason.roles) == ("This is final: the card cannot be restored.", "")


def test_holds_stand_by_precedence_each_with_its_own_origin():
    card = do("suspend", used_up(), DAY, reason="holiday")
    card = do("place_hold", card, DAY, reason="abuse", kind="anomaly")
    assert [(code, action, why) for code, action, _, _, why, *_ in reasons_given(card)] == [
        ("anomaly", "", "abuse"),
        ("credit", "top_up", ""),
        ("voluntary", "resume", "holiday"),
    ]


def test_a_hold_placed_again_is_told_by_its_last_placing():
    card = do("resume", suspended(), DAY)
    card = do("suspend", card, DAY, reason="again")
    events = list(CardEvent.objects.filter(card=card).order_by("-seq"))
    assert placing_events(card, events) == {Hold.VOLUNTARY: events[0]}
    assert reasons_given(card)[0][4] == "again"


def test_no_event_is_read_for_a_card_without_holds():
    def never():
        raise AssertionError
        yield

    card = attach_queues([card_in_use()])[0]
    assert explain(card, never(), DAY, PolicyBook.read()) == []


@pytest.mark.parametrize(
    ("day", "protect", "way_back"),
    [
        (date(2026, 3, 10), False, "Renew before 2026-05-02: permanently cancelled in 53 days."),
        (date(2026, 5, 1), False, "Renew before 2026-05-02: permanently cancelled in 1 day."),
        (
            date(2026, 5, 2),
            False,
            "The renewal period is over: the next sweep cancels it permanently unless it is renewed first.",
        ),
        (
            date(2026, 5, 2),
            True,
            "It is protected and will not be cancelled as long as that lasts. Renewing restores it.",
        ),
    ],
)
def test_a_shut_down_card_counts_the_days_left(day, protect, way_back):
    card = shut_down()
    if protect:
        card = do("protect", card, DAY)
    (reason,) = explain(card, [], day, PolicyBook.read())
    assert reason.way_back == way_back


def test_of_a_shut_down_card_only_the_holds_that_will_stand_are_told():
    card = use(card_in_use(plan="Y1-1024"), date(2027, 1, 10), 1024)
    card = swept(do("suspend", card, date(2027, 1, 11)), date(2027, 1, 20))
    assert card.holds == "credit,voluntary"
    assert [code for code, *_ in reasons_given(card, date(2027, 1, 20))] == ["shut_down", "voluntary"]


def test_a_parked_card_says_so_first():
    card = card_in_use()
    spoil(card, service_from=None)
    attempt("suspend", card, DAY)
    assert [(code, action) for code, action, *_ in reasons_given(fresh(card))] == [("parked", "unpark")]


def test_a_card_that_contradicts_itself_and_is_not_parked_is_not_explained():
    card = card_in_use()
    card.cycle_until = None
    with pytest.raises(InvariantBroken, match="no cycle is metered"):
        explain(card, [], DAY, PolicyBook.read())


def test_who_may_is_read_from_the_roles():
    def roles(made):
        card = attach_queues([made()])[0]
        events = CardEvent.objects.filter(card=card).order_by("-seq")
        return [reason.roles for reason in explain(card, events, DAY, PolicyBook.read())]

    assert (roles(suspended), roles(used_up), roles(under_control)) == (
        ["the customer, support, operations"],
        ["operations"],
        [""],
    )


def test_what_is_foreseen_is_the_forecast_each_with_what_prevents_it():
    card = attach_queues([open_card()])[0]
    policies, through = PolicyBook.read(), date(2028, 3, 10)
    foreseen = foresee(card, DAY, through, policies)
    forecast = rules.forecast(card, through, policies)
    assert [(f.on, f.action, f.rule) for f in foreseen] == [(c.on, c.action, c.rule) for c in forecast]
    assert [(f.on, f.action, f.shown, f.prevention, f.is_overdue) for f in foreseen] == [
        (
            date(2026, 8, 1),
            Action.FORCE_ACTIVATE,
            State.IN_USE,
            "Use the card before 2026-08-01, and its term starts on the day of first use.",
            False,
        ),
        (date(2027, 8, 1), Action.EXPIRE, State.SHUT_DOWN, "Renew before 2027-08-01.", False),
        (date(2027, 10, 30), Action.CANCEL, State.CANCELLED, "Renew or protect the card before 2027-10-30.", False),
    ]


def test_what_is_overdue_says_so():
    card = attach_queues([open_card()])[0]
    first, *later = foresee(card, date(2026, 8, 1), date(2028, 3, 10), PolicyBook.read())
    assert (first.is_overdue, first.prevention) == (True, "Already due: the next sweep or action applies it first.")
    assert [entry.is_overdue for entry in later] == [False, False]


def test_nothing_is_foreseen_for_a_parked_card():
    card = card_in_use()
    card.parked = InvariantBroken("no_cycle").written()
    assert foresee(card, DAY, date(2028, 1, 1), PolicyBook.read()) == []


def test_reading_changes_nothing():
    card = attach_queues([used_up()])[0]
    before = card.facts()
    with on_day(DAY):
        reasons_given(card)
        foresee(card, DAY, date(2028, 1, 1), PolicyBook.read())
    assert card.facts() == before


def test_a_hold_from_an_earlier_cycle_says_what_was_used_then():
    CarrierPolicy.objects.update(restores_credit=False, restores_threshold=False)
    card = do("set_limit", card_in_use(), DAY, limit_mb="20")
    card = swept(use(card, DAY, 45), date(2026, 4, 1))
    card = use(card, date(2026, 4, 2), 2)
    attach_queues([card])
    events = CardEvent.objects.filter(card=card).order_by("-seq")
    told = [(r.code, r.sentence, r.evidence) for r in explain(card, events, date(2026, 4, 2), PolicyBook.read())]
    assert told == [
        ("credit", "The allowance of an earlier cycle was used up.", "45 of 30 MB used"),
        ("threshold", "Usage in an earlier cycle reached the limit.", "45 of 20 MB used"),
    ]
