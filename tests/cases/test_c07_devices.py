"""C07: a device is its IMEI's first 14 digits; one that cannot be read costs no row its bytes."""

from datetime import date
from itertools import permutations
from pathlib import Path

import pytest
from django.utils import timezone

from cards import identifiers
from cards.errors import BadInput
from cards.models import CarrierPolicy, UsageDay
from tests import build
from tests.commands.calls import card_row, csv_file, result, run, usage_row, xlsx_file

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parent / "C07-imei-of-14-and-16-digits"
PHONE, CAMERA, METER = "861234567890123", "356938035643809", "352099001761481"
MAR_2, MAR_5, MAR_6, MAR_9, MAR_10 = (date(2026, 3, day) for day in (2, 5, 6, 9, 10))


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(MAR_10):
        yield


def warning(row, text):
    return {"row": row, "field": "imei", "message": f"“{text}” is no IMEI: the row was taken without a device"}


def state(card):
    card = build.fresh(card)
    return card.state, card.holds


def bound(imei=PHONE, since=MAR_2):
    return build.card_in_use(since=since, binding="fixed", imei=imei)


def test_c07_the_bytes_of_all_four_rows_count():
    result("import_cards", CASE / "cards.csv")
    result("import_usage", CASE / "usage-1.csv")
    for options in (["--dry-run"], []):
        document = result("import_usage", CASE / "usage-2.csv", *options)
        assert document == {
            "rows": 4,
            "created": 4,
            "updated": 0,
            "unchanged": 0,
            "stale": 0,
            "quarantined": 0,
            "errors": [],
            "warnings": [warning(4, "NULL")],
        }
    cards = [result("card", f"8986041230000000000{number}") for number in range(1, 5)]
    assert [(card["state"], card["holds"]) for card in cards] == [("suspended", ["credit"])] * 4
    told = UsageDay.objects.filter(day=MAR_5).order_by("card__iccid").values_list("imei", flat=True)
    assert list(told) == ["86123456789012", "8612345678901278", "", "861234567890123"]


@pytest.mark.parametrize(
    ("text", "imei"),
    [
        ("861234567890123", "861234567890123"),
        ("86123456789012", "86123456789012"),
        ("8612345678901278", "8612345678901278"),
        ("86-123456-789012-3", "861234567890123"),
        (" 86 123456 789012 3 ", "861234567890123"),
        ("86–123456—789012‑3", "861234567890123"),
        ("８６１２３４５６７８９０１２３", "861234567890123"),
        ("861234567890123.0", "861234567890123"),
        ('="861234567890123"', "861234567890123"),
        *((text, "") for text in ("NULL", "null", "———", "0", "000000000000000", "0000000000000012", "N/A")),
        *(
            (text, "")
            for text in ("无", "unknown", "12", "8.61235E+14", "8612345678901234567", "86123456789012X", "#N/A")
        ),
    ],
)
def test_what_is_a_device_and_what_is_none(tmp_path, text, imei):
    build.card_in_use()
    rows = [usage_row(day="2026-03-05", read_at="2026-03-06T06:00", bytes=7, imei=text)]
    document = result("import_usage", csv_file(tmp_path / "usage.csv", rows))
    assert (document["errors"], document["warnings"]) == ([], [] if imei else [warning(2, text)])
    assert list(UsageDay.objects.values_list("bytes", "imei")) == [(7, imei)]


@pytest.mark.parametrize(("cell", "imei"), [(861234567890123, PHONE), (8612345678901234, ""), (0, ""), (None, "")])
def test_a_device_as_a_spreadsheets_number(tmp_path, cell, imei):
    """Of 16 digits it keeps 15."""
    build.card_in_use()
    row = usage_row(day="2026-03-05", read_at="2026-03-06T06:00", bytes=7, imei="")
    path = xlsx_file(tmp_path / "usage.xlsx", [list(row), [*list(row.values())[:-1], cell]])
    assert (result("import_usage", path)["created"], UsageDay.objects.get().imei) == (1, imei)


@pytest.mark.parametrize("text", ["", "-", "--"])
def test_an_empty_cell_is_nothing_to_warn_of(tmp_path, text):
    build.card_in_use()
    assert (
        result(
            "import_usage",
            csv_file(tmp_path / "u.csv", [usage_row(day="2026-03-05", read_at="2026-03-06T06:00", imei=text)]),
        )["warnings"]
        == []
    )


@pytest.mark.parametrize("text", ["12", "0" * 15, "8612345678901", "86123456789012345", "unknown", ""])
def test_what_somebody_types_as_a_device_must_be_one(text):
    with pytest.raises(BadInput) as bad:
        identifiers.imei(text)
    assert bad.value.field == "imei"


def test_a_fixed_card_needs_a_device_that_can_be_read(tmp_path):
    rows = [
        card_row(number, binding="fixed", imei=text) for number, text in enumerate(("NULL", "12", "86123456789012"))
    ]
    ended = run("import_cards", csv_file(tmp_path / "cards.csv", rows), "--json")
    assert (ended.document["created"], [(error["row"], error["field"]) for error in ended.document["errors"]]) == (
        1,
        [(2, "imei"), (3, "imei")],
    )


def test_the_same_card_file_with_the_device_told_otherwise_changes_nothing(tmp_path):
    for imei in (PHONE, PHONE[:14], f"{PHONE[:14]}99", f"{PHONE[:6]}-{PHONE[6:]}"):
        document = result("import_cards", csv_file(tmp_path / "cards.csv", [card_row(binding="fixed", imei=imei)]))
        assert document["created"] + document["unchanged"] == 1


# where the card is


@pytest.mark.parametrize("told", [PHONE[:14], f"{PHONE[:14]}99"])
def test_the_same_device_told_otherwise_holds_no_card_and_another_does(told):
    card = build.use(bound(), MAR_5, 1, imei=told)
    assert (state(card), card.seen_imei, card.seen_on, card.bound_imei) == (("in_use", ""), told, MAR_5, PHONE)
    assert state(build.use(card, MAR_6, 1, imei=CAMERA[:14])) == ("suspended", "rebind")


def test_rebinding_to_the_same_device_is_no_change_and_is_not_counted():
    CarrierPolicy.objects.update(rebinds_per_month=0)
    card = build.use(bound(), MAR_5, 1, imei=CAMERA)
    refused = build.attempt("rebind", bound(), MAR_10, imei=f"{PHONE[:14]}99").refused
    assert (state(card), refused.code) == (("suspended", "rebind"), "same_device")
    assert build.attempt("rebind", card, MAR_10, imei=METER).refused.code == "rebinds_used_up"
    card = build.do("rebind", card, MAR_10, imei=PHONE[:14])
    assert (state(card), card.bound_imei, card.rebinds) == (("in_use", ""), PHONE, 0)
    assert (card.seen_imei, card.seen_on) == (PHONE[:14], MAR_10)
    # what is still on its way from the device before says nothing
    assert state(build.use(card, MAR_10, 1, imei=CAMERA)) == ("in_use", "")
    assert result("verify")["problems"] == []


def test_a_rebind_hold_is_lifted_by_rebinding_alone():
    card = build.use(bound(), MAR_5, 1, imei=CAMERA)
    for day, imei in ((MAR_5, PHONE), (MAR_6, PHONE), (MAR_9, "")):
        card = build.use(card, day, 2, read_at=None if day != MAR_5 else timezone.now(), imei=imei)
        assert state(card) == ("suspended", "rebind")


@pytest.mark.parametrize("order", list(permutations([(MAR_5, PHONE), (MAR_6, CAMERA), (MAR_9, METER)])))
def test_the_device_of_the_latest_day_counts(order):
    card = build.card_in_use(since=MAR_2)
    for day, imei in order:
        card = build.use(card, day, 1, imei=imei)
    assert (card.seen_imei, card.seen_on) == (METER, MAR_9)


def test_of_one_day_the_later_word_counts_and_a_reading_without_a_device_says_nothing():
    card = build.use(build.card_in_use(since=MAR_2), MAR_5, 1, imei=PHONE)
    card = build.use(card, MAR_5, 1, read_at=timezone.now(), imei=CAMERA)
    card = build.use(card, MAR_6, 1)
    assert (card.seen_imei, card.seen_on) == (CAMERA, MAR_5)


def test_an_earlier_day_told_late_stops_no_card():
    card = build.use(bound(), MAR_9, 1, imei=PHONE)
    assert state(build.use(card, MAR_5, 1, imei=CAMERA)) == ("in_use", "")


def test_rebinding_tells_the_device_of_its_own_day():
    """The worked date: bound to A on 03-02, to B on 03-10; told of 03-10 in A and of 03-09 in C."""
    card = build.do("rebind", bound(PHONE), MAR_10, imei=CAMERA)
    with build.on_day(date(2026, 3, 11)):
        card = build.use(build.use(card, MAR_10, 1, imei=f"{PHONE[:14]}42"), MAR_9, 1, imei=METER)
        assert (state(card), card.seen_imei) == (("in_use", ""), CAMERA)
        assert state(build.use(card, MAR_10, 2, read_at=timezone.now(), imei=METER)) == ("suspended", "rebind")


def test_usage_of_a_shut_down_card_tells_no_device():
    """The worked date: shut down 04-01, told of 04-05 in another device, renewed 04-10."""
    card = build.swept(build.card_in_use(since=MAR_2, plan="M1-100", binding="fixed", imei=PHONE), date(2026, 4, 1))
    card = build.use(card, date(2026, 4, 5), 1, imei=CAMERA)
    assert (state(card), card.seen_imei) == (("shut_down", ""), "")
    assert state(build.do("renew", card, date(2026, 4, 10), plan="M1-100")) == ("in_use", "")


def test_a_card_that_waits_for_its_real_name_check_is_seen_in_another_device():
    card = build.open_card(opened_on=MAR_2, certification="individual", binding="fixed", imei=PHONE)
    card = build.use(build.use(card, MAR_5, 1, imei=PHONE), MAR_6, 1, imei=CAMERA)
    assert state(card) == ("suspended", "real_name,rebind")
    assert build.story(card)[-1] == ("place_hold", "rebind", "suspended", MAR_6)


def test_bytes_of_a_closed_cycle_tell_the_device_too():
    card = build.card_in_use(since=date(2026, 2, 1), binding="first_use")
    card = build.use(card, MAR_5, 1)
    card = build.use(card, date(2026, 2, 20), 1, imei=PHONE)
    assert (card.bound_imei, card.bound_on, card.used_bytes) == (PHONE, date(2026, 2, 20), 2**20)
    assert state(build.use(card, MAR_6, 1, imei=CAMERA)) == ("suspended", "rebind")


def test_an_unused_card_without_bytes_is_bound_once_it_is_in_use():
    card = build.open_card(opened_on=MAR_2, binding="first_use")
    card = build.use(card, MAR_5, 0, imei=PHONE)
    assert (card.state, card.seen_imei, card.bound_imei) == ("unused", PHONE, "")
    card = build.swept(build.do("activate", card, MAR_10), MAR_10)
    assert (card.bound_imei, card.bound_on) == (PHONE, MAR_10)
