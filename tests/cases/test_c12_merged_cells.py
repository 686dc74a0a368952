"""C12: what stands once in a merged cell holds for all of its rows; a cell merged across columns is nobody's."""

from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from cards.models import Card
from tests.build import on_day
from tests.commands.calls import card_row, iccid, result, run

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parent / "C12-merged-cells"


@pytest.fixture(autouse=True)
def _today():
    with on_day(date(2026, 3, 10)):
        yield


def test_c12_the_value_of_a_merged_cell_is_that_of_all_its_rows():
    assert result("import_cards", CASE / "cards.xlsx")["created"] == 3
    assert set(Card.objects.values_list("customer__name", flat=True)) == {"Blue GmbH"}


def workbook(path, rows, *merged, hidden=()):
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for cells in merged:
        made.active.merge_cells(cells)
    for number in hidden:
        made.active.row_dimensions[number].hidden = True
    made.save(path)
    return path


def rows_of(count, **columns):
    return [
        list(card_row(1, **columns)),
        *(list(card_row(number, **columns).values()) for number in range(1, count + 1)),
    ]


def test_merged_titles_and_group_headings_stand_above_the_header(tmp_path):
    """The first heading is merged over both rows of the header."""
    rows = [["本月开卡", None, None], ["卡号", "客户信息", None, None, None, None], *rows_of(2, customer="海川共享")]
    path = workbook(tmp_path / "a.xlsx", rows, "A1:F1", "A2:A3", "B2:F2")
    assert result("import_cards", path)["created"] == 2


def test_a_cell_merged_across_columns_is_refused_by_row(tmp_path):
    path = workbook(tmp_path / "a.xlsx", rows_of(3, customer="Acme"), "B3:C3")
    ended = run("import_cards", path, "--json")
    assert (ended.code, ended.document["created"]) == (1, 2)
    assert ended.document["errors"] == [
        {"row": 3, "field": None, "message": "the cells B3:C3 are merged across columns"}
    ]


def test_a_merged_cell_that_is_empty_or_ends_above_says_nothing(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [*rows_of(2, customer=""), [], []], "F2:F3", "B5:B9")
    assert result("import_cards", path)["created"] == 2
    assert set(Card.objects.values_list("customer", flat=True)) == {None}


def test_hidden_rows_are_left_out_and_that_is_said(tmp_path):
    path = workbook(tmp_path / "a.xlsx", rows_of(4), hidden=(3, 5))
    document = result("import_cards", path)
    assert (document["rows"], document["created"]) == (2, 2)
    assert document["warnings"] == [
        {"row": 3, "field": None, "message": "2 hidden rows were left out, from this one on"}
    ]
    assert sorted(Card.objects.values_list("iccid", flat=True)) == [iccid(1), iccid(3)]


def test_hidden_sheets_are_not_read_and_of_several_the_one_with_the_cards_is(tmp_path):
    made = Workbook()
    made.active.title = "旧数据"
    for row in rows_of(5):
        made.active.append(row)
    made.active.sheet_state = "hidden"
    made.create_sheet("说明").append(["填写说明：请勿修改表头"])
    cards = made.create_sheet("卡")
    for row in rows_of(1):
        cards.append(row)
    made.active = 1
    made.save(tmp_path / "a.xlsx")
    document = result("import_cards", tmp_path / "a.xlsx")
    assert document["created"] == 1
    assert document["warnings"] == [
        {"row": 1, "field": None, "message": "of the workbook's sheets only “卡” was read, not “说明”"}
    ]
