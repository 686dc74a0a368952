"""The search box: how what is typed or pasted there is read, what it finds, and by which index."""

from datetime import date
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.utils.translation import override

from cards.filters import filter_for
from cards.models import Card
from cards.search import (
    MOST_NUMBERS,
    Beginning,
    Ending,
    Numbers,
    TwoReadings,
    WordsSought,
    look_up,
    numbers_in,
    understood,
)
from tests.build import card_in_use, do, member, on_day, open_card, use
from tests.console.filtering import complaints, filter_of, found

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "868600000000001", "868600000000019"


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


def test_ten_thousand_numbers_are_read_and_one_more_is_refused():
    card = open_card()
    numbers = [f"8986{number:016d}" for number in range(1, MOST_NUMBERS + 1)]
    filtered = filter_of("q=" + "+".join(numbers))
    assert (filtered.cards, filtered.found.matched, len(filtered.found.unknown)) == ([card], numbers[:1], 9_999)
    assert complaints("q=" + "+".join([*numbers, "89860000000000099999"])) == [
        "Search: a search takes at most 10000 numbers, not 10001"
    ]


def test_a_pasted_list_tells_matched_ambiguous_and_unknown():
    one = open_card(msisdn="1064000000001")
    twins = [open_card(msisdn="13800000000"), open_card(msisdn="13800000000")]
    filtered = filter_of(f"q={one.iccid}%0A13800000000%2C1064000000001+99999999999%09hello")
    assert filtered.cards == [one, *twins]
    assert (filtered.found.matched, filtered.found.ambiguous, filtered.found.unknown) == (
        [one.iccid, "1064000000001"],
        ["13800000000"],
        ["99999999999", "HELLO"],
    )


def test_a_number_is_unknown_only_if_there_is_no_such_card_not_if_a_filter_hides_it():
    card = open_card()
    filtered = filter_of(f"q={card.iccid}+1064000000001&state=in_use")
    assert (filtered.cards, filtered.found.matched, filtered.found.unknown) == ([], [card.iccid], ["1064000000001"])


def test_another_customers_cards_are_unknown():
    theirs, ours = open_card(customer="Other"), open_card(customer="Acme")
    filtered = filter_of(f"q={theirs.iccid}+{ours.iccid}", Card.objects.visible_to(member("Acme")))
    assert (filtered.cards, filtered.found.matched, filtered.found.unknown) == ([ours], [ours.iccid], [theirs.iccid])


@pytest.mark.once
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


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", None),
        ("898", Ending("898")),
        ("8986", TwoReadings(Ending("8986"), Beginning("iccid", "8986"))),
        ("898600", TwoReadings(Ending("898600"), Beginning("iccid", "898600"))),
        ("8986000", Beginning("iccid", "8986000")),
        ("8986*", Beginning("iccid", "8986")),
        ("898600000000001", Beginning("iccid", "898600000000001")),
        ("8986 0000 0000", Beginning("iccid", "898600000000")),
        ("8986000000000000001", Numbers(["8986000000000000001"])),
        ("8986000000000000001*", Beginning("iccid", "8986000000000000001")),
        ("1", Beginning("msisdn", "1")),
        ("144", Beginning("msisdn", "144")),
        ("1475", TwoReadings(Ending("1475"), Beginning("msisdn", "1475"))),
        ("14 75", TwoReadings(Ending("1475"), Beginning("msisdn", "1475"))),
        ("1440000", Beginning("msisdn", "1440000")),
        ("13800000000", Beginning("msisdn", "13800000000")),
        ("138000000001", Beginning("msisdn", "138000000001")),
        ("1064000000001", Numbers(["1064000000001"])),
        ("10640000000012", TwoReadings(Beginning("imei", "10640000000012"), Ending("10640000000012"))),
        ("1064000000001234", TwoReadings(Beginning("imei", "10640000000012"), Ending("1064000000001234"))),
        ("46000", TwoReadings(Ending("46000"), Beginning("imsi", "46000"))),
        ("460001", TwoReadings(Ending("460001"), Beginning("imsi", "460001"))),
        ("4600012", Beginning("imsi", "4600012")),
        ("46*", Beginning("imei", "46")),
        ("460*", Beginning("imsi", "460")),
        ("460000000000001", Numbers(["460000000000001"])),
        ("8674*", Beginning("imei", "8674")),
        ("８６７４＊", Beginning("imei", "8674")),
        ("*0157", Ending("0157")),
        ("*01 57", Ending("0157")),
        ("*15F", Ending("15F")),
        ("*015F", TwoReadings(Ending("015F"), Ending("015"))),
        ("0157", TwoReadings(Ending("0157"), Beginning("imei", "0157"))),
        ("0157001", Ending("0157001")),
        ("1475 8986000000000000001", Numbers(["1475", "8986000000000000001"])),
        ("1475, 1476", Numbers(["1475", "1476"])),
        ("1475/1476", Numbers(["1475", "1476"])),
        ("1475\n1476", Numbers(["1475", "1476"])),
        ("57", WordsSought("57")),
        ("89860000000000000001234", Numbers(["89860000000000000001234"])),
        ("123456789012\n223456789012", Numbers(["123456789012", "223456789012"])),
        ("8.98608E+19", Numbers(["8.98608E+19"])),
        (" Acme Ltd ", WordsSought("Acme Ltd")),
        ("Acme*", WordsSought("Acme")),
        ("深圳（南山）", WordsSought("深圳（南山）")),
        ("3M", WordsSought("3M")),
        ("Acme 8986000000000000001", Numbers(["ACME", "8986000000000000001"])),
    ],
)
def test_the_term_decides_what_is_asked(text, meaning):
    assert understood(text) == meaning


@pytest.mark.once
@pytest.mark.parametrize("text", ["*", "*57", "**", "1*2", "*15*"])
def test_a_star_that_tells_nothing_is_refused(text):
    card = open_card()
    sentence = (
        f"Search: “{text}” is ambiguous: "
        "write 1440* to match the beginning, or *157 to match the end (three digits or more)"
    )
    assert complaints(f"q={text}") == [sentence]
    assert found("q=8986*") == [card]


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1064000000001", "the card with the number 1064000000001"),
        ("1064000000001 1064000000002", "the cards with 2 numbers"),
        ("8986*", "cards whose ICCID begins with 8986"),
        ("8674*", "cards whose IMEI begins with 8674"),
        ("*0157", "cards whose number ends in 0157"),
        ("Acme", "cards with “Acme” in their customer's name or their remark, or as a tag"),
    ],
)
def test_what_was_understood_is_said(text, sentence):
    with override("en"):
        assert understood(text).sentence() == sentence


@pytest.fixture
def fleet():
    return {
        "first": open_card(iccid="89860000000000010157", msisdn="14400000001", imsi="460040000000001", customer="Acme"),
        "second": open_card(iccid="89860000000000020003", msisdn="14400000157", imsi="460080000000002"),
        "seen": use(card_in_use(iccid="8986000000000003015E", binding="fixed", imei=IMEI), DAY, 1, imei=OTHER_IMEI),
        "bare": open_card(iccid="8986000000000004999", customer="Acme Ltd", carrier="cucc"),
    }


TERMS = [
    ("*0157", ["first", "second"]),
    ("*10157", ["first"]),
    ("0157", ["first", "second"]),
    ("*157", ["first", "second"]),
    ("*15E", ["seen"]),
    ("*15e", ["seen"]),
    ("*4999F", ["bare"]),
    ("1440", ["first", "second"]),
    ("868600", ["seen"]),
    ("0003", ["second"]),
    ("4999", ["bare"]),
    ("46008", ["second"]),
    ("*4999", ["bare"]),
    ("*158", []),
    ("8986000000000002*", ["second"]),
    ("1440*", ["first", "second"]),
    ("144000000015", []),
    ("144000001", ["second"]),
    ("46004*", ["first"]),
    ("46008000", ["second"]),
    ("86860000000000*", ["seen"]),
    (IMEI, ["seen"]),
    (IMEI[:14], ["seen"]),
    (f"{IMEI[:14]}78", ["seen"]),
    (f"{OTHER_IMEI[:14]} 78", ["seen"]),
    (f"{OTHER_IMEI[:13]}978", []),
    (OTHER_IMEI, ["seen"]),
    ("Acme", ["first", "bare"]),
    ("Acme Ltd", ["bare"]),
    ("acme", ["first", "bare"]),
    ("cme l", ["bare"]),
    ("*0157&carrier=cucc", []),
    ("Acme&carrier=cucc", ["bare"]),
]


@on_day(DAY)
def test_each_term_finds_exactly_its_cards(fleet, monkeypatch):
    expected = [(query, [fleet[name] for name in names]) for query, names in TERMS]
    assert [(query, found(f"q={query}")) for query, _names in TERMS] == expected
    monkeypatch.setattr("cards.search.LOOKED_UP", 0)
    assert [(query, found(f"q={query}")) for query, _names in TERMS] == expected, "also where very many are meant"


def test_one_card_given_by_two_of_its_numbers_is_one_card():
    card = open_card(msisdn="1064000000001", imsi="460000000000001")
    filtered = filter_of(f"q=1064000000001+{card.iccid}+{card.iccid[:19]}+460000000000001")
    assert (filtered.cards, filtered.found.card_ids) == ([card], [card.pk])
    assert (filtered.found.matched, filtered.found.unknown) == (
        ["1064000000001", card.iccid, card.iccid[:19], "460000000000001"],
        [],
    )


def test_one_statement_looks_up_any_mix(django_assert_num_queries):
    card = open_card(msisdn="1064000000001", imsi="460000000000001")
    numbers = [card.iccid, "1064000000001", "460000000000001", "99999999999", "words"]
    with django_assert_num_queries(1):
        ids = look_up(numbers)
    assert ids == dict(zip(numbers, [{card.pk}, {card.pk}, {card.pk}, set(), set()], strict=True))


def test_words_are_looked_for_in_names_remarks_and_tags(django_assert_max_num_queries):
    named = open_card(customer="惠州北方物联")
    noted = do("remark", open_card(customer="Acme"), DAY, remark="粤B12345 北方仓, ask <Bob>")
    tagged = do("tag", open_card(), DAY, tag="北方")
    do("tag", open_card(), DAY, tag="北方-2")
    cases = {
        "北方": [named, noted, tagged],
        "惠州": [named],
        "acme": [noted],
        "ＡＣＭＥ": [noted],
        "粤b12345": [noted],
        "仓, ask <": [noted],
        "北方仓": [noted],
        "北方-2": [Card.objects.get(tags="北方-2")],
        "北_": [],
        "南方": [],
    }
    with django_assert_max_num_queries(8 * len(cases)):
        assert {text: filter_of(f"q={quote(text)}").cards for text in cases} == cases
    assert filter_of(f"q={quote('北方')}&state=unused&customer=Acme").cards == [noted]


def test_where_very_many_cards_have_the_words_the_table_is_read(monkeypatch):
    monkeypatch.setattr("cards.search.LOOKED_UP", 1)
    named = [open_card(customer="North") for _ in range(2)]
    noted = [do("remark", open_card(), DAY, remark="north gate") for _ in range(2)]
    tagged = do("tag", open_card(), DAY, tag="north")
    open_card()
    assert filter_of("q=north").cards == [*named, *noted, tagged]
    assert filter_of("q=gate").cards == noted


def test_customers_find_nothing_by_what_staff_note():
    noted = do("tag", do("remark", open_card(customer="Acme"), DAY, remark="owes us"), DAY, tag="owes us")
    user = member("Acme")
    with override("en"):
        asked = {text: filter_for(user, QueryDict(f"q={text}")) for text in ("owes us", "cme")}
        assert {text: list(filtered.qs) for text, filtered in asked.items()} == {"owes us": [], "cme": [noted]}
        said = asked["cme"].form.cleaned_data["q"].sentence()
    assert said == "cards of customers with “cme” in their name"
