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

ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", ";", "\t", "|")
SAID_DELIMITER = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
LONGEST_LINE = 100_000  # less than the longest field that the csv module bears
READ_BLOCK = 1024**2


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
            return encoding, lines
    raise BadInput(
        "",
        _("The file is neither UTF-8 nor GB18030, or not text at all: row {row}, byte {byte} cannot be read.").format(
            row=_line_of(file, broken_at), byte=broken_at + 1
        ),
    )


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
            yield number, [], BadInput("", _("the quotation marks of the row do not match"))
        else:
            yield number, [tidy(cell) for cell in record], None


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
        return [tidy(name) for name in next(csv.reader([line], delimiter=delimiter), ())]
    except csv.Error:
        return []
