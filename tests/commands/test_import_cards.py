"""`import_cards`: good rows go in, bad ones come back, and nothing is overwritten that nobody asked for."""

from datetime import date

import pytest

from cards.models import Card, CardEvent, CarrierPolicy, Customer, DeviceBinding
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, run, xlsx_file

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
COUNTS = {"rows": 0, "created": 0, "updated": 0, "unchanged": 0, "stale": 0, "errors": [], "warnings": []}
NOTHING_AT_ONCE = {"force_activate": 0, "expire": 0, "cancel": 0}
NOTHING = COUNTS | {"new_customers": [], "at_once": NOTHING_AT_ONCE}


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(TODAY):
        yield


@pytest.fixture
def imported(tmp_path):
    """Imports rows and gives the document, good or bad."""

    def run_import(rows, *options):
        return run("import_cards", csv_file(tmp_path / "cards.csv", rows), *options, "--json").document

    return run_import


def test_a_row_becomes_a_card_with_everything_it_says(imported):
    row = card_row(
        msisdn="1440000000001", imsi="460040000000001", carrier="CUCC", customer="海川共享", certification="individual",
        test_months=3, test_quota_mb=10, binding="fixed", imei="861537040000019",
    )  # fmt: skip
    assert imported([row]) == NOTHING | {"rows": 1, "created": 1, "new_customers": ["海川共享"]}
    card = Card.objects.get()
    assert (card.iccid, card.msisdn, card.imsi, card.carrier) == (iccid(1), "1440000000001", "460040000000001", "cucc")
    assert (card.customer.name, card.certification, card.plan.code) == ("海川共享", "individual", "Y1-30")
    assert (card.state, str(card.test_until), card.test_quota_mb, card.version) == ("testing", "2026-04-15", 10, 1)
    assert (card.binding, card.bound_imei) == ("fixed", "861537040000019")
    assert DeviceBinding.objects.get().imei == "861537040000019"
    assert build.story(card) == [("open", "", "testing", date(2026, 1, 15))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_each_encoding(tmp_path, encoding):
    path = csv_file(tmp_path / "cards.csv", [card_row(customer="绿野智慧农业（北京）")], encoding)
    assert result("import_cards", path)["created"] == 1
    assert Customer.objects.get().name == "绿野智慧农业（北京）"


def test_a_workbook(tmp_path):
    rows = [list(card_row()), list(card_row(opened_on=date(2026, 1, 15)).values())]
    rows[1][3] = date(2026, 1, 15)
    assert result("import_cards", xlsx_file(tmp_path / "cards.xlsx", rows))["created"] == 1
    assert str(Card.objects.get().opened_on) == "2026-01-15"


def test_all_faults_of_a_row_are_told_at_once(imported):
    row = card_row(1, msisdn="12", carrier="?", opened_on="1/5/2026", customer="#N/A", imsi="4", plan="NO-PLAN")
    fields = [error["field"] for error in imported([row])["errors"]]
    assert sorted(fields) == ["carrier", "customer", "imsi", "msisdn", "opened_on"]
    fields = [
        error["field"] for error in imported([card_row(1, plan="NO-PLAN", test_months=2, imei="8" * 15)])["errors"]
    ]
    assert sorted(fields) == ["imei", "plan", "test_quota_mb"]


REMOVED = [
    ({"remove": "msisdn"}, {"msisdn": ""}),
    ({"remove": "IMSI，msisdn"}, {"msisdn": "", "imsi": ""}),
    ({"remove": "手机号"}, {"msisdn": ""}),
    ({"remove": "客户"}, {"customer": None}),
    ({"remove": "customer;imsi"}, {"customer": None, "imsi": ""}),
]


@pytest.mark.parametrize(("columns", "changed"), REMOVED)
def test_what_is_to_be_taken_away_is_said_in_words(imported, columns, changed):
    has = {"msisdn": "13800000001", "imsi": "4" * 15, "customer": "Acme"}
    imported([card_row(1, **has)])
    rows = [card_row(1, **columns)]
    collision = imported(rows)
    assert (collision["updated"], [error["row"] for error in collision["errors"]]) == (0, [2])
    assert imported(rows, "--update")["updated"] == 1
    card = Card.objects.get()
    stands = {"msisdn": card.msisdn, "imsi": card.imsi, "customer": card.customer and card.customer.name}
    assert stands == has | changed
    assert imported(rows, "--update") == NOTHING | {"rows": 1, "unchanged": 1}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"remove": "plan"}, "“plan” cannot be removed; these can: msisdn, imsi, customer"),
        ({"remove": "msisdn", "msisdn": "13800000002"}, "msisdn has a value in this row; leave one of the two empty"),
    ],
)
def test_what_cannot_be_taken_away_is_refused(imported, columns, message):
    imported([card_row(1, msisdn="13800000001")])
    errors = [{"row": 2, "field": "remove", "message": message}]
    assert imported([card_row(1, **columns)], "--update") == NOTHING | {"rows": 1, "errors": errors}


BAD_CELLS = [
    ({"iccid": "8.98608E+19"}, "iccid", "was rounded by a spreadsheet"),
    ({"iccid": ""}, "iccid", "a value is required"),
    ({"iccid": "12345"}, "iccid", "an ICCID has 19 or 20 characters and starts with 8986"),
    ({"msisdn": "123"}, "msisdn", "an MSISDN has 11 or 13 digits"),
    ({"msisdn": "1.44E+12"}, "msisdn", "was rounded by a spreadsheet"),
    ({"imsi": "123"}, "imsi", "an IMSI has 15 digits"),
    ({"carrier": "vodafone"}, "carrier", "is not one of cmcc, cucc, ctcc, cbn"),
    ({"certification": "both"}, "certification", "is not one of enterprise, individual"),
    ({"opened_on": "15.01.2026"}, "opened_on", "is not a date; write it as 2026-03-02"),
    ({"opened_on": "2026-03-03"}, "opened_on", "2026-03-03 is in the future"),
    ({"opened_on": "1999-12-31"}, "opened_on", "“1999-12-31” is not a day from 2000 to 2099"),
    ({"test_months": "10"}, "test_months", "is not a whole number from 0 to 9"),
    ({"test_months": "3"}, "test_quota_mb", "a test period needs an allowance of 5 to 30 MB"),
    ({"test_months": "3", "test_quota_mb": "31"}, "test_quota_mb", "is not a whole number from 5 to 30"),
    ({"plan": "NO-PLAN"}, "plan", "there is no plan with the code “NO-PLAN”"),
    ({"plan": "PACK-100"}, "plan", "there is no plan with the code “PACK-100”"),
    ({"binding": "glue"}, "binding", "is not one of none, first_use, fixed"),
    ({"binding": "fixed"}, "imei", "a card with a fixed device needs the IMEI"),
    ({"imei": "861537040000019"}, "imei", "a card without device binding has no IMEI"),
    ({"customer": "x" * 129}, "customer", "the customer name is too long"),
]


@pytest.mark.parametrize(("columns", "field", "message"), BAD_CELLS)
def test_a_bad_cell_is_named_and_the_other_rows_go_in(tmp_path, columns, field, message):
    path = csv_file(tmp_path / "cards.csv", [card_row(1, **columns), card_row(2)])
    ended = run("import_cards", path, "--json")
    (error,) = ended.document["errors"]
    assert (ended.code, ended.document["created"], error["row"], error["field"]) == (1, 1, 2, field)
    assert message in error["message"]
    assert list(Card.objects.values_list("iccid", flat=True)) == [iccid(2)]


def test_a_day_for_which_the_carrier_has_no_policy_is_refused(tmp_path):
    CarrierPolicy.objects.update(valid_from=date(2026, 1, 15))
    rows = [card_row(1, opened_on="2026-01-14"), card_row(2, opened_on="2026-01-15")]
    document = run("import_cards", csv_file(tmp_path / "cards.csv", rows), "--json").document
    message = "the carrier has no policy for that day yet"
    assert (document["created"], document["errors"]) == (1, [{"row": 2, "field": "opened_on", "message": message}])


def test_the_same_file_twice_changes_nothing(imported):
    rows = [card_row(1, customer="Acme"), card_row(2, test_months=3, test_quota_mb=10)]
    assert imported(rows) == NOTHING | {"rows": 2, "created": 2, "new_customers": ["Acme"]}
    before = list(CardEvent.objects.values())
    assert imported(rows) == NOTHING | {"rows": 2, "unchanged": 2}
    assert imported(rows, "--update") == NOTHING | {"rows": 2, "unchanged": 2}
    assert list(CardEvent.objects.values()) == before


def test_a_card_that_exists_is_never_overwritten_silently(imported):
    imported([card_row(1, customer="Acme", msisdn="13800000001")])
    again = [card_row(1, customer="Other", msisdn="13800000002"), card_row(2)]
    message = "the card already exists with other data; --update would correct it"
    assert imported(again) == NOTHING | {
        "rows": 2,
        "created": 1,
        "errors": [{"row": 2, "field": "msisdn", "message": message}],
    }
    assert Card.objects.get(iccid=iccid(1)).customer.name == "Acme"


def test_update_corrects_what_may_be_corrected(imported):
    imported([card_row(1, customer="Acme", msisdn="13800000001"), card_row(2)])
    build.do("protect", Card.objects.get(iccid=iccid(2)), TODAY)
    again = [card_row(1, customer="Other", remove="msisdn"), card_row(2, plan="Y1-1024")]
    message = "something has happened to the card since it was taken in, so this stays as it is"
    assert imported(again, "--update") == NOTHING | {
        "rows": 2,
        "updated": 1,
        "new_customers": ["Other"],
        "errors": [{"row": 3, "field": "plan", "message": message}],
    }
    card = Card.objects.get(iccid=iccid(1))
    assert (card.customer.name, card.msisdn, card.version, card.owned_from_seq) == ("Other", "", 3, 2)
    assert build.story(card)[1:] == [("assign", "", "unused", TODAY), ("update", "", "unused", TODAY)]


def test_what_stays_with_its_customer_is_corrected_on_the_day_of_its_last_record(imported):
    imported([card_row(1, customer="Acme", msisdn="13800000001")])
    assert imported([card_row(1, customer="Acme", remove="msisdn")], "--update")["updated"] == 1
    card = Card.objects.get()
    assert (card.customer.name, card.msisdn, card.owned_from_seq) == ("Acme", "", None)
    assert build.story(card)[1:] == [("update", "", "unused", date(2026, 1, 15))]
    assert CardEvent.objects.get(seq=2).evidence == {"msisdn": "", "before": {"msisdn": "13800000001"}}


def test_an_empty_cell_says_nothing_of_a_card_that_exists(imported):
    imported([card_row(1, customer="Acme"), card_row(2, customer="Acme", msisdn="13800000002")])
    again = [card_row(1, customer="", msisdn="13800000001"), card_row(2, customer="", msisdn="—")]
    error = {
        "row": 2,
        "field": "msisdn",
        "message": "the card already exists with other data; --update would correct it",
    }
    assert imported(again) == NOTHING | {"rows": 2, "unchanged": 1, "errors": [error]}
    assert imported(again, "--update") == NOTHING | {"rows": 2, "updated": 1, "unchanged": 1}
    assert set(Card.objects.values_list("customer__name", "owned_from_seq")) == {("Acme", None)}


@pytest.mark.parametrize(("first", "second"), [(19, 20), (20, 19)])
def test_19_and_20_characters_are_one_card(imported, first, second):
    number = iccid(1)
    imported([card_row(iccid=number[:first], msisdn="13800000001")])
    assert imported([card_row(iccid=number[:second], msisdn="13800000001")]) == NOTHING | {"rows": 1, "unchanged": 1}
    again = imported([card_row(iccid=number[:second], msisdn="13800000002")])
    assert [error["field"] for error in again["errors"]] == ["msisdn"]
    assert [card.iccid for card in Card.objects.all()] == [number[:first]]


@pytest.mark.parametrize(("first", "second"), [(19, 20), (20, 19)])
def test_a_new_card_with_19_and_with_20_characters_in_one_file_is_one_card(imported, first, second):
    number = iccid(12_345)
    again = [card_row(iccid=number[:length], **more) for length, more in ((second, {}), (second, {"imsi": "4" * 15}))]
    document = imported([card_row(iccid=number[:first]), *again])
    message = "the card is already in row 2, with other data"
    expected = {"rows": 3, "created": 1, "unchanged": 1, "errors": [{"row": 4, "field": "iccid", "message": message}]}
    assert document == NOTHING | expected
    assert [card.iccid for card in Card.objects.all()] == [number[:first]]


def test_19_characters_that_mean_several_cards_mean_none(imported):
    imported([card_row(10), card_row(11)])
    message = "several cards begin with this ICCID"
    errors = [{"row": 2, "field": "iccid", "message": message}]
    assert imported([card_row(iccid=iccid(10)[:19])]) == NOTHING | {"rows": 1, "errors": errors}


def test_a_fleet_is_taken_over_from_a_file(tmp_path):
    stands = {"state": "in_use", "activated_on": "2025-06-20", "service_until": "2026-06-01", "used_mb": "3.5"}
    rows = [
        card_row(1, opened_on="2025-01-15", **stands),
        card_row(2, opened_on="2025-01-15", **stands | {"state": "suspended", "holds": "voluntary"}),
        card_row(3, opened_on="2025-01-15", state="shut_down", service_until="2025-10-01"),
        card_row(4),
        card_row(5, state="in_use"),
    ]
    path = csv_file(tmp_path / "车队 fleet.csv", rows)
    message = "a card in the state “In use” needs a value here"
    errors = [{"row": 6, "field": field, "message": message} for field in ("activated_on", "service_until")]
    found = NOTHING | {"rows": 5, "errors": errors, "at_once": NOTHING_AT_ONCE | {"cancel": 1}}
    refused = run("import_cards", path, "--json")
    assert (refused.code, refused.document, Card.objects.count()) == (1, found, 0)
    assert refused.err.startswith("By today the rules would shut down or cancel 1 of these cards")
    assert run("import_cards", path, "--yes", "--json").document == found | {"created": 4}
    assert [card.state for card in Card.objects.order_by("iccid")] == ["in_use", "suspended", "cancelled", "unused"]
    sources = CardEvent.objects.filter(seq=1, action="adopt").values_list("evidence__source", flat=True)
    assert list(sources) == ["车队 fleet.csv"] * 3
    again = run("import_cards", path, "--update", "--json").document
    assert again == NOTHING | {"rows": 5, "unchanged": 4, "errors": errors}  # nothing of it is new


def test_columns_that_the_file_leaves_out_say_nothing(imported):
    imported([card_row(1, customer="Acme")])
    assert imported([card_row(1)], "--update") == NOTHING | {"rows": 1, "unchanged": 1}


@pytest.mark.parametrize("between", [0, 2_000], ids=["near", "chunks apart"])
def test_a_card_that_stands_in_the_file_twice(imported, between):
    """With the same data it is unchanged; with other data nobody can say which row is meant, with --update too."""
    others = [card_row(number) for number in range(10, 10 + between)]
    rows = [card_row(1), *others, card_row(1), card_row(1, msisdn="13800000001")]
    message = "the card is already in row 2, with other data"
    errors = [{"row": between + 4, "field": "iccid", "message": message}]
    expected = {"rows": between + 3, "created": between + 1, "errors": errors}
    assert imported(rows, "--dry-run", "--update")["errors"] == errors
    assert imported(rows, "--update") == NOTHING | expected | {"unchanged": 1}


def test_a_dry_run_says_the_same_and_writes_nothing(imported):
    rows = [card_row(1, customer="Acme"), card_row(2, plan="?")]
    preview = imported(rows, "--dry-run")
    assert (Card.objects.count(), Customer.objects.count(), CardEvent.objects.count()) == (0, 0, 0)
    assert imported(rows) == preview


def test_without_json_people_read_counts_and_bad_rows(tmp_path):
    path = csv_file(tmp_path / "cards.csv", [card_row(1), card_row(2, imsi="1")])
    ended = run("import_cards", path)
    assert (ended.code, ended.out) == (1, "Rows: 2\nCreated: 1\nUpdated: 0\nUnchanged: 0\nStale: 0\n")
    assert ended.err == "Row 3, imsi: “1” is not valid: an IMSI has 15 digits\n"


def test_the_language_is_the_shells(tmp_path, monkeypatch):
    path = csv_file(tmp_path / "cards.csv", [card_row(1)])
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert run("import_cards", path).out.startswith("行数")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"iccid,colour\n", "The file has unknown columns: “colour”.\n"),
        (b"iccid,carrier\n", "The file is missing columns: “certification”, “opened_on”, “plan”.\n"),
        (b"\x7fELF\x00\x00\xff\xff", "The file is neither UTF-8 nor GB18030"),
    ],
)
def test_a_wrong_file_is_a_wrong_call(tmp_path, content, sentence):
    path = tmp_path / "cards.csv"
    path.write_bytes(content)
    ended = run("import_cards", path, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(sentence)


def test_a_file_with_a_header_only_is_no_error(imported):
    assert imported([dict.fromkeys(card_row(), "")]) == NOTHING
