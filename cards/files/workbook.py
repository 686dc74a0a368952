"""XLSX: one sheet of a workbook, read as a stream, as a person sees it.

Merged cells have their value in each of their rows. What is hidden, sheets and rows, is left out, and counted.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries

from cards.errors import BadInput
from cards.files.cells import Cells, Sheet, text_of, without_empty_end
from cards.files.headings import HEAD_ROWS, Headings

LARGEST_WORKBOOK = 2 * 1024**3


READ_AT_ONCE = 1024**2
HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\shidden="(?:1|true)")[^>]*\sr="([0-9]+)"')
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\sref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')


@dataclass(slots=True)
class Merged:
    """Cells that were made one: from where to where, and the value that stands in the first of them."""

    ref: str
    first: int  # column
    top: int
    last: int
    bottom: int
    value: str = ""


@dataclass(slots=True)
class Layout:
    """How a sheet is drawn: its hidden rows, and its merged cells by the row in which they begin."""

    hidden: set[int] = field(default_factory=set)
    merged: dict[int, list[Merged]] = field(default_factory=dict)


@contextmanager
def read_xlsx(file: IO[bytes], headings: Headings) -> Iterator[Sheet]:
    with _openpyxl_reads():
        _refuse_bomb(file)
        workbook = load_workbook(file, read_only=True, data_only=True)
        seen = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"] or workbook.worksheets
        sizes = {sheet.title: sheet.max_row or 0 for sheet in seen}
        for sheet in seen:
            sheet.reset_dimensions()
        chosen = max(seen, key=lambda sheet: _understood(sheet, headings)) if len(seen) > 1 else seen[0]
        layout = _layout(chosen)
    found = Sheet(iter(()), sizes[chosen.title], is_workbook=True, epoch=workbook.epoch)
    found.cells = _sheet_cells(chosen, layout, found)
    if len(seen) > 1:
        found.name, found.not_read = chosen.title, [sheet.title for sheet in seen if sheet is not chosen]
    try:
        yield found
    finally:
        workbook.close()


def _understood(sheet: Any, headings: Headings) -> int:
    """How much of the best header among the first rows of a sheet is understood."""
    rows = islice(sheet.iter_rows(values_only=True), HEAD_ROWS)
    return max((headings.understood([text_of(value) for value in values]) for values in rows), default=0)


def _layout(sheet: Any) -> Layout:
    """What the library does not tell of a sheet that it reads as a stream, from the sheet's own XML, block by block."""
    layout = Layout()
    with sheet._get_source() as xml:
        rest = b""
        while block := xml.read(READ_AT_ONCE):
            whole, _end, rest = (rest + block).rpartition(b">")
            if b"hidden=" in whole:
                layout.hidden.update(int(number) for number in HIDDEN_ROW.findall(whole))
            for ref in MERGED.findall(whole) if b"mergeCell" in whole else ():
                first, top, last, bottom = range_boundaries(ref.decode())
                layout.merged.setdefault(top, []).append(Merged(ref.decode(), first, top, last, bottom))
    return layout


@contextmanager
def _openpyxl_reads() -> Iterator[None]:
    """The library warns of styles, dates and extensions that it does not know, none of them a cell of ours, and
    stumbles in many ways over archives that are broken or no workbooks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BadInput:
        raise
    except Exception:
        raise BadInput("", _("The file is not an XLSX workbook, or it is damaged.")) from None


def _refuse_bomb(file: IO[bytes]) -> None:
    file.seek(0)
    with zipfile.ZipFile(file) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST_WORKBOOK:
            raise BadInput("", _("The file unpacks to more than 2 GB: split it."))
    file.seek(0)


def _sheet_cells(sheet: Any, layout: Layout, found: Sheet) -> Cells:
    rows = sheet.iter_rows(values_only=True)
    number, merged = 0, list[Merged]()
    while True:
        with _openpyxl_reads():
            values = next(rows, None)
        if values is None:
            return
        number += 1
        texts, wrong = without_empty_end([text_of(value) for value in values]), None
        if merged or number in layout.merged:
            merged = [cells for cells in merged if number <= cells.bottom] + layout.merged.get(number, [])
            wrong = _fill_in(texts, merged, number) if any(texts) else None
        if number not in layout.hidden:
            yield number, texts, wrong
        elif any(texts):
            found.hidden.append(number)


def _fill_in(texts: list[str], merged: list[Merged], number: int) -> BadInput | None:
    """Write the value of merged cells into each of their rows; what is wrong with the row because of them."""
    for cells in merged:
        place = cells.first - 1
        if number == cells.top:
            cells.value = texts[place] if place < len(texts) else ""
        elif cells.value:
            texts.extend([""] * (cells.first - len(texts)))
            texts[place] = cells.value
    across = next((cells for cells in merged if cells.last > cells.first and cells.value), None)
    if across is None:
        return None
    return BadInput("", _("the cells {cells} are merged across columns").format(cells=across.ref))
