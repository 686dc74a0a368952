"""XLSX as a stream: rows become the sheet's XML while they are sent, so a long table takes no memory.

XlsxWriter makes the workbook with its headings; what it does cell by cell is too slow for a million rows, so the rows
are written between its lines here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from cards.errors import BadInput
from cards.files.limits import MOST_ROWS_OF_A_SHEET
from cards.files.writing import BLOCK, ROWS_PER_BLOCK

MOST_ROWS_IN_SHEET = MOST_ROWS_OF_A_SHEET - 1  # below its headings
SHEET = "xl/worksheets/sheet1.xml"
END_OF_ROWS = "</sheetData>"
FAST = 1  # of zlib's levels: a third larger than the best, and five times as quick
DAY_FORMAT = {"num_format": "yyyy-mm-dd"}
FIRST_DAY = date(1899, 12, 30)
WIDTHS = {"text": 22, "day": 12, "number": 12}

Headed: TypeAlias = tuple[str, str]  # a heading, and how its cells are written: one of `CELLS`

# XML has no signs for most control characters, and a spreadsheet takes `_x0041_` for a sign by its number.
UNWRITABLE = [*(code for code in range(32) if chr(code) not in "\t\n\r"), 0xFFFE, 0xFFFF]
IN_XML: dict[int, str | None] = dict.fromkeys(UNWRITABLE)
IN_XML |= {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "_x000D_"}
LOOKS_LIKE_A_SIGN = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def sheet_blocks(title: str, columns: Sequence[Headed], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The workbook in blocks of bytes.

    `columns` are (heading, cell) with "text", "day" or "number" for the cell, `rows` lists of texts. A day or a number
    becomes one that the spreadsheet can reckon with, a text stays one whatever it looks like; an empty text is no cell.
    More rows than a sheet can have are a `BadInput`.
    """
    sent = _Sent()
    with (
        ZipFile(_workbook(title, columns)) as made,
        ZipFile(sent, "w", ZIP_DEFLATED, compresslevel=FAST) as sheet,  # type: ignore[call-overload]  # never closed
    ):
        for part in made.namelist():
            if part != SHEET:
                sheet.writestr(part, made.read(part))
        # How many rows there will be, which the sheet may say, is not known yet.
        above, end, below = re.sub(r"<dimension [^>]*/>", "", made.read(SHEET).decode()).partition(END_OF_ROWS)
        with sheet.open(SHEET, "w", force_zip64=True) as lines:
            lines.write(above.encode())
            for text in _xml(columns, rows):
                lines.write(text.encode(errors="ignore"))
                if sent.size > BLOCK:
                    yield sent.drain()
            lines.write((end + below).encode())
    yield sent.drain()


class _Sent:
    """A file that is only written: what was written is drained from it, and forgotten."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """All is there at once."""

    def drain(self) -> bytes:
        data = b"".join(self.parts)
        self.parts, self.size = [], 0
        return data


def _workbook(title: str, columns: Sequence[Headed]) -> BytesIO:
    made = BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        sheet, bold, as_day = book.add_worksheet(title), book.add_format({"bold": True}), book.add_format(DAY_FORMAT)
        for place, (_heading, cell) in enumerate(columns):  # first, because formats are numbered as they are used
            sheet.set_column(place, place, WIDTHS[cell], as_day if cell == "day" else None)
        for place, (heading, _cell) in enumerate(columns):
            sheet.write_string(0, place, heading, bold)
        sheet.freeze_panes(1, 1)
    return made


def too_long() -> str:
    sentence = _("A worksheet holds at most {most} rows. CSV has no limit.")
    return sentence.format(most=f"{MOST_ROWS_IN_SHEET:,}")


def _xml(columns: Sequence[Headed], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The rows as XML, some hundred at once."""
    cells = [(xl_col_to_name(place), *CELLS[cell]) for place, (_heading, cell) in enumerate(columns)]
    texts = []
    for number, row in enumerate(rows, start=2):
        if number > MOST_ROWS_IN_SHEET + 1:
            raise BadInput("", too_long())
        texts.append(f'<row r="{number}">')
        for (name, before, written, after), value in zip(cells, row, strict=True):
            if value:
                texts.append(f'<c r="{name}{number}{before}{written(value)}{after}')
        texts.append("</row>")
        if number % ROWS_PER_BLOCK == 0:
            yield "".join(texts)
            texts = []
    yield "".join(texts)


def _escaped(text: str) -> str:
    text = text.translate(IN_XML)
    return LOOKS_LIKE_A_SIGN.sub("_x005F_", text) if "_x" in text else text


@lru_cache(maxsize=4096)
def _serial(text: str) -> int:
    """A day as spreadsheets count them."""
    return (date.fromisoformat(text) - FIRST_DAY).days


CELLS: dict[str, tuple[str, Callable[[str], object], str]] = {
    "text": ('" t="inlineStr"><is><t xml:space="preserve">', _escaped, "</t></is></c>"),
    "number": ('"><v>', str, "</v></c>"),
    "day": ('" s="1"><v>', _serial, "</v></c>"),
}
