"""CSV: its encoding, its delimiter and its records, read as a stream."""

import csv
from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain
from typing import IO

from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.files.cells import Cells, tidy

ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 100_000  # less than the longest field that the csv module bears
READ_BLOCK = 1024**2


@contextmanager
def read_csv(file: IO[bytes], known: Collection[str]) -> Iterator[tuple[Cells, int]]:
    encoding, expected = _encoding(file)
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline="")
    try:
        yield _csv_cells(text, known), expected
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


def _csv_cells(text: TextIOWrapper, known: Collection[str]) -> Cells:
    """(number, texts, what is wrong) of each record, blank ones included: a spreadsheet numbers them too."""
    lines = _lines(text)
    first = next(lines, "")
    reader = csv.reader(chain([first], lines), delimiter=_delimiter(first, known), strict=True)
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


def _delimiter(header: str, known: Collection[str]) -> str:
    """The one that makes the most known columns of the header."""

    def recognised(delimiter: str) -> int:
        names = next(csv.reader([header], delimiter=delimiter), ())
        return len(set(known).intersection(tidy(name).lower() for name in names))

    return max(DELIMITERS, key=recognised)
