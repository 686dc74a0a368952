"""CSV: its encoding, its delimiter and its records, read as a stream."""

import csv
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain, islice
from typing import IO

from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.files.cells import Cells, Sheet, tidy
from cards.files.headings import HEAD_ROWS, Headings
from cards.files.limits import LONGEST_CELL, LONGEST_LINE, MOST_COLUMNS, MOST_LINES

ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", ";", "\t", "|")
SAID_DELIMITER = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
READ_BLOCK = 1024**2

csv.field_size_limit(LONGEST_CELL)


@contextmanager
def read_csv(file: IO[bytes], headings: Headings) -> Iterator[Sheet]:
    encoding, expected = _encoding(file)
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline="")
    try:
        yield Sheet(_csv_cells(text, headings), expected)
    finally:
        text.detach()


def _encoding(file: IO[bytes]) -> tuple[str, int]:
    """How the file's bytes are to be read, and how many lines there are: decided by all of them, block by block."""
    broken_at = 0
    for encoding in ENCODINGS:
        file.seek(0)
        decoder, lines, place = getincrementaldecoder(encoding)(), 0, 0
        try:
            while block := file.read(READ_BLOCK):
                decoder.decode(block)
                lines += block.count(b"\n")
                place += len(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            broken_at = max(broken_at, place + error.start)
        else:
            return encoding, _bearable(lines)
    raise BadInput(
        "",
        _("The file is neither UTF-8 nor GB18030, or not text at all: row {row}, byte {byte} cannot be read.").format(
            row=_line_of(file, broken_at), byte=broken_at + 1
        ),
    )


def _bearable(lines: int) -> int:
    if lines > MOST_LINES:
        raise BadInput("", _("The file has more than {most} lines: split it.").format(most=f"{MOST_LINES:,}"))
    return lines


def _line_of(file: IO[bytes], place: int) -> int:
    file.seek(0)
    lines = 1
    while place > 0 and (block := file.read(min(READ_BLOCK, place))):
        lines += block.count(b"\n")
        place -= len(block)
    return lines


def _csv_cells(text: TextIOWrapper, headings: Headings) -> Cells:
    """(number, texts, what is wrong) of each record, blank ones included: a spreadsheet numbers them too."""
    first, lines = _peeked_lines(_lines(text))
    said = SAID_DELIMITER.fullmatch(first[0].rstrip("\r\n")) if first else None
    if said:  # which a spreadsheet takes for itself, and does not count
        first = first[1:]
    delimiter = said[1] if said else _delimiter(first, headings)
    reader = csv.reader(chain(first, lines), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, [], BadInput("", _quotation_marks())
        else:
            yield (number, *_tidied(record))


def _tidied(record: list[str]) -> tuple[list[str], BadInput | None]:
    if len(record) > MOST_COLUMNS:
        return [], BadInput("", _("the row has more than {most} cells").format(most=f"{MOST_COLUMNS:,}"))
    return [tidy(cell) for cell in record], None


def _quotation_marks() -> str:
    sentence = _("the quotation marks of the row do not match, or a cell has more than {most} characters")
    return sentence.format(most=f"{LONGEST_CELL:,}")


def _lines(text: TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise BadInput("", _("The file is not a table: one of its lines never ends."))
        yield line


def _peeked_lines(lines: Iterator[str]) -> tuple[list[str], Iterator[str]]:
    """The first lines, and the others; what breaks off among the first breaks off behind them."""
    first: list[str] = []
    try:
        for line in islice(lines, HEAD_ROWS + 1):
            first.append(line)
    except BadInput as broken:
        return first, map(_raise, [broken])
    return first, lines


def _raise(broken: BadInput) -> str:
    raise broken


def _delimiter(first: list[str], headings: Headings) -> str:
    """The one that makes the most of a header that is understood."""

    def understood(delimiter: str) -> int:
        return max((headings.understood(_cells_of(line, delimiter)) for line in first), default=0)

    def cells(delimiter: str) -> int:
        return max((line.count(delimiter) for line in first), default=0)

    return max(DELIMITERS, key=lambda delimiter: (understood(delimiter), cells(delimiter)))


def _cells_of(line: str, delimiter: str) -> list[str]:
    try:
        return _tidied(next(csv.reader([line], delimiter=delimiter), []))[0]
    except csv.Error:
        return []
