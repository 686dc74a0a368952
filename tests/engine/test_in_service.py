"""Taking over a fleet: a card in mid-life is taken in as it stands, or refused with what contradicts itself."""

from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cards import rules
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import sweep
from cards.actions.write import attach_queues
from cards.choices import Binding, Certification, Hold, State
from cards.errors import BadInput
from cards.models import Card, CardEvent, CarrierPolicy, PolicyBook, RealNameCheck, ServiceTerm
from cards.models.card import MB
from cards.proof import Proof
from tests import build
from tests.build import SHELL, story
from tests.engine.test_forecast import rolled_back

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
IMEI, OTHER_IMEI = "490154203237518", "356938035643809"
IN_USE = {"state": "in_use", "activated_on": "2025-06-20", "service_until": "2026-06-01"}
HELD = {**IN_USE, "state": "suspended"}
TEST = {"test_months": "3", "test_quota_mb": "10"}
PERSON = {"certification": "individual"}


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(TODAY), translation.override("en"):
        yield


def row_texts(**columns):
    texts = {"iccid": "89860000000000000001", "carrier": "cmcc", "certification": "enterprise"}
    return texts | {"opened_on": "2025-01-15", "plan": "Y1-30", **columns}


def row(**columns):
    return read_card_row(2, row_texts(**columns), TODAY)


def taken(**columns):
    """What `apply_cards` says of one row."""
    return apply_cards([row(**columns)], actor=SHELL, source="fleet.xlsx")


def card_of(**columns):
    """The card that the row was taken over as."""
    assert taken(**columns).errors == []
    assert list(Proof().problems()) == []
    return Card.objects.get()


def test_a_card_in_use_goes_on_where_it_was():
    card = card_of(**IN_USE, used_mb="12.5", customer="Acme")
    event = CardEvent.objects.get()
    assert (event.action, event.from_state, event.to_state, event.effective_on) == ("adopt", "", "in_use", TODAY)
    assert event.evidence == {"source": "fleet.xlsx", "customer_id": card.customer_id, **IN_USE, "used_mb": 12.5}
    assert (card.activated_on, card.service_from) == (date(2025, 6, 20), date(2025, 6, 20))
    assert (card.cycle_from, card.cycle_until, card.used_bytes) == (date(2026, 3, 1), date(2026, 4, 1), 12.5 * MB)
    assert (card.quota_mb, card.customer.name, card.real_name) == (30, "Acme", "none")
    term = ServiceTerm.objects.get()
    assert (term.months, term.starts_on, term.service_until) == (12, date(2025, 6, 20), date(2026, 6, 1))
    card = build.swept(build.use(card, TODAY, 18), date(2026, 8, 30))
    assert story(card)[1:] == [
        ("place_hold", "credit", "suspended", TODAY),
        ("roll_over", "roll_over", "in_use", date(2026, 4, 1)),
        ("expire", "expire", "shut_down", date(2026, 6, 1)),
        ("cancel", "cancel", "cancelled", date(2026, 8, 30)),
    ]


@pytest.mark.parametrize(
    ("columns", "starts_on", "months"),
    [
        ({"activated_on": "2025-06-20", "service_until": "2026-06-01"}, "2025-06-20", 12),
        ({"activated_on": "2025-01-20", "service_until": "2026-06-20", "plan": "Y1-1024"}, "2025-06-20", 12),
        ({"activated_on": "2025-01-20", "service_until": "2028-01-01"}, "2026-01-01", 24),
        ({"activated_on": "2025-01-20", "service_until": "2026-04-01", "plan": "M1-100"}, "2026-03-01", 1),
    ],
    ids=["first term", "second term", "sold ahead", "monthly"],
)
def test_the_running_term_is_reckoned_back_from_its_end(columns, starts_on, months):
    card = card_of(state="in_use", **columns)
    term = ServiceTerm.objects.get()
    assert (str(card.service_from), str(term.starts_on), term.months) == (starts_on, starts_on, months)


def test_the_meter_runs_in_the_carriers_cycle():
    CarrierPolicy.objects.filter(carrier="cmcc").update(cycle_day=27)
    card = card_of(**IN_USE)
    assert (card.cycle_from, card.cycle_until) == (date(2026, 2, 27), date(2026, 3, 27))


def test_a_person_whose_card_served_had_passed_the_check():
    card = card_of(**IN_USE, **PERSON)
    check = RealNameCheck.objects.get()
    assert (card.real_name, check.status, check.decided_on) == ("approved", "approved", TODAY)
    assert CardEvent.objects.get().evidence["real_name"] == "approved"
    card = build.do("revoke_real_name", card, TODAY)
    assert (card.holds, RealNameCheck.objects.get().status) == ("real_name", "revoked")


def test_holds_in_any_order_and_with_any_separator():
    card = card_of(**HELD, **PERSON, holds="voluntary; credit|ANOMALY", used_mb="30")
    assert (card.state, card.holds, card.resumes_to) == ("suspended", "anomaly,credit,voluntary", "in_use")
    assert CardEvent.objects.get().evidence["holds"] == ["anomaly", "credit", "voluntary"]


def opened(day, **columns):
    return {"opened_on": day, **columns}


BROUGHT_UP_TO_DATE = [
    ("testing", opened("2026-01-15", **TEST, used_mb="4"), [("adopt", "testing", "2026-03-02")]),
    (
        "the test allowance is used up",
        opened("2026-01-15", **TEST, state="testing", used_mb="10"),
        [("adopt", "testing", "2026-03-02"), ("end_test", "unused", "2026-03-02")],
    ),
    (
        "the test is over",
        opened("2025-11-15", **TEST, state="testing"),
        [("adopt", "testing", "2026-02-15"), ("end_test", "unused", "2026-02-15")],
    ),
    (
        "silent too long, a person's",
        opened("2025-05-15", **PERSON, state="unused"),
        [("adopt", "unused", "2025-12-01"), ("force_activate", "suspended", "2025-12-01")],
    ),
    (
        "service has ended",
        {"state": "in_use", "activated_on": "2025-01-20", "service_until": "2026-01-01"},
        [("adopt", "in_use", "2026-01-01"), ("expire", "shut_down", "2026-01-01")],
    ),
    (
        "the allowance is used up",
        {**IN_USE, "used_mb": "30"},
        [("adopt", "in_use", "2026-03-02"), ("place_hold", "suspended", "2026-03-02")],
    ),
    (
        "shut down long ago",
        {"state": "shut_down", "service_until": "2025-10-01"},
        [("adopt", "shut_down", "2025-12-30"), ("cancel", "cancelled", "2025-12-30")],
    ),
    ("shut down today", {"state": "shut_down", "service_until": "2026-03-02"}, [("adopt", "shut_down", "2026-03-02")]),
    ("cancelled", {"state": "cancelled"}, [("adopt", "cancelled", "2026-03-02")]),
]


@pytest.mark.parametrize(("columns", "events"), [case[1:] for case in BROUGHT_UP_TO_DATE], ids=lambda value: "")
def test_what_was_due_is_done_under_its_own_day(columns, events):
    card = card_of(**{"state": "testing", **columns})
    assert [(action, to, str(day)) for action, _rule, to, day in story(card)] == events


@pytest.mark.parametrize(
    ("columns", "resumes_to", "forced_on"),
    [
        ({**HELD, "holds": "voluntary"}, "in_use", "2025-08-01"),
        ({"holds": "real_name", **PERSON, "opened_on": "2025-12-15"}, "in_use", "2026-07-01"),
        ({"holds": "anomaly", **TEST, "opened_on": "2026-01-15"}, "testing", "None"),
        ({"holds": "anomaly", **TEST, "opened_on": "2025-11-15"}, "unused", "2026-09-01"),
    ],
    ids=["in use", "waits for its check", "in test", "after its test"],
)
def test_a_suspended_card_says_where_it_goes_back_to(columns, resumes_to, forced_on):
    card = card_of(**{**columns, "state": "suspended"})
    assert (card.state, card.resumes_to, str(card.forced_activation_on)) == ("suspended", resumes_to, forced_on)


def test_the_device_is_the_one_that_the_card_is_bound_to_now():
    card = card_of(**IN_USE, binding="fixed", imei=IMEI, bound_imei=OTHER_IMEI)
    assert (card.bound_imei, card.previous_imei, card.bound_on) == (OTHER_IMEI, IMEI, TODAY)
    late = build.use(card, TODAY, 1, imei=IMEI)  # of a day on which the other device may still have been used
    assert late.holds == ""
    assert build.use(card, TODAY + timedelta(days=1), 1, imei=IMEI).holds == "rebind"


CONTRADICTIONS = [
    ({**IN_USE, "service_until": ""}, "service_until", "needs a value here"),
    ({**IN_USE, "activated_on": ""}, "activated_on", "needs a value here"),
    ({**IN_USE, "service_until": "2025-06-20"}, "service_until", "service cannot end before it starts"),
    ({**IN_USE, "service_until": "2057-01-01"}, "service_until", "is too far in the future"),
    ({**IN_USE, "activated_on": "2026-03-03"}, "activated_on", "2026-03-03 is in the future"),
    ({**IN_USE, "activated_on": "2025-01-14"}, "activated_on", "cannot be activated before it is opened"),
    ({**IN_USE, "holds": "credit"}, "holds", "a card in the state “In use” cannot have this"),
    ({**IN_USE, "bound_imei": IMEI}, "bound_imei", "a card without device binding has no IMEI"),
    ({"state": "testing"}, "test_months", "a card in the state “Testing” needs a value here"),
    ({"state": "testing", **TEST, "service_until": "2026-06-01"}, "service_until", "cannot have this"),
    ({"state": "unused", "activated_on": "2025-06-20"}, "activated_on", "cannot have this"),
    ({"state": "unused", "used_mb": "1"}, "used_mb", "cannot have this"),
    (HELD, "holds", "needs a value here"),
    ({"state": "suspended", "holds": "voluntary"}, "holds", "whose term has not started cannot have this hold"),
    ({"state": "suspended", "holds": "real_name,credit", **PERSON}, "holds", "Allowance used up"),
    ({"state": "suspended", "holds": "real_name"}, "holds", "an enterprise card needs no ID verification"),
    ({"state": "suspended", "holds": "anomaly", "used_mb": "1"}, "used_mb", "no usage is metered"),
    ({**HELD, "holds": "anomaly", "activated_on": ""}, "activated_on", "go together"),
    ({**HELD, "holds": "credit", "used_mb": "29.9"}, "used_mb", "must have used at least 30 MB"),
    ({**HELD, "holds": "rebind"}, "holds", "cannot be suspended for a changed device"),
    ({**HELD, "holds": "rebind", "binding": "first_use"}, "bound_imei", "needs the IMEI it is bound to"),
    ({"state": "shut_down"}, "service_until", "needs a value here"),
    ({"state": "shut_down", "service_until": "2026-03-03"}, "service_until", "cannot be shut down yet"),
    ({"state": "shut_down", "service_until": "2026-02-01", "used_mb": "1"}, "used_mb", "cannot have this"),
    ({"state": "shut_down", "service_until": "2026-02-01", "holds": "real_name"}, "holds", "no ID verification"),
]


@pytest.mark.parametrize(("columns", "field", "message"), CONTRADICTIONS)
def test_a_contradiction_is_refused_by_its_column(columns, field, message):
    errors = taken(**columns).errors
    told = {error["field"]: error["message"] for error in errors}
    assert (len(told), {error["row"] for error in errors}) == (len(errors), {2})  # each column once
    assert message in told[field]
    assert (Card.objects.count(), CardEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("state", "sleeping"),
        ("holds", "credit,sloth"),
        ("used_mb", "-1"),
        ("used_mb", "1e9"),
        ("activated_on", "May"),
    ],
)
def test_an_unreadable_cell_is_refused_by_its_column(column, text):
    with pytest.raises(BadInput) as refused:
        row(**{**IN_USE, column: text})
    assert refused.value.field == column


def test_what_only_a_card_in_service_has_needs_its_state():
    errors = taken(**{**IN_USE, "state": "", "used_mb": "3"}).errors
    message = "activated_on is only for cards being taken over: give their state"
    assert errors == [{"row": 2, "field": "state", "message": message}]


def test_all_that_contradicts_itself_is_told_at_once():
    stands = {**IN_USE, "activated_on": "2026-03-03", "bound_imei": IMEI, "plan": "NO-PLAN", "service_until": ""}
    fields = [error["field"] for error in taken(**stands).errors]
    assert sorted(fields) == ["activated_on", "bound_imei", "plan", "service_until"]


def test_a_card_is_taken_over_once():
    """The same row again is no news, whatever has happened since; any other is a collision, with `update` too."""
    ended = {"state": "in_use", "activated_on": "2025-01-20", "service_until": "2026-01-01"}
    card_of(**ended)
    again = taken(**ended)
    as_it_is = taken(**{**ended, "state": "shut_down"})
    assert (again.unchanged, as_it_is.unchanged, again.errors, as_it_is.errors) == ([2], [2], [], [])
    otherwise = [row(**{**ended, "state": "cancelled", "msisdn": "13800000001"})]
    for update in (False, True):
        (error,) = apply_cards(otherwise, actor=SHELL, update=update).errors
        assert (error["field"], error["differs"]) == (
            "state",
            [("msisdn", "", "13800000001"), ("state", "shut_down", "cancelled")],
        )
    assert CardEvent.objects.count() == 2


rows = st.fixed_dictionaries(
    {
        "certification": st.sampled_from(Certification.values),
        "opened_on": st.dates(date(2025, 1, 1), TODAY).map(str),
        "test_months": st.sampled_from(["", "1", "9"]),
        "test_quota_mb": st.just("10"),
        "plan": st.sampled_from(["M1-100", "Y1-30", "Y1-1024"]),
        "binding": st.sampled_from(Binding.values),
        "imei": st.sampled_from(["", IMEI]),
        "state": st.sampled_from(State.values),
        "activated_on": st.one_of(st.just(""), st.dates(date(2025, 1, 1), TODAY).map(str)),
        "service_until": st.one_of(st.just(""), st.dates(date(2025, 1, 1), date(2029, 1, 1)).map(str)),
        "holds": st.one_of(st.just(""), st.sets(st.sampled_from(Hold.values)).map(";".join)),
        "used_mb": st.sampled_from(["", "0", "5", "10", "100", "2000"]),
        "bound_imei": st.sampled_from(["", "", OTHER_IMEI]),
    }
)
likely = st.one_of(
    rows,
    rows.map(lambda row: row | {"state": "in_use", "holds": ""}),
    rows.map(lambda row: row | {"state": "suspended", "holds": row["holds"] or "anomaly"}),
)
policies = st.fixed_dictionaries(
    {
        "cycle_day": st.sampled_from([1, 27]),
        "restores_credit": st.booleans(),
        "silent_from_opening": st.booleans(),
        "forced_mode": st.sampled_from(["months", "days"]),
    }
)


@given(policies, st.lists(likely, min_size=40, max_size=40))
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=5, phases=[Phase.generate])
@rolled_back()
def test_any_row_is_refused_with_a_sentence_or_becomes_a_card_that_holds_together(policy, texts):
    CarrierPolicy.objects.filter(carrier="cmcc").update(**policy)
    numbered = [{**texts, "iccid": f"8986{number:015d}"} for number, texts in enumerate(texts)]
    read = [read_card_row(number, row_texts(**text), TODAY) for number, text in enumerate(numbered)]
    result = apply_cards(read, actor=SHELL, source="random")
    assert all(error["message"] for error in result.errors)
    cards = attach_queues(list(Card.objects.all()))
    assert len(cards) + len({error["row"] for error in result.errors}) == len(texts)
    for card in cards:
        rules.check(card)
        assert card.next_due_on is None or card.next_due_on > TODAY
        rules.forecast(card, TODAY + timedelta(days=1000), PolicyBook.read())
    again = apply_cards(read, actor=SHELL, source="random")
    assert (len(again.unchanged), again.created) == (len(cards), [])
    sweep(TODAY + timedelta(days=500))
    assert (list(Proof().problems()), list(Card.objects.exclude(parked=""))) == ([], [])
