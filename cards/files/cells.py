"""Cells as texts: what a person sees in one, whatever the file made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeAlias

from cards.errors import BadInput

# (number, texts, what is wrong) of each record of a file.
Cells: TypeAlias = Iterator[tuple[int, list[str], BadInput | None]]


@dataclass(slots=True)
class Sheet:
    """The cells of a file, about how many rows they are, and what a person has to be told of where they stand.

    `is_workbook`: cells behind the last one with a value are not written, and a day may be a bare number, counted from
    `epoch`. Of a workbook with several sheets `name` is the one that is read, `not_read` are the others. `hidden` are
    the numbers of the rows that were left out because nobody sees them; they grow while the rows are read.
    """

    cells: Cells
    expected: int
    is_workbook: bool = False
    epoch: datetime | None = None
    name: str = ""
    not_read: list[str] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)


# A spreadsheet's numbers are exact up to 15 digits; of a longer one the last digits are lost.
EXACT_IN_A_SPREADSHEET = 10**15

# Full-width digits and spaces as an input method leaves them; marks that no screen shows.
NORMAL = str.maketrans("０１２３４５６７８９\u3000\xa0", "0123456789  ", "\ufeff\u200b\u200e\u200f")


# What people write into a cell to say that it is empty on purpose.
DASHES = frozenset({"-", "--", "---", "—", "——", "–", "－", "－－", "−", "─"})


def tidy(text: str) -> str:
    """A cell's text as it was meant: `="8986…"` and `'8986…` are how people keep a spreadsheet's hands off a number,
    and a dash is an empty cell."""
    text = text.translate(NORMAL).strip()
    if text in DASHES:
        return ""
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip()
    return text[1:] if text.startswith("'") else text


def text_of(value: object) -> str:
    """A cell as the text that a person sees in it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) >= EXACT_IN_A_SPREADSHEET:
            return f"{Decimal(value):.5E}"  # as the spreadsheet shows it: its last digits are lost
        return str(int(value)) if float(value).is_integer() else repr(value)
    return str(value)


def without_empty_end(texts: list[str]) -> list[str]:
    """Spreadsheets write empty cells behind the last column."""
    last = max((place for place, text in enumerate(texts) if text), default=-1)
    return texts[: last + 1]
