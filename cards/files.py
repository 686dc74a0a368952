"""CSV and XLSX files as streams of rows: what stands in a file, before anybody asks what it means.

A file is never in memory as a whole. What is wrong with the file itself is one `BadInput` without a field; what is
wrong with a row comes with that row, and the others go on.
"""

import csv
import warnings
import zipfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import TextIOWrapper

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from cards.errors import BadInput

ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 200_000
LARGEST_SHEET = 2 * 1024**3
BLOCK = 1024**2
# A spreadsheet's numbers are exact up to 15 digits; of a longer one the last digits are lost.
EXACT_IN_A_SPREADSHEET = 10**15

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

# Full-width digits and spaces as an input method leaves them; marks that no screen shows.
NORMAL = str.maketrans("０１２３４５６７８９\u3000\xa0", "0123456789  ", "\ufeff\u200b\u200e\u200f")


@dataclass(slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the header is 1), its texts by column, what is wrong with it."""

    number: int
    texts: dict = field(default_factory=dict)
    wrong: BadInput | None = None


@dataclass(slots=True)
class Table:
    """An open file: its columns, about how many rows it has, and the rows as a stream."""

    columns: list
    expected: int
    rows: object


@contextmanager
def open_table(source, known, required):
    """The `Table` of a file, given by its path or already open for reading bytes.

    `known` are the columns it may have, in any order, `required` those that it must have.
    """
    with _opened(source) as file:
        start = file.read(8)
        if not start:
            raise BadInput("", _("The file is empty."))
        _refuse_other_formats(start)
        read = _read_xlsx if start.startswith(ZIP) else _read_csv
        with read(file, known) as (cells, expected):
            yield _table(cells, expected, known, required)


@contextmanager
def _opened(source):
    if hasattr(source, "read"):
        yield source
        return
    try:
        file = open(source, "rb")  # noqa: SIM115 -- only the opening may fail with these sentences
    except FileNotFoundError:
        raise BadInput("", _("There is no file {path}.").format(path=source)) from None
    except IsADirectoryError:
        raise BadInput("", _("{path} is a directory.").format(path=source)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput("", _("The file {path} cannot be read: {reason}.").format(path=source, reason=reason)) from None
    with file:
        yield file


def _refuse_other_formats(start):
    if start.startswith(OLE):
        raise BadInput(
            "",
            _("The file has a password or is in the old .xls format: save it as .xlsx, without a password."),
        )
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise BadInput("", _("The file is in UTF-16: save it as CSV in UTF-8 or as .xlsx."))


def _table(cells, expected, known, required):
    number, names = _header(cells)
    names = _checked_names(names, known, required)
    return Table(names, expected, _rows(cells, names, number))


def _header(cells):
    """The first row that is not empty, and its number."""
    for number, texts, wrong in cells:
        if wrong:
            raise BadInput("", wrong.sentence)
        if any(texts):
            return number, [text.lower() for text in _without_empty_end(texts)]
    raise BadInput("", _("The file has no header row."))


def _checked_names(names, known, required):
    if "\0" in "".join(names):
        raise BadInput("", _("The file is neither CSV nor XLSX."))
    if not set(names).intersection(known):
        sentence = _("The first row is no header: it names none of the columns {columns}.")
        raise BadInput("", sentence.format(columns=", ".join(known)))
    _refuse_columns(_("The file has unknown columns: {columns}."), [name for name in names if name not in known])
    _refuse_columns(_("The file has columns twice: {columns}."), sorted({n for n in names if names.count(n) > 1}))
    _refuse_columns(_("The file lacks columns: {columns}."), [name for name in required if name not in names])
    return names


def _refuse_columns(sentence, names):
    if names:
        raise BadInput("", sentence.format(columns=", ".join(map(_quoted, names))))


def _quoted(name):
    """A column's name as a message shows it, be it empty or endless."""
    return f"“{name if len(name) <= 40 else name[:40] + '…'}”"


def _rows(cells, names, number):
    """The rows below the header; where the file itself breaks off, one last row says why."""
    try:
        for number, texts, wrong in cells:
            if wrong:
                yield Row(number, wrong=wrong)
            elif any(texts):
                yield _row(number, texts, names)
    except BadInput as broken:
        yield Row(number + 1, wrong=broken)


def _row(number, texts, names):
    if len(texts) > len(names):
        texts = texts[: len(names)] + _without_empty_end(texts[len(names) :])
    if len(texts) != len(names):
        sentence = _("the row has {count} cells, and the header {expected}")
        return Row(number, wrong=BadInput("", sentence.format(count=len(texts), expected=len(names))))
    for name, text in zip(names, texts, strict=True):
        if "\0" in text:
            return Row(number, wrong=BadInput(name, _("the cell contains a NUL character")))
    return Row(number, dict(zip(names, texts, strict=True)))


def _without_empty_end(texts):
    """Spreadsheets write empty cells behind the last column."""
    last = max((place for place, text in enumerate(texts) if text), default=-1)
    return texts[: last + 1]


def _tidy(text):
    """A cell's text as it was meant: `="8986…"` and `'8986…` are how people keep a spreadsheet's hands off a number."""
    text = text.translate(NORMAL).strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip()
    return text[1:] if text.startswith("'") else text


# CSV


@contextmanager
def _read_csv(file, known):
    encoding, expected = _encoding(file)
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline="")
    try:
        yield _csv_cells(text, known), expected
    finally:
        text.detach()


def _encoding(file):
    """How the file's bytes are to be read, and how many lines there are: decided by all of them, block by block."""
    broken_at = 0
    for encoding in ENCODINGS:
        file.seek(0)
        decoder, lines, place = getincrementaldecoder(encoding)(), 0, 0
        try:
            while block := file.read(BLOCK):
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


def _line_of(file, place):
    file.seek(0)
    lines = 1
    while place > 0 and (block := file.read(min(BLOCK, place))):
        lines += block.count(b"\n")
        place -= len(block)
    return lines


def _csv_cells(text, known):
    """(number, texts, what is wrong) of each record, blank ones included: a spreadsheet numbers them too."""
    lines = _lines(text)
    first = next(lines, "")
    reader = csv.reader(_chain(first, lines), delimiter=_delimiter(first, known), strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, None, BadInput("", _("the quotation marks of the row do not match"))
        else:
            yield number, [_tidy(cell) for cell in record], None


def _lines(text):
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise BadInput("", _("The file is no table: it has a line without end."))
        yield line


def _chain(first, rest):
    yield first
    yield from rest


def _delimiter(header, known):
    """The one that makes the most known columns of the header."""

    def recognised(delimiter):
        names = next(csv.reader([header], delimiter=delimiter), ())
        return len(set(known).intersection(_tidy(name).lower() for name in names))

    return max(DELIMITERS, key=recognised)


# XLSX


@contextmanager
def _read_xlsx(file, known):
    with _openpyxl_reads():
        _refuse_bomb(file)
        workbook = load_workbook(file, read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
    expected = sheet.max_row or 0
    sheet.reset_dimensions()
    try:
        yield _sheet_cells(sheet), expected
    finally:
        workbook.close()


@contextmanager
def _openpyxl_reads():
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


def _refuse_bomb(file):
    file.seek(0)
    with zipfile.ZipFile(file) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST_SHEET:
            raise BadInput("", _("The file unpacks to more than 2 GB: split it."))
    file.seek(0)


def _sheet_cells(sheet):
    rows = sheet.iter_rows(values_only=True)
    number, width = 0, 0
    while True:
        with _openpyxl_reads():
            values = next(rows, None)
        if values is None:
            return
        number += 1
        texts = [_text_of(value) for value in values]
        width = width or len(_without_empty_end(texts))
        yield number, texts + [""] * (width - len(texts)), None


def _text_of(value):
    """A cell as the text that a person sees in it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _tidy(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _text_of_number(value)
    return str(value)


def _text_of_number(number):
    """A whole number without its decimal point; one that lost its last digits as the spreadsheet shows it."""
    if abs(number) >= EXACT_IN_A_SPREADSHEET:
        return f"{float(number):.5E}"
    return str(int(number)) if float(number).is_integer() else repr(number)
