"""CSV and XLSX files as streams of rows: what stands in a file, before anybody asks what it means.

A file is never in memory as a whole. What is wrong with the file itself is one `BadInput` without a field; what is
wrong with a row comes with that row, and the others go on.
"""

import shutil
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from tempfile import TemporaryFile
from typing import IO

from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.files.cells import Cells, tidy, without_empty_end
from cards.files.plain import split_line
from cards.files.separated import read_csv
from cards.files.workbook import read_xlsx
from cards.phrases import listed

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the header is 1), its texts by column, what is wrong with it."""

    number: int
    texts: dict[str, str] = field(default_factory=dict)
    wrong: BadInput | None = None


@dataclass(slots=True)
class Table:
    """An open file: its columns, about how many rows it has, and the rows as a stream."""

    columns: list[str]
    expected: int
    rows: Iterator[Row]
    file: IO[bytes]

    def row_of(self, number: int, line: str) -> Row | None:
        """The row in one line of a plain file (`cards.files.plain`); None when it is blank."""
        texts = [tidy(cell) for cell in split_line(line)]
        return _row(number, texts, self.columns) if any(texts) else None


@contextmanager
def open_table(
    source: str | PathLike[str] | IO[bytes], known: Collection[str], required: Collection[str]
) -> Iterator[Table]:
    """The `Table` of a file, given by its path or already open for reading bytes.

    `known` are the columns it may have, in any order, `required` those that it must have.
    """
    with _opened(source) as file:
        start = file.read(8)
        if not start:
            raise BadInput("", _("The file is empty."))
        _refuse_other_formats(start)
        read = read_xlsx if start.startswith(ZIP) else read_csv
        with read(file, known) as (cells, expected):
            number, names = _header(cells)
            names = _checked_names(names, known, required)
            yield Table(names, expected, _rows(cells, names, number), file)


@contextmanager
def _opened(source: str | PathLike[str] | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(source, str | PathLike):
        yield source
        return
    try:
        file: IO[bytes] = open(source, "rb")  # noqa: SIM115 -- only the opening may fail with these sentences
    except FileNotFoundError:
        raise BadInput("", _("There is no file {path}.").format(path=source)) from None
    except IsADirectoryError:
        raise BadInput("", _("{path} is a directory.").format(path=source)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput("", _("The file {path} cannot be read: {reason}.").format(path=source, reason=reason)) from None
    with file, TemporaryFile() as copy:
        if not file.seekable():
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            file = copy
        yield file


def _refuse_other_formats(start: bytes) -> None:
    if start.startswith(OLE):
        raise BadInput(
            "",
            _("The file has a password or is in the old .xls format: save it as .xlsx, without a password."),
        )
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise BadInput("", _("The file is in UTF-16: save it as CSV in UTF-8 or as .xlsx."))


def _header(cells: Cells) -> tuple[int, list[str]]:
    """The first row that is not empty, and its number."""
    for number, texts, wrong in cells:
        if wrong:
            raise BadInput("", wrong.sentence)
        if any(texts):
            return number, [text.lower() for text in without_empty_end(texts)]
    raise BadInput("", _("The file has no header row."))


def _checked_names(names: list[str], known: Collection[str], required: Collection[str]) -> list[str]:
    if "\0" in "".join(names):
        raise BadInput("", _("The file is neither CSV nor XLSX."))
    if not set(names).intersection(known):
        sentence = _("The first row is not a header: it names none of the columns {columns}.")
        raise BadInput("", sentence.format(columns=listed(known)))
    _refuse_columns(_("The file has unknown columns: {columns}."), [name for name in names if name not in known])
    _refuse_columns(_("The file has duplicate columns: {columns}."), sorted({n for n in names if names.count(n) > 1}))
    _refuse_columns(_("The file is missing columns: {columns}."), [name for name in required if name not in names])
    return names


def _refuse_columns(sentence: str, names: Iterable[str]) -> None:
    if names:
        raise BadInput("", sentence.format(columns=listed(map(_quoted, names))))


def _quoted(name: str) -> str:
    """A column's name as a message shows it, be it empty or endless."""
    return f"“{name if len(name) <= 40 else name[:40] + '…'}”"


def _rows(cells: Cells, names: list[str], number: int) -> Iterator[Row]:
    """The rows below the header; where the file itself breaks off, one last row says why."""
    try:
        for number, texts, wrong in cells:
            if wrong:
                yield Row(number, wrong=wrong)
            elif any(texts):
                yield _row(number, texts, names)
    except BadInput as broken:
        yield Row(number + 1, wrong=broken)


def _row(number: int, texts: list[str], names: list[str]) -> Row:
    if len(texts) > len(names):
        texts = texts[: len(names)] + without_empty_end(texts[len(names) :])
    if len(texts) != len(names):
        sentence = _("the row has {count} cells, but the header has {expected}")
        return Row(number, wrong=BadInput("", sentence.format(count=len(texts), expected=len(names))))
    for name, text in zip(names, texts, strict=True):
        if "\0" in text:
            return Row(number, wrong=BadInput(name, _("the cell contains a NUL character")))
    return Row(number, dict(zip(names, texts, strict=True)))
