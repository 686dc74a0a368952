"""XLSX: the first sheet of a workbook, read as a stream."""

import warnings
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from cards.errors import BadInput
from cards.files.cells import Cells, text_of, without_empty_end

LARGEST_WORKBOOK = 2 * 1024**3


@contextmanager
def read_xlsx(file: IO[bytes], known: Collection[str]) -> Iterator[tuple[Cells, int]]:
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


def _sheet_cells(sheet: Any) -> Cells:
    rows = sheet.iter_rows(values_only=True)
    number, width = 0, 0
    while True:
        with _openpyxl_reads():
            values = next(rows, None)
        if values is None:
            return
        number += 1
        texts = [text_of(value) for value in values]
        width = width or len(without_empty_end(texts))
        yield number, texts + [""] * (width - len(texts)), None
