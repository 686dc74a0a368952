"""C16: a day is read in any form that leaves no doubt, in card files and in usage files."""

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cards.files.days import day_of, instant_of
from cards.models import Card, UsageDay
from tests.build import card_in_use, on_day
from tests.commands.calls import card_row, csv_file, iccid, result, run, usage_row, xlsx_file

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parent / "C16-days-as-a-spreadsheet-saves-them"


@pytest.fixture(autouse=True)
def _today():
    with on_day(date(2026, 3, 10)):
        yield


def test_c16_days_as_a_spreadsheet_saves_them():
    ended = run("import_cards", CASE / "cards.csv", "--json")
    assert (ended.code, ended.document["created"]) == (1, 6)
    assert ended.document["errors"] == [
        {"row": row, "field": "opened_on", "message": f"“{text}” is not a date; write it as 2026-03-02"}
        for row, text in ((8, "1/5/2026"), (9, "2026-W01-1"))
    ]
    assert set(Card.objects.values_list("opened_on", flat=True)) == {date(2026, 1, 5)}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-01-05",
            "2026/1/5",
            "2026/01/05",
            "2026.1.5",
            "2026-1-5",
            "20260105",
            "2026年1月5日",
            "2026 年 1 月 5 号",
        ),
        *("2026-01-05 00:00:00", "2026/1/5 0:00", "2026-01-05T08:00:00.000+08:00", "2026-01-04T16:00:00Z"),
        *("2026 年 1 月 5 号", "20260105080000", "2026年1月5日 8时30分", "2026-01-05 23:59"),
    ],
)
def test_what_is_one_day(text):
    assert day_of(text) == date(2026, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        *("1/5/2026", "5.1.2026", "05-01-2026", "26/1/5", "2026-W01-1", "2026W011", "2026-005", "2026005", "2026", ""),
        *("202601", "2026-01", "2026/1-5", "2026-13-01", "2026-02-30", "0000-01-05", "2026-01-05 25:00", "46027"),
        *("2026-01-05x", "2026-1-50600", "9999-12-31T23:59:59-12:00", "Jan 5, 2026", "２０２６"),
    ],
)
def test_what_is_no_day_or_leaves_a_doubt(text):
    assert day_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-06T06:00", "2026/3/6 6:00", "20260306060000", "202603060600", "2026-03-06 06:00:00.0"),
        *(
            "2026-03-05T22:00:00Z",
            "2026-03-06T06:00:00+0800",
            "2026年3月6日06:00",
            "20260306 060000",
            "2026.3.6 6:00:00",
        ),
    ],
)
def test_what_is_one_instant(text):
    assert instant_of(text) == timezone.make_aware(datetime(2026, 3, 6, 6))


def test_days_and_instants_of_a_usage_file(tmp_path):
    card = card_in_use(iccid=iccid(1))
    rows = [usage_row(day="2026/3/5", read_at="2026/3/6 6:00"), usage_row(day="20260306", read_at="20260307060000")]
    assert result("import_usage", csv_file(tmp_path / "usage.csv", rows))["created"] == 2
    known = UsageDay.objects.filter(card=card).order_by("day").values_list("day", "read_at")
    assert [(str(day), read_at.isoformat()) for day, read_at in known] == [
        ("2026-03-05", "2026-03-05T22:00:00+00:00"),
        ("2026-03-06", "2026-03-06T22:00:00+00:00"),
    ]


@pytest.mark.parametrize("cell", [date(2026, 3, 1), datetime(2026, 3, 1, 8), 46082, 46082.5, "2026/3/1", "46082"])
def test_a_day_of_a_workbook(tmp_path, cell):
    row = card_row() | {"opened_on": cell}
    assert result("import_cards", xlsx_file(tmp_path / "a.xlsx", [list(row), list(row.values())]))["created"] == 1
    assert Card.objects.get().opened_on == date(2026, 3, 1)


def test_a_workbook_that_counts_from_1904(tmp_path):
    row = card_row() | {"opened_on": 46082 - 1462}
    made = Workbook()
    made.epoch = CALENDAR_MAC_1904
    made.active.append(list(row))
    made.active.append(list(row.values()))
    made.save(tmp_path / "a.xlsx")
    assert result("import_cards", tmp_path / "a.xlsx")["created"] == 1
    assert Card.objects.get().opened_on == date(2026, 3, 1)


def test_a_bare_number_in_a_csv_is_no_day(tmp_path):
    with open(tmp_path / "a.csv", "w", newline="") as file:
        csv.writer(file).writerows([list(card_row()), list((card_row() | {"opened_on": "46082"}).values())])
    assert run("import_cards", tmp_path / "a.csv", "--json").document["errors"][0]["field"] == "opened_on"
