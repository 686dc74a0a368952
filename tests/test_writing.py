"""CSV for people: what a spreadsheet gets, and that our own importer reads it back as it was."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from cards.files import open_table
from cards.files.headings import Headings
from cards.files.writing import BLOCK, as_text, csv_blocks, escaped

pytestmark = pytest.mark.once

DANGEROUS = ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a", "'quoted"]


def test_the_whole_file():
    rows = [
        [as_text("89860000000000000001"), "阿克米, 上海", "=cmd|' /C calc'!A1", 25, 1.5, date(2026, 3, 2), None],
        [as_text(""), 'say "no"', "two\nlines", 0, 0.0, "", ""],
    ]
    assert b"".join(csv_blocks(["ICCID", "客户", "remark", "a", "b", "c", "d"], rows)).decode() == (
        "\ufeffICCID,客户,remark,a,b,c,d\n"
        '"=""89860000000000000001""","阿克米, 上海",\'=cmd|\' /C calc\'!A1,25,1.5,2026-03-02,\n'
        ',"say ""no""","two\nlines",0,0.0,,\n'
    )


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Decimal("-12.30"), "-12.30"),
        (Decimal("12.30"), "12.30"),
        (Decimal("0.00"), "0.00"),
        (Decimal("-1E+3"), "-1000"),
        (-7, "-7"),
        (-0.5, "-0.5"),
        (date(2026, 3, 2), "2026-03-02"),
        (None, ""),
        (as_text("0012345678901234567890"), '="0012345678901234567890"'),
        (as_text("20260302-17"), '="20260302-17"'),
        (as_text('1"&A1&"'), '1"&A1&"'),
        (as_text('=A1&"'), "'=A1&\""),
        *((as_text(text), f"'{text}".replace("\r", "\n")) for text in DANGEROUS),
        ("a\r=1+1\r\n=2\n=3", "a\n=1+1\n=2\n=3"),
        (as_text("8986＂&A1&＂"), "8986＂&A1&＂"),
        (as_text("8" * 255), f'="{"8" * 255}"'),
        (as_text("8" * 256), "8" * 256),
        (as_text("-1"), "'-1"),
        ("-12.30", "'-12.30"),
        ("Acme", "Acme"),
    ],
)
def test_a_spreadsheet_reads_numbers_as_numbers_and_names_as_names(value, read):
    """As it opens the file: what begins with = is calculated, what looks like a number is one."""
    block = b"".join(csv_blocks(["a", "b"], [[value, 1]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(block)))[1] == [read, "1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_a_spreadsheet_would_calculate_begins_with_an_apostrophe(text):
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Acme", "1+1", "a=b", "上海", "0"])
def test_everything_else_stays_as_it_is(text):
    assert escaped(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "＝1", "'quoted", "Acme", '="8986"'])
def test_our_importer_reads_it_back(text):
    file = io.BytesIO(b"".join(csv_blocks(["iccid", "customer"], [[as_text("89860000000000000001"), text]])))
    with open_table(file, Headings(("iccid", "customer"))) as table:
        (row,) = table.rows
    assert row.texts == {"iccid": "89860000000000000001", "customer": text}


def test_a_long_table_comes_in_blocks():
    blocks = list(csv_blocks(["a"], ([f"{number:09d}"] for number in range(30_000))))
    assert len(blocks) == 3
    assert max(map(len, blocks)) < BLOCK + 100
    assert len(b"".join(blocks)) == 3 + 2 + 30_000 * 10


def test_an_empty_table_has_its_headings():
    assert b"".join(csv_blocks(["a", "b"], [])).decode() == "\ufeffa,b\n"
