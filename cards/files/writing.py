"""CSV for people: a spreadsheet opens it with every character and every digit, and takes no cell for a formula.

`cells.tidy` reads back what is written here as it was.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from io import StringIO

BOM = "\ufeff"
BLOCK = 128 * 1024

# A spreadsheet calculates a cell that begins so, or asks an input method's full-width sign to do it; and it would
# swallow the apostrophe that keeps it from doing so.
ESCAPED_STARTS = "=+-@\t\r\n＝＋－＠'"


WITHIN_QUOTES = re.compile(r'[^"\x00-\x1f]{1,255}')


class Verbatim(str):
    """A cell that is written as it is, because it was made fit for a spreadsheet already."""

    __slots__ = ()


def as_text(identifier: str) -> str:
    """A number that is a name: a spreadsheet shows all of its digits. What would not stay within the quotes is text."""
    return Verbatim(f'="{identifier}"') if identifier and WITHIN_QUOTES.fullmatch(identifier) else identifier


def escaped(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for something else."""
    return f"'{text}" if text and text[0] in ESCAPED_STARTS else text


def csv_blocks(headings: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """The table as UTF-8 with a BOM, in blocks of about 128 kB. Cells are texts, `as_text`, numbers, days or None.

    A number is one for a spreadsheet too, also below zero; only in a text is a leading minus the start of a formula.
    """
    block = StringIO()
    block.write(BOM)
    writer = csv.writer(block, lineterminator="\n")
    writer.writerow([escaped(str(heading)) for heading in headings])
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
    if value is None or isinstance(value, Verbatim | int | float | date):
        return value
    return escaped(str(value))
