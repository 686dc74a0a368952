"""Parameters become a queryset in one place: each filter finds exactly its cards, and what is not understood none."""

from datetime import date, timedelta
from itertools import combinations

import pytest
from django.http import QueryDict

from cards.choices import Hold
from cards.filters import CardFilter, CardForm
from cards.models import Card, Customer, Tag
from cards.quick import QUICK
from cards.state_counts import COUNTED, tab_counts
from tests.build import attempt, card_in_use, do, member, on_day, open_card, spoil, swept, use
from tests.console.filtering import complaints, filter_of, found, in_order

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI = "868600000000001"


@pytest.fixture
def fleet():
    """One card for each thing that a filter asks about."""
    cards = {
        "unused": open_card(msisdn="1064000000001", imsi="460000000000001", customer="Acme"),
        "testing": open_card(test_months=3, test_quota_mb=30, carrier="cucc", plan="Y1-1024"),
        "in_use": card_in_use(msisdn="1064000000022", plan="M1-100", since=DAY),
        "credit": do("suspend", use(card_in_use(customer="Acme Ltd"), DAY, 30), DAY),
        "voluntary": do("suspend", card_in_use(binding="fixed", imei=IMEI), DAY),
        "person": use(open_card(certification="individual"), DAY, 1),
        "cancelled": do("cancel", open_card(), DAY, reason="lost"),
    }
    for name, tag in (("unused", "lot-1"), ("in_use", "lot-1"), ("in_use", "lot-2")):
        cards[name] = do("tag", cards[name], DAY, tag=tag)
    return cards


FILTERS = [
    ("", ["unused", "testing", "in_use", "credit", "voluntary", "person", "cancelled"]),
    ("state=unused", ["unused"]),
    ("state=suspended", ["credit", "voluntary", "person"]),
    ("state=cancelled", ["cancelled"]),
    ("hold=credit", ["credit"]),
    ("hold=voluntary", ["voluntary"]),
    ("hold=real_name", ["person"]),
    ("hold=anomaly", []),
    ("carrier=cucc", ["testing"]),
    ("plan=M1-100", ["in_use"]),
    ("certification=individual", ["person"]),
    ("customer=Acme", ["unused"]),
    ("expiring=22", ["in_use"]),
    ("expiring=21", []),
    ("due=22", ["in_use", "credit"]),
    ("state=suspended&certification=enterprise", ["credit", "voluntary"]),
    ("current_plan=Y1-30", ["credit", "voluntary"]),
    ("current_plan=M1-100", ["in_use"]),
    ("current_plan=Y1-1024", []),
    ("cancelled_since=2026-03-10&cancelled_through=2026-03-10", ["cancelled"]),
    ("opened_through=2026-01-15&state=suspended", ["credit", "voluntary", "person"]),
    ("stock=1", ["testing", "in_use", "voluntary", "person", "cancelled"]),
    ("stock=1&carrier=cmcc", ["in_use", "voluntary", "person", "cancelled"]),
    ("tag=lot-1", ["unused", "in_use"]),
    ("tag=lot-2", ["in_use"]),
    ("tag=lot-1&state=unused", ["unused"]),
    ("sort=iccid&cols=msisdn,usage", ["unused", "testing", "in_use", "credit", "voluntary", "person", "cancelled"]),
    ("q=", ["unused", "testing", "in_use", "credit", "voluntary", "person", "cancelled"]),
    ("q=8986&state=testing", ["testing"]),
    ("q=10640000000022", []),
]


@on_day(DAY)
def test_each_filter_finds_exactly_its_cards(fleet):
    assert [(query, found(query)) for query, _names in FILTERS] == [
        (query, [fleet[name] for name in names]) for query, names in FILTERS
    ]


@on_day(DAY)
def test_a_range_of_days_has_both_of_its_ends_in_it(fleet):
    """By the days that people are shown: the last day of service, and of a cancelled card the day on which it was."""
    cases = {
        "opened": (fleet["in_use"], DAY),
        "activated": (fleet["in_use"], DAY),
        "ends": (fleet["in_use"], date(2026, 3, 31)),
        "cancelled": (fleet["cancelled"], DAY),
    }
    for name, (card, day) in cases.items():
        for edge, days_apart in (("since", [0, 1]), ("through", [0, -1])):
            around = [card in found(f"{name}_{edge}={day + timedelta(days=apart)}") for apart in days_apart]
            assert (name, edge, around) == (name, edge, [True, False])
        assert found(f"{name}_since={day}&{name}_through={day}") == [card]


def test_cards_are_cancelled_on_the_day_of_it_and_not_on_the_one_that_was_planned():
    planned = swept(card_in_use(plan="M1-100"), date(2026, 3, 5))
    early = do("cancel", swept(card_in_use(plan="M1-100"), date(2026, 3, 5)), DAY, reason="lost")
    assert (planned.cancel_on, found("cancelled_since=2026-01-01")) == (date(2026, 5, 2), [early])
    assert found(f"cancelled_since={DAY}&cancelled_through={DAY}") == [early]
    assert found(f"cancelled_since={planned.cancel_on}") == []


def test_the_current_plan_is_that_of_the_term_that_runs():
    card = do("renew", card_in_use(plan="M1-100", since=DAY), DAY, plan="Y1-30")
    stopped = do("suspend", card_in_use(plan="Y1-30", since=DAY), DAY)
    do("cancel", card_in_use(plan="Y1-30", since=DAY), DAY, reason="lost")

    def running(day):
        with on_day(day):
            return {plan: found(f"current_plan={plan}") for plan in ("M1-100", "Y1-30")}

    assert running(date(2026, 3, 31)) == {"M1-100": [card], "Y1-30": [stopped]}
    swept(card, date(2026, 4, 1))
    assert running(date(2026, 4, 1)) == {"M1-100": [], "Y1-30": [card, stopped]}
    assert found("plan=M1-100") == [card]
    swept(card, date(2027, 4, 1))
    assert running(date(2027, 4, 1)) == {"M1-100": [], "Y1-30": []}


def test_parked_cards_are_found():
    broken, _sound = card_in_use(), card_in_use()
    spoil(broken, service_from=None)
    attempt("suspend", broken, DAY)
    assert found("parked=1") == [broken]


@pytest.mark.once
@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ("nonsense=1", ["There is no filter called “nonsense”."]),
        ("state=open", ["State: Select a valid choice. open is not one of the available choices."]),
        ("hold=lost", ["Hold: Select a valid choice. lost is not one of the available choices."]),
        ("state=unused&state=testing", ["The filter “state” is given more than once."]),
        ("customer=Nobody", ["Customer: There is no customer with “Nobody” in their name."]),
        ("tag=lot", ["Tag: Select a valid choice. That choice is not one of the available choices."]),
        ("stock=0", ["Stock: Select a valid choice. 0 is not one of the available choices."]),
        ("quick=idle", ["Quick filter: Select a valid choice. idle is not one of the available choices."]),
        ("quick=low&quick=parked", ["The filter “quick” is given more than once."]),
        ("sort=usage", ["Sort by: Select a valid choice. usage is not one of the available choices."]),
        ("cols=msisdn,nonsense", ["Columns: There is no column called “nonsense”."]),
        ("cols=msisdn,msisdn", ["Columns: A column is chosen more than once."]),
        ("after=2026-03-10_7", ["after: “2026-03-10_7” is not a position in this list."]),
        ("after=end", ["after: “end” is not a position in this list."]),
        ("sort=expiry&after=7", ["after: “7” is not a position in this list."]),
        ("sort=expiry&before=soon_7", ["before: “soon_7” is not a position in this list."]),
        ("plan=NONE", ["Opening plan: Select a valid choice. NONE is not one of the available choices."]),
        ("expiring=soon", ["Service ends within (days): Enter a whole number."]),
        ("expiring=0", ["Service ends within (days): Ensure this value is greater than or equal to 1."]),
        ("due=99999", ["Due within (days): Ensure this value is less than or equal to 3650."]),
        (
            "current_plan=PACK-100",
            ["Current plan: Select a valid choice. PACK-100 is not one of the available choices."],
        ),
        ("opened_since=yesterday", ["Opened, from: Enter a valid date."]),
        ("opened_since=01/02/2026", ["Opened, from: Enter a valid date."]),
        ("ends_through=2026-02-30", ["Last day of service, through: Enter a valid date."]),
        ("ends_through=9999-12-31", ["Last day of service, through: Give a day from 2000-01-01 to 2199-12-31."]),
        (
            "cancelled_since=2026-03-02&cancelled_through=2026-03-01",
            ["Cancelled on: 2026-03-02 is after 2026-03-01, so no day lies between them."],
        ),
        ("opened_since=2026-01-01&opened_since=2026-01-02", ["The filter “opened_since” is given more than once."]),
        ("parked=yes", ["Parked: Select a valid choice. yes is not one of the available choices."]),
        ("after=x", ["after: “x” is not a position in this list."]),
        ("after=99999999999999999999", ["after: “99999999999999999999” is not a position in this list."]),
        ("after=3&before=9", ["A page begins after one card or ends before one, not both."]),
        ("q=a%00b", ["Search: Null characters are not allowed."]),
    ],
)
def test_what_cannot_be_read_finds_nothing_and_says_why(query, sentences):
    open_card()
    assert complaints(query) == sentences


def test_a_customer_is_meant_by_a_part_of_the_name_that_no_other_has():
    city, other = (open_card(customer=f"惠州{name}物联有限公司") for name in ("北方", "南方"))
    exact = open_card(customer="惠州")
    assert [found(f"customer={text}") for text in ("惠州", "北方", "南方物联")] == [[exact], [city], [other]]
    assert complaints("customer=物联") == [
        "Customer: Which customer do you mean: 惠州北方物联有限公司, 惠州南方物联有限公司?"
    ]
    for number in range(4):
        Customer.objects.create(name=f"Acme 物联 {number}")
    assert complaints("customer=物联") == ["Customer: Many customers have “物联” in their name: type more of it."]
    assert complaints("customer=acme 物联 9") == ["Customer: There is no customer with “acme 物联 9” in their name."]
    assert found("customer=ACME+物联+3") == []


@on_day(DAY)
def test_a_tag_that_was_taken_off_again_is_found_no_more(fleet):
    do("untag", fleet["unused"], DAY, tag="lot-1")
    assert found("tag=lot-1") == [fleet["in_use"]]
    Tag.objects.create(name="nobody")
    assert found("tag=nobody") == []


def quickly(name, day):
    with on_day(day):
        return found(f"quick={name}")


def days_found(name, first, last):
    """How many cards the quick filter finds: the day before the first, on the first, on the last, the day after."""
    days = [first - timedelta(days=1), first, last, last + timedelta(days=1)]
    return [len(quickly(name, day)) for day in days]


def test_low_and_used_up_are_true_as_long_as_their_cycle():
    low, used_up = use(card_in_use(), DAY, 24), use(card_in_use(), DAY, 30)
    use(card_in_use(), DAY, 23.9)
    last = date(2026, 3, 31)
    assert (quickly("low", last), quickly("used_up", last)) == ([low], [used_up])
    assert (quickly("low", date(2026, 4, 1)), quickly("used_up", date(2026, 4, 1))) == ([], [])


def test_expiring_are_the_30_days_before_the_end():
    card_in_use(plan="M1-100", since=DAY)
    open_card()
    assert days_found("expiring", date(2026, 3, 2), date(2026, 3, 31)) == [0, 1, 1, 0]


def test_expired_are_shut_down_and_not_yet_cancelled():
    card = swept(card_in_use(plan="M1-100", since=DAY), date(2026, 4, 1))
    open_card()
    assert quickly("expired", DAY) == [card]
    swept(card, card.cancel_on)
    assert quickly("expired", DAY) == []


def test_cancelling_are_the_last_14_days_unless_protected_or_renewed():
    card = swept(card_in_use(plan="M1-100", since=DAY), date(2026, 4, 1))
    first = card.cancel_on - timedelta(days=14)
    assert days_found("cancelling", first, card.cancel_on) == [0, 1, 1, 1], "until the sweep has been there"
    do("protect", card, date(2026, 4, 1))
    assert quickly("cancelling", first) == []
    do("unprotect", card, date(2026, 4, 1))
    assert len(quickly("cancelling", first)) == 1
    do("renew", card, date(2026, 4, 1), plan="M1-100")
    assert quickly("cancelling", first) == []


def test_cancelled_cards_are_not_about_to_be():
    card = swept(card_in_use(plan="M1-100", since=DAY), date(2026, 4, 1))
    swept(card, card.cancel_on)
    assert quickly("cancelling", card.cancel_on) == []


def test_forced_are_those_of_the_next_calendar_month():
    silent = open_card()
    card_in_use()
    do("cancel", open_card(), DAY, reason="lost")
    assert silent.forced_activation_on == date(2026, 8, 1)
    assert days_found("forced", date(2026, 7, 1), date(2026, 7, 31)) == [0, 1, 1, 0]
    held = do("place_hold", silent, DAY, kind="anomaly")
    assert quickly("forced", date(2026, 7, 1)) == [held]


def test_a_real_name_check_waits_from_its_submission_to_its_decision():
    card = open_card(certification="individual")
    assert quickly("real_name", DAY) == []
    card = do("submit_real_name", card, DAY, name="张三丰", id_number="110101199003071234")
    assert quickly("real_name", DAY) == [card]
    do("approve_real_name", card, DAY)
    assert quickly("real_name", DAY) == []


def test_a_check_of_a_cancelled_card_waits_for_nobody():
    card = open_card(certification="individual")
    card = do("submit_real_name", card, DAY, name="张三丰", id_number="110101199003071234")
    do("cancel", card, DAY, reason="lost")
    assert quickly("real_name", DAY) == []


def test_stray_are_cards_used_without_service():
    card = swept(card_in_use(plan="M1-100"), DAY)
    card = use(card, date(2026, 1, 31), 1)
    assert quickly("stray", DAY) == []
    card = use(card, DAY, 1)
    assert quickly("stray", DAY) == [card]


def test_parked_is_a_quick_filter_too():
    broken, _sound = card_in_use(), card_in_use()
    spoil(broken, service_from=None)
    attempt("suspend", broken, DAY)
    assert found("quick=parked") == [broken]


@on_day(DAY)
def test_quick_filters_stand_beside_the_others(fleet):
    assert found("quick=used_up&hold=credit") == [fleet["credit"]]
    assert found("quick=used_up&hold=voluntary") == []
    assert all(filter_of(f"quick={name}").is_valid() for name in QUICK)


@on_day(DAY)
def test_the_tabs_are_counted_once_for_all_of_them(fleet, django_assert_num_queries):
    filtered = filter_of("hold=voluntary&certification=enterprise")
    with django_assert_num_queries(1):
        counted = tab_counts(filtered)
    assert (counted.is_exact, counted.is_kept) == (True, False)
    assert {code: count for code, count in counted.counts.items() if count} == {
        "": 6,
        "unused": 1,
        "testing": 1,
        "in_use": 1,
        "suspended": 2,
        "credit": 1,
        "voluntary": 1,
        "cancelled": 1,
    }


@on_day(DAY)
@pytest.mark.parametrize("query", ["", "state=unused", "hold=credit&sort=expiry&cols=usage"])
def test_over_all_cards_the_tabs_say_the_kept_sums(fleet, query):
    counted = tab_counts(filter_of(query))
    assert (counted.is_exact, counted.is_kept, counted.counts[""], counted.counts["suspended"]) == (True, True, 7, 3)


@on_day(DAY)
def test_above_the_cap_the_tabs_say_at_least(fleet, monkeypatch):
    monkeypatch.setattr("cards.state_counts.COUNTED", 6)
    assert tab_counts(filter_of("certification=enterprise")).is_exact
    monkeypatch.setattr("cards.state_counts.COUNTED", 5)
    counted = tab_counts(filter_of("certification=enterprise"))
    assert (counted.is_exact, counted.is_kept, counted.counts[""]) == (False, False, 5)
    assert tab_counts(filter_of("", Card.objects.filter(pk__lt=0))).counts[""] == 0
    assert tab_counts(filter_of("nonsense=1")).counts[""] == 0
    assert COUNTED == 1_000


def test_a_customers_member_gets_no_sums_over_all_cards():
    open_card(customer="Other")
    ours = open_card(customer="Acme")
    counted = tab_counts(filter_of("", Card.objects.visible_to(member("Acme"))))
    assert (counted.is_kept, counted.counts[""], in_order(f"q={ours.iccid}")) == (False, 1, [ours])


def test_what_a_card_shows_is_told_by_the_first_letters_of_its_hold():
    assert len({hold[:3] for hold in Hold.values}) == len(Hold)


def spans(day):
    """The last day of service that people are shown."""
    return day and day - timedelta(days=1)


ASKED_IN_PYTHON = {
    "state=in_use": lambda card: card.state == "in_use",
    "plan=Y1-30": lambda card: card.plan.code == "Y1-30",
    "current_plan=Y1-30": lambda card: card.term_runs and card.quota_mb == 30,
    "opened_since=2026-01-20": lambda card: card.opened_on >= date(2026, 1, 20),
    "opened_through=2026-02-28": lambda card: card.opened_on <= date(2026, 2, 28),
    "activated_since=2026-01-16": lambda card: bool(card.activated_on) and card.activated_on >= date(2026, 1, 16),
    "activated_through=2026-03-09": lambda card: bool(card.activated_on) and card.activated_on <= date(2026, 3, 9),
    "ends_since=2026-04-01": lambda card: bool(card.service_until) and spans(card.service_until) >= date(2026, 4, 1),
    "ends_through=2026-12-31": lambda card: (
        bool(card.service_until) and spans(card.service_until) <= date(2026, 12, 31)
    ),
    "cancelled_since=2026-03-10": lambda card: card.is_final and card.cancel_on >= DAY,
    "certification=individual": lambda card: card.certification == "individual",
}


@on_day(DAY)
def test_any_two_filters_together_find_what_each_card_is_asked_for_by_itself(fleet):
    for plan, since in (("M1-100", date(2026, 1, 16)), ("Y1-30", date(2026, 3, 1)), ("Y1-1024", date(2026, 2, 10))):
        swept(card_in_use(plan=plan, since=since), DAY)
    cards = list(Card.objects.select_related("plan").order_by("pk"))
    pairs = list(combinations(ASKED_IN_PYTHON, 2))
    expected = {pair: [card for card in cards if all(ASKED_IN_PYTHON[one](card) for one in pair)] for pair in pairs}
    assert {pair: found("&".join(pair)) for pair in pairs} == expected
    assert len(set(map(str, expected.values()))) > 15


def test_each_request_has_filters_and_fields_of_its_own():
    """None of them is changed by what is done to another's, and each asks the filters whose it is."""
    first, second = (CardFilter(QueryDict(""), queryset=Card.objects.all()) for _request in range(2))
    first.form.fields["customer"].widget.attrs["list"] = "customers"
    first.form.fields["sort"].choices = first.filters["plan"].extra["choices"] = []
    assert second.form.fields["customer"].widget.attrs == {"autocomplete": "off"}
    assert [len(second.form.fields[name].choices) > 1 for name in ("sort", "plan")] == [True, True]
    assert "choices" not in CardFilter.base_filters["plan"].extra
    assert {each.parent for each in first.filters.values()} == {first}
    assert first.filters["stock"].filter.f is first.filters["stock"]
    assert list(first.form.fields) == [*CardForm.base_fields, *CardFilter.base_filters]
