"""C17: a number is found however people, spreadsheets and scanners write it, in the box and in files."""

from datetime import date, timedelta
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.utils.translation import override

from cards import identifiers
from cards.errors import BadInput
from cards.filters import filter_for
from cards.models import Card, UsageDay
from cards.search import numbers_in
from tests.build import card_in_use, member, on_day, open_card, use
from tests.commands.calls import card_row, csv_file, run, usage_row, xlsx_file
from tests.console.filtering import filter_of, found
from tests.console.pages import of_role, text
from tests.guest.build import token_of

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ICCID, OTHER_ICCID = "89860426012345675475", "8986042601234568999"
MSISDN, IMSI, IMEI = "1440000001475", "460040000001475", "868600000000016"
SEEN = "356938035643809"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def card():
    opened = card_in_use(iccid=ICCID, msisdn=MSISDN, imsi=IMSI, binding="fixed", imei=IMEI, customer="Acme")
    return use(opened, DAY, 1, imei=SEEN)


@pytest.fixture
def other():
    return open_card(iccid=OTHER_ICCID, msisdn="13800001476")


WRITTEN = [
    f"86{MSISDN}",
    f"+86{MSISDN}",
    f"0086{MSISDN}",
    f"+86 {MSISDN[:3]} {MSISDN[3:]}",
    f"(+86){MSISDN}",
    f"86-{MSISDN[:4]}-{MSISDN[4:]}",
    f"86+{MSISDN}",
    f"{MSISDN}.0",
    f"{MSISDN}.00",
    "1,440,000,001,475",
    f"MSISDN:{MSISDN}",
    f"手机号码：{MSISDN}",
    f"IMSI {IMSI}",
    f"460-04-{IMSI[5:]}",
    f"IMEI:{IMEI}",
    IMEI[:14],
    f"{IMEI[:14]}0",
    f"{IMEI[:14]}78",
    f"{SEEN[:14]}0",
    SEEN[:14],
    f"{SEEN[:8]} {SEEN[8:14]} 78",
    "-".join(ICCID[start : start + 4] for start in range(0, 20, 4)),
    ".".join(ICCID[start : start + 5] for start in range(0, 20, 5)),
    " ".join(ICCID[start : start + 4] for start in range(0, 20, 4)),
    f'="{ICCID}"',
    f"='{ICCID}'",
    f"'{ICCID}",
    f"`{ICCID}`",
    f"“{ICCID}”",
    f"ICCID:{ICCID}",
    f"ICCID：{ICCID}",
    f"iccid = {ICCID}",
    f"ICCID {ICCID[:10]} {ICCID[10:]}",
    f"卡号:{ICCID}",
    f"{ICCID}.0",
    f"{ICCID};",
    f"{ICCID[:19]}F",
    f"{ICCID[:19]}f",
    ICCID[:19],
    "".join(chr(ord(digit) + 0xFEE0) for digit in ICCID),
    f"\u200b{ICCID[:9]}\u200d{ICCID[9:]}\ufeff",
    f"\u202a{ICCID}\u202c",
    f"\t{ICCID}\t",
    f"https://sim.example.cn/my/claim/?iccid={ICCID}",
    f"HTTPS://SIM.EXAMPLE.CN/MY/CLAIM/?ICCID={ICCID}",
    f"sim.example.cn/my/claim/?iccid={ICCID}&from=label",
    f"https：//sim.example.cn/my/claim/？iccid={ICCID}",
    f"/my/claim/?iccid={ICCID}",
    f"http://127.0.0.1:8000/console/cards/{ICCID}/",
    f"http://127.0.0.1:8000/my/cards/{ICCID}/do/suspend/",
]


def test_the_box_finds_the_card_alone_and_in_a_list(card, other):
    for typed in WRITTEN:
        assert found("q=" + quote(typed)) == [card], typed
        filtered = filter_of("q=" + quote(f"{typed}\n{OTHER_ICCID}\n99999999999"))
        assert (filtered.cards, filtered.found.unknown) == ([card, other], ["99999999999"]), typed


def test_86_may_be_the_country_of_one_card_and_the_device_of_another(card):
    other = card_in_use(iccid=OTHER_ICCID, binding="fixed", imei=f"86{MSISDN}")
    for typed in (f"86{MSISDN}", f"+86{MSISDN}", f"IMEI:86{MSISDN}"):
        filtered = filter_of("q=" + quote(typed))
        assert (filtered.cards, filtered.found.ambiguous) == ([card, other], [f"86{MSISDN}"])
    assert found(f"q={MSISDN}") == [card]
    assert identifiers.imei(f"86{MSISDN}") == f"86{MSISDN}"


def test_the_pages_box_takes_what_a_hand_scanner_types(card, other):
    typed = f"http://testserver/my/claim/?iccid={ICCID}\r\n"
    response = of_role("operations").post("/console/cards/", {"q": typed}, follow=True)
    assert [row["iccid"] for row in response.context["rows"]] == [ICCID]


def test_the_label_of_a_card_is_scanned_into_the_box_alone_and_among_others(card, other):
    address, unknown = f"https://sim.example.cn/c/{token_of(card)}", "https://sim.example.cn/c/ZZZZ-ABCDEFGHJKLMNPQR"
    for typed in (address, address.upper(), f"{address}\r\n", f"/c/{token_of(card)}"):
        assert found("q=" + quote(typed)) == [card], typed
    assert found("q=" + quote(f"{address}\n{address.replace('/c/', '/C/')},{OTHER_ICCID}")) == [card, other]
    assert found("q=" + quote(unknown)) == []
    assert numbers_in(f"{address} {OTHER_ICCID}") == [ICCID, OTHER_ICCID]


def test_two_numbers_with_anything_between(card, other):
    address = "https://sim.example.cn/my/claim/?iccid="
    for between in ("/", " / ", "\\", "、", "，", "；", "|", ",", "\n", "\t", " ", "  ", "//", "\u3000", "。"):
        assert numbers_in(f"{ICCID}{between}{OTHER_ICCID}") == [ICCID, OTHER_ICCID], between
        assert found("q=" + quote(f"{ICCID}{between}{OTHER_ICCID}")) == [card, other], between
        if between not in ("/", "//", "\\"):
            assert numbers_in(f"{address}{ICCID}{between}{address}{OTHER_ICCID}") == [ICCID, OTHER_ICCID], between


@pytest.mark.parametrize(
    "typed",
    [
        f"{ICCID[:19]}6",
        f"{ICCID}1",
        f"87{MSISDN}",
        f"+1{MSISDN}",
        f"{MSISDN}.5",
        f"{IMEI[:13]}2",
        "0" * 14,
        "https://sim.example.cn/my/claim/?iccid=",
        f"https://elsewhere.example/?order={ICCID}1",
        "8.98604E+19",
    ],
)
def test_what_is_another_number_finds_nothing(card, typed):
    assert found("q=" + quote(typed)) == []


# One number in the box, of four to six digits


@pytest.mark.parametrize(
    ("typed", "names", "sentence"),
    [
        ("1475", ["card"], "cards whose number ends in 1475"),
        ("01475", ["card"], "cards whose number ends in 01475"),
        ("001476", ["other"], "cards whose number ends in 001476"),
        ("8999", ["other"], "cards whose number ends in 8999"),
        ("1440", ["card"], "cards whose MSISDN begins with 1440 (there are no cards whose number ends in 1440)"),
        ("13800", ["other"], "cards whose MSISDN begins with 13800 (there are no cards whose number ends in 13800)"),
        (
            "8986",
            ["card", "other"],
            "cards whose ICCID begins with 8986 (there are no cards whose number ends in 8986)",
        ),
        ("46004", ["card"], "cards whose IMSI begins with 46004 (there are no cards whose number ends in 46004)"),
        ("8686", ["card"], "cards whose IMEI begins with 8686 (there are no cards whose number ends in 8686)"),
        ("9753", [], "cards whose IMEI begins with 9753 (there are no cards whose number ends in 9753)"),
    ],
)
def test_the_end_first_the_beginning_second_and_the_page_says_which(card, other, typed, names, sentence):
    client = of_role("operations")
    response = client.get(f"/console/cards/?q={typed}", headers={"accept-language": "en"})
    cards = {"card": card, "other": other}
    assert sorted(row["pk"] for row in response.context["rows"]) == [cards[name].pk for name in names]
    assert sentence in text(response)


def test_the_end_is_looked_for_among_what_somebody_may_see(card, other):
    """A customer whose cards do not end so is not told of other people's."""
    theirs = open_card(iccid="8986042601234561475", customer="Other")
    mine = open_card(iccid="8986042601234567777", msisdn="14750000001", customer="Mine")
    with override("en"):
        for user, expected in ((member("Other", "bob"), theirs), (member("Mine", "carol"), mine)):
            filtered = filter_for(user, QueryDict("q=1475"))
            assert list(filtered.qs) == [expected]


@pytest.mark.parametrize("typed", ["1475 {other}", "1475,{other}", "{other}/1475", "{other}\n1475"])
def test_in_a_list_such_a_number_is_unknown(card, other, typed):
    filtered = filter_of("q=" + quote(typed.format(other=OTHER_ICCID)))
    assert (filtered.cards, filtered.found.unknown) == ([other], ["1475"])


def test_in_a_file_such_a_number_is_none(card, tmp_path):
    path = csv_file(tmp_path / "usage.csv", [usage_row(iccid="1475", day="2026-03-09")])
    ended = run("import_usage", path, "--json")
    assert (ended.code, [error["field"] for error in ended.document["errors"]]) == (1, ["iccid"])


# Files


@pytest.mark.parametrize("written", [f"86{MSISDN}", f"+86{MSISDN}", f"0086 {MSISDN}", f"86-{MSISDN}", f"{MSISDN}.0"])
def test_in_card_files_the_country_in_front_is_dropped(tmp_path, written):
    path = csv_file(tmp_path / "cards.csv", [card_row(iccid=ICCID, msisdn=written)])
    assert run("import_cards", path, "--json").document["created"] == 1
    assert Card.objects.get().msisdn == MSISDN


@pytest.mark.parametrize(
    ("written", "kept"),
    [("8614400000077", "14400000077"), ("861440000000077", "1440000000077"), ("8624400000077", "8624400000077")],
)
def test_86_is_the_country_where_an_msisdn_remains_that_begins_with_1(written, kept):
    assert identifiers.msisdn(written) == kept


@pytest.mark.parametrize("written", ["861440000077", "+14400000077", "86144000000770", "1440000007.7", "1.44E+12"])
def test_what_is_no_msisdn_is_refused(written):
    with pytest.raises(BadInput):
        identifiers.msisdn(written)


ICCIDS_WRITTEN = [typed for typed in WRITTEN if ICCID[:19] in identifiers.canonical(typed)]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_usage_files_find_the_card_too(card, tmp_path, suffix):
    days = (DAY - timedelta(days=number) for number in range(1, 40))
    rows = [
        usage_row(iccid=written, day=day, bytes="5", read_at="2026-03-10T01:00")
        for written, day in zip(ICCIDS_WRITTEN, days, strict=False)
        if suffix == "csv" or not written.startswith("=")
    ]
    if suffix == "csv":
        path = csv_file(tmp_path / "usage.csv", rows)
    else:
        path = xlsx_file(tmp_path / "usage.xlsx", [list(rows[0]), *(list(row.values()) for row in rows)])
    document = run("import_usage", path, "--json").document
    assert (document["created"], document["errors"]) == (len(rows), [])
    assert UsageDay.objects.filter(card=card, bytes=5).count() == len(rows)


@pytest.mark.parametrize("stored", [ICCID, ICCID[:19]])
def test_a_filler_is_none_of_the_number_in_plain_usage_files(tmp_path, stored):
    card = card_in_use(iccid=stored)
    rows = [
        usage_row(iccid=each, day=DAY - timedelta(days=number), read_at="2026-03-10T01:00")
        for number, each in enumerate((ICCID[:19], f"{ICCID[:19]}F", ICCID), start=1)
    ]
    document = run("import_usage", csv_file(tmp_path / "usage.csv", rows), "--json").document
    assert (document["created"], document["errors"]) == (3, [])
    assert UsageDay.objects.filter(card=card).count() == 3


def test_card_files_find_the_card_too(card, tmp_path):
    rows = [card_row(iccid=written, binding="fixed", imei=IMEI) for written in ICCIDS_WRITTEN]
    document = run("import_cards", csv_file(tmp_path / "cards.csv", rows), "--json").document
    assert (document["unchanged"], document["errors"]) == (len(rows), [])


def test_commands_and_addresses_find_the_card_too(card):
    documents = run("card", *ICCIDS_WRITTEN, "--json").document
    assert {document["iccid"] for document in documents} == {ICCID}
    assert {Card.objects.meant_by(written) for written in ICCIDS_WRITTEN} == {card}


# 19 and 20


@pytest.mark.parametrize("wanted", [ICCID, ICCID[:19], f"{ICCID[:19]}F"])
def test_nineteen_mean_the_one_card_that_begins_so(card, wanted):
    assert (found(f"q={wanted}"), Card.objects.meant_by(wanted)) == ([card], card)


def test_nineteen_with_several_cards_are_refused_and_twenty_mean_the_card_of_these(card, tmp_path):
    twin = open_card(iccid=f"{ICCID[:19]}6")
    assert [Card.objects.meant_by(each) for each in (ICCID, twin.iccid, ICCID[:19], f"{ICCID[:19]}F")] == [
        card,
        twin,
        None,
        None,
    ]
    filtered = filter_of(f"q={ICCID[:19]}F")
    assert (filtered.found.ambiguous, filter_of(f"q={ICCID}").cards) == ([ICCID[:19]], [card])
    rows = [usage_row(iccid=each, day="2026-03-09", read_at="2026-03-10T01:00") for each in (f"{ICCID[:19]}F", ICCID)]
    with override("en"):
        document = run("import_usage", csv_file(tmp_path / "usage.csv", rows), "--json").document
    assert (document["created"], document["errors"]) == (
        1,
        [{"row": 2, "field": "iccid", "message": "several cards begin with this ICCID"}],
    )


def test_twenty_mean_the_card_of_nineteen_that_they_begin_with(other):
    assert Card.objects.meant_by(f"{OTHER_ICCID}7") == other
    assert found(f"q={OTHER_ICCID}7") == [other]
