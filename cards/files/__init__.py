"""CSV and XLSX files as streams of rows: what stands in a file, before anybody asks what it means.

A file is never in memory as a whole. What is wrong with the file itself is one `BadInput` without a field; what is
wrong with a row comes with that row, and the others go on.
"""

import re
import shutil
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike
from tempfile import TemporaryFile
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.errors import BadInput
from cards.files.cells import Sheet, text_of, tidy, without_empty_end
from cards.files.headings import FiledColumn, Head, Headings, read_head
from cards.files.plain import split_line
from cards.files.separated import read_csv
from cards.phrases import listed

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"PK\x05\x06")

# A day as the number that a workbook keeps: from 2000 to 2100, whichever of its two epochs it counts from.
BARE_DAY = re.compile(r"[3-7][0-9]{4}(\.[0-9]+)?")


@dataclass(slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the header is 1), its texts by column, what is wrong with it."""

    number: int
    texts: dict[str, str] = field(default_factory=dict)
    wrong: BadInput | None = None


@dataclass(slots=True)
class Table:
    """An open file: the columns that are taken of it, about how many rows it has, and the rows as a stream.

    `filed` are its columns as they stand there, left out ones too; `sheet` says where they stand. `is_ours`: its header
    is in our own names and nothing of it is left out, so its lines may be taken as they are.
    """

    columns: list[str]
    expected: int
    rows: Iterator[Row]
    file: IO[bytes]
    filed: list[FiledColumn]
    sheet: Sheet
    is_ours: bool
    notes: list[tuple[int, str, str]] = field(default_factory=list)

    def remarks(self) -> list[tuple[int, str, str]]:
        """(row, column or "", sentence) of what has to be told; the whole of it once the rows have been read."""
        said = list(self.notes)
        if self.sheet.not_read:
            sentence = _("of the workbook's sheets only “{read}” was read, not {others}")
            others = listed(f"“{name}”" for name in self.sheet.not_read)
            said.append((1, "", sentence.format(read=self.sheet.name, others=others)))
        if self.sheet.hidden:
            hidden = ngettext(
                "{count} hidden row was left out, from this one on",
                "{count} hidden rows were left out, from this one on",
                len(self.sheet.hidden),
            )
            said.append((self.sheet.hidden[0], "", hidden.format(count=len(self.sheet.hidden))))
        return sorted(said)

    def row_of(self, number: int, line: str) -> Row | None:
        """The row in one line of a plain file (`cards.files.plain`); None when it is blank."""
        texts = [tidy(cell) for cell in split_line(line)]
        return _row(number, texts, self.columns) if any(texts) else None


@contextmanager
def open_table(source: str | PathLike[str] | IO[bytes], headings: Headings) -> Iterator[Table]:
    """The `Table` of a file, given by its path or already open for reading bytes; `headings` say what may head it."""
    with opened(source) as file:
        start = file.read(8)
        if not start:
            raise BadInput("", _("The file is empty."))
        _refuse_other_formats(start)
        with _reader(start)(file, headings) as sheet:
            head = read_head(sheet.cells, headings)
            columns = [column.column for column in head.columns if column.column]
            is_ours = columns == [column.heading.lower() for column in head.columns]
            rows = _rows(head, sheet, headings)
            yield Table(columns, sheet.expected, rows, file, head.columns, sheet, is_ours)


@contextmanager
def opened(source: str | PathLike[str] | IO[bytes]) -> Iterator[IO[bytes]]:
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
    if start.startswith(PACKED):
        raise BadInput("", _("The file is packed: unpack it first."))
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise BadInput("", _("The file is in UTF-16: save it as CSV in UTF-8 or as .xlsx."))


def _rows(head: Head, sheet: Sheet, headings: Headings) -> Iterator[Row]:
    """The rows below the header; where the file itself breaks off, one last row says why.

    A header that is repeated, as on each page of a long list, is no row.
    """
    names = [column.column or "" for column in head.columns]
    header = [column.heading for column in head.columns]
    dated = [name for name in names if name in headings.dated] if sheet.is_workbook else []
    number = head.number
    try:
        for number, texts, wrong in head.below:
            if wrong:
                yield Row(number, wrong=wrong)
            elif any(texts) and texts != header:
                if sheet.is_workbook:
                    texts = texts + [""] * (len(names) - len(texts))
                row = _row(number, texts, names)
                for name in dated if not row.wrong else ():
                    row.texts[name] = _dated(row.texts.get(name, ""), sheet.epoch)
                yield row
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
    taken = dict(zip(names, texts, strict=True))
    taken.pop("", None)
    return Row(number, taken)


def _reader(start: bytes) -> Callable[[IO[bytes], Headings], AbstractContextManager[Sheet]]:
    """What reads a file that begins so. A command that reads no workbook does without the library for them."""
    if not start.startswith(ZIP):
        return read_csv
    from cards.files.workbook import read_xlsx

    return read_xlsx


def _dated(text: str, epoch: datetime | None) -> str:
    """A workbook's bare number as the day or instant that it stands for; anything else as it is."""
    if not BARE_DAY.fullmatch(text) or epoch is None:
        return text
    from openpyxl.utils.datetime import from_excel

    return text_of(from_excel(float(text), epoch))
