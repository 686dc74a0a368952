"""CSV for people: a spreadsheet opens it with every character and every digit, and takes no cell for a formula.

`cells.tidy` reads back what is written here as it was.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

BOM = "\ufeff"
BLOCK = 128 * 1024
ROWS_PER_BLOCK = 500  # of cards: about as much

# A spreadsheet calculates a cell that begins so, or asks an input method's full-width sign to do it; and it would
# swallow the apostrophe that keeps it from doing so.
ESCAPED_STARTS = "=+-@\t\r\n＝＋－＠'"


# What is quoted is a formula to a spreadsheet, so nothing may end its quotation, nor be read as something that does:
# an input method has full-width signs for those too.
QUOTABLE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._/-]{0,254}")


class NumberAsName(str):
    """A number that is a name, such as an ICCID. How it is written, and whether it is one, only `csv_blocks` says."""

    __slots__ = ()


def as_text(identifier: str) -> str:
    """A number that is a name: a spreadsheet shows all of its digits."""
    return NumberAsName(identifier)


def escaped(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for something else."""
    return f"'{text}" if text and text[0] in ESCAPED_STARTS else text


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """The rows as lines of CSV.

    A carriage return ends a row to a spreadsheet, and the next cell could be a formula: the csv module quotes a line
    feed and not that.
    """
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    text = written.getvalue()
    return csv_text([[*map(_with_line_feeds, row)] for row in rows]) if "\r" in text else text


def _with_line_feeds(cell: Any) -> Any:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell


def csv_blocks(headings: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """The table as UTF-8 with a BOM, in blocks of about 128 kB. Cells are texts, `as_text`, numbers, days or None.

    A number is one for a spreadsheet too, also below zero; only in a text is a leading minus the start of a formula.
    """
    block = StringIO()
    block.write(BOM)
    writer = csv.writer(block, lineterminator="\n")
    writer.writerow([_cell(str(heading)) for heading in headings])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if block.tell() >= BLOCK:
            yield block.getvalue().encode()
            block.seek(0)
            block.truncate()
    yield block.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if value is None or isinstance(value, int | float | date):
        return value
    if isinstance(value, NumberAsName) and QUOTABLE.fullmatch(value):
        return f'="{value}"'
    return _with_line_feeds(escaped(str(value)))
