"""Parameters become a queryset in one place: each filter, what the search box understands, and what is refused."""

from datetime import date

import pytest
from django.http import QueryDict
from django.utils.translation import override

from cards.filters import CardFilter
from cards.models import Card, Customer
from cards.paging import counts_up_to, page_of
from cards.search import MOST_NUMBERS, Beginning, Name, Numbers, look_up, numbers_in, understood
from tests.build import attempt, card_in_use, do, member, on_day, open_card, use

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "868600000000001", "868600000000002"


def asked(query, cards=None):
    """The filter for a query string, read."""
    filtered = CardFilter(QueryDict(query), queryset=Card.objects.all() if cards is None else cards)
    filtered.cards = list(filtered.qs.order_by("pk"))
    return filtered


def found(query):
    return asked(query).cards


def complaints(query):
    with override("en"):
        filtered = asked(query)
        assert filtered.cards == []
        return list(filtered.complaints())


@pytest.fixture
def fleet():
    """One card for each thing that a filter asks about."""
    return {
        "unused": open_card(msisdn="1064000000001", imsi="460000000000001", customer="Acme"),
        "testing": open_card(test_months=3, test_quota_mb=30, carrier="cucc", plan="Y1-1024"),
        "in_use": card_in_use(msisdn="1064000000022", plan="M1-100", since=DAY),
        "credit": do("suspend", use(card_in_use(customer="Acme Ltd"), DAY, 30), DAY),
        "voluntary": do("suspend", card_in_use(binding="fixed", imei=IMEI), DAY),
        "person": use(open_card(certification="individual"), DAY, 1),
        "cancelled": do("cancel", open_card(), DAY, reason="lost"),
    }


@on_day(DAY)
@pytest.mark.parametrize(
    ("query", "names"),
    [
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
        ("q=", ["unused", "testing", "in_use", "credit", "voluntary", "person", "cancelled"]),
        ("q=Acme", ["unused", "credit"]),
        ("q=Acme+Ltd", ["credit"]),
        ("q=Nobody", []),
        ("q=1064000000001", ["unused"]),
        ("q=10640000000", ["unused", "in_use"]),
        ("q=1064", ["unused", "in_use"]),
        ("q=460000000000001", ["unused"]),
        (f"q={IMEI}", ["voluntary"]),
        ("q=8986", ["unused", "testing", "in_use", "credit", "voluntary", "person", "cancelled"]),
        ("q=8986&state=testing", ["testing"]),
        ("q=10640000000022", []),
    ],
)
def test_each_filter_finds_exactly_its_cards(fleet, query, names):
    assert found(query) == [fleet[name] for name in names]


def test_parked_cards_are_found():
    broken, _sound = card_in_use(), card_in_use()
    Card.objects.filter(pk=broken.pk).update(service_from=None)
    attempt("suspend", broken, DAY)
    assert found("parked=1") == [broken]


def test_a_card_is_found_by_the_device_it_was_seen_in():
    card = use(card_in_use(binding="fixed", imei=IMEI), DAY, 1, imei=OTHER_IMEI)
    assert found(f"q={OTHER_IMEI}") == [card]


@pytest.mark.parametrize("stored", ["8986000000000000001", "89860000000000000017"])
@pytest.mark.parametrize("typed", ["8986000000000000001", "89860000000000000017"])
def test_19_and_20_characters_find_each_other(stored, typed):
    card = open_card(iccid=stored)
    assert found(f"q={typed}") == [card]


def test_20_characters_do_not_find_another_check_digit():
    open_card(iccid="89860000000000000017")
    assert found("q=89860000000000000018") == []


@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ("nonsense=1", ["There is no filter called “nonsense”."]),
        ("state=open", ["State: Select a valid choice. open is not one of the available choices."]),
        ("hold=lost", ["Stopped by: Select a valid choice. lost is not one of the available choices."]),
        ("state=unused&state=testing", ["The filter “state” is given more than once."]),
        ("customer=Nobody", ["Customer: Select a valid choice. That choice is not one of the available choices."]),
        ("plan=NONE", ["Opening plan: Select a valid choice. NONE is not one of the available choices."]),
        ("expiring=soon", ["Term ends within (days): Enter a whole number."]),
        ("expiring=0", ["Term ends within (days): Ensure this value is greater than or equal to 1."]),
        ("due=99999", ["Something is due within (days): Ensure this value is less than or equal to 3650."]),
        ("parked=yes", ["Parked: Select a valid choice. yes is not one of the available choices."]),
        ("after=x", ["after: “x” is no place in this list."]),
        ("after=99999999999999999999", ["after: “99999999999999999999” is no place in this list."]),
        ("after=3&before=9", ["A page begins after one card or ends before one, not both."]),
        ("q=a%00b", ["Search: Null characters are not allowed."]),
    ],
)
def test_what_cannot_be_read_finds_nothing_and_says_why(query, sentences):
    open_card()
    assert complaints(query) == sentences


def test_ten_thousand_numbers_are_read_and_one_more_is_refused():
    card = open_card()
    numbers = [f"8986{number:016d}" for number in range(1, MOST_NUMBERS + 1)]
    filtered = asked("q=" + "+".join(numbers))
    assert (filtered.cards, filtered.found.matched, len(filtered.found.unknown)) == ([card], numbers[:1], 9_999)
    assert complaints("q=" + "+".join([*numbers, "89860000000000099999"])) == [
        "Search: 10001 numbers are too many for one search: at most 10000"
    ]


def test_a_pasted_list_tells_matched_ambiguous_and_unknown():
    one = open_card(msisdn="1064000000001")
    twins = [open_card(msisdn="13800000000"), open_card(msisdn="13800000000")]
    filtered = asked(f"q={one.iccid}%0A13800000000%2C1064000000001+99999999999%09hello")
    assert filtered.cards == [one, *twins]
    assert (filtered.found.matched, filtered.found.ambiguous, filtered.found.unknown) == (
        [one.iccid, "1064000000001"],
        ["13800000000"],
        ["99999999999", "HELLO"],
    )


def test_a_number_is_unknown_only_if_there_is_no_such_card_not_if_a_filter_hides_it():
    card = open_card()
    filtered = asked(f"q={card.iccid}+1064000000001&state=in_use")
    assert (filtered.cards, filtered.found.matched, filtered.found.unknown) == ([], [card.iccid], ["1064000000001"])


def test_another_customers_cards_are_unknown():
    theirs, ours = open_card(customer="Other"), open_card(customer="Acme")
    filtered = asked(f"q={theirs.iccid}+{ours.iccid}", Card.objects.visible_to(member("Acme")))
    assert (filtered.cards, filtered.found.matched, filtered.found.unknown) == ([ours], [ours.iccid], [theirs.iccid])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("8986000000000000001 8986000000000000002", ["8986000000000000001", "8986000000000000002"]),
        ("8986 0000 0000 0000 001\n13800000000", ["8986000000000000001", "13800000000"]),
        ("８９８６００００００００００００００１，13800000000；", ["8986000000000000001", "13800000000"]),
        ("8986000000000000001、8986000000000000001", ["8986000000000000001"]),
        ("\ufeff'8986000000000000001'\u200b\r\n\r\n\"13800000000\"", ["8986000000000000001", "13800000000"]),
        ("898600a0000000000001", ["898600A0000000000001"]),
        ("  \n ", []),
    ],
)
def test_numbers_are_read_whatever_stands_between_them(text, numbers):
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", None),
        ("8986", Beginning("iccid", "8986")),
        ("898600000000001", Beginning("iccid", "898600000000001")),
        ("8986000000000000001", Numbers(["8986000000000000001"])),
        ("460000000000001", Numbers(["460000000000001"])),
        ("138", Beginning("msisdn", "138")),
        ("13800000000", Beginning("msisdn", "13800000000")),
        ("1064000000001", Numbers(["1064000000001"])),
        ("8.98608E+19", Numbers(["8.98608E+19"])),
        (" Acme Ltd ", Name("Acme Ltd")),
        ("深圳（南山）", Name("深圳（南山）")),
        ("3M", Name("3M")),
        ("Acme 8986000000000000001", Numbers(["ACME", "8986000000000000001"])),
    ],
)
def test_the_term_decides_what_is_asked(text, meaning):
    assert understood(text) == meaning


def test_one_statement_looks_up_any_mix(django_assert_num_queries):
    card = open_card(msisdn="1064000000001", imsi="460000000000001")
    numbers = [card.iccid, "1064000000001", "460000000000001", "99999999999", "words"]
    with django_assert_num_queries(1):
        ids = look_up(numbers)
    assert ids == dict(zip(numbers, [{card.pk}, {card.pk}, {card.pk}, set(), set()], strict=True))


def test_pages_follow_each_other_in_both_directions():
    for _ in range(5):
        open_card()
    ids = list(Card.objects.order_by("-pk").values_list("pk", flat=True))

    def page(**cursor):
        page = page_of(Card.objects.all(), 2, **cursor)
        return [card.pk for card in page.rows], page.before, page.after

    assert page() == (ids[:2], None, ids[1])
    assert page(after=ids[1]) == (ids[2:4], ids[2], ids[3])
    assert page(after=ids[3]) == (ids[4:], ids[4], None)
    assert page(before=ids[4]) == (ids[2:4], ids[2], ids[3])
    assert page(before=ids[2]) == (ids[:2], None, ids[1])
    assert page(after=ids[4]) == ([], None, None)
    assert page(before=ids[0]) == ([], None, None)


def test_counts_stop_at_their_cap_in_one_statement(django_assert_num_queries):
    for _ in range(4):
        open_card()
    everything, nothing = Card.objects.all(), Card.objects.none()
    with django_assert_num_queries(1):
        counts = counts_up_to(2, [everything, everything.filter(pk__lt=0), nothing])
    assert counts == [3, 0, 0]


def test_a_customer_whose_name_begins_like_another_is_not_chosen_by_name():
    Customer.objects.create(name="Acme Ltd")
    assert complaints("customer=Acme") == [
        "Customer: Select a valid choice. That choice is not one of the available choices."
    ]
