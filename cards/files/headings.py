"""A file's header: which of its rows it is, and which column each of its headings means.

A heading is read by our own names, by usual other ones, or as somebody said who knows the file.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.files.cells import Cells, without_empty_end
from cards.phrases import listed

# How far down a header may stand: above it are titles, and below it what is shown as examples.
HEAD_ROWS = 20
EXAMPLES = 3
LEFT_OUT = ""

BETWEEN_PARTS = re.compile(r"[()\[\]【】/:\n]+")
DAY_PATTERN = re.compile(r"[ymdhs年月日\s./:-]+", re.IGNORECASE)
REMARKS = ("必填", "选填", "可选", "required", "optional")  # "ICCID (必填)"


def evened(heading: str) -> str:
    """A heading without what differs from one hand to the next: width, case, spaces, brackets and other signs."""
    text = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", heading).casefold()))
    for remark in REMARKS:
        text = text.removesuffix(remark)
    return text


@dataclass(frozen=True)
class Headings:
    """What may head a kind of file.

    `known` are the columns by our own names, `required` those that it must have; of several in one entry, any.
    `usual` has other headings (evened out) and the column of each, `LEFT_OUT` for what nobody needs; `units` those
    that say a unit, with it. `mapping` is what somebody said of this file: its headings, as they stand there, and the
    column of each. `given` are columns that were told for the whole file. In `dated` columns a workbook's bare number
    is a day.
    """

    known: tuple[str, ...]
    required: tuple[str | tuple[str, ...], ...] = ()
    usual: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    given: Collection[str] = ()
    dated: Collection[str] = ()

    @cached_property
    def _own(self) -> dict[str, str]:
        return {evened(name): name for name in self.known}

    def column_of(self, heading: str) -> str | None:
        """The column that a heading means, `LEFT_OUT`, or None when nobody knows."""
        if heading in self.mapping:
            return self.mapping[heading]
        if heading.lower() in self.known:
            return heading.lower()
        column = self._usual_column(heading)
        return self._column_said_twice(heading) if column is None else column

    def _usual_column(self, heading: str) -> str | None:
        key = evened(heading)
        return self._own.get(key) or (self.usual.get(key) if key else None)

    def _column_said_twice(self, heading: str) -> str | None:
        """The column of 卡号(ICCID): each part means the same, but for how a day is to be written."""
        parts = [part for part in BETWEEN_PARTS.split(unicodedata.normalize("NFKC", heading)) if evened(part)]
        meant = {self._usual_column(part) for part in parts if not DAY_PATTERN.fullmatch(part)}
        return meant.pop() if len(meant) == 1 else None

    def understood(self, texts: Sequence[str]) -> int:
        """How many columns these texts name, if they are a header."""
        return len({column for column in map(self.column_of, filter(None, texts)) if column})


@dataclass(frozen=True, slots=True)
class FiledColumn:
    """A column of a file: its heading, the column that it was taken for (None: nobody knows), some of its values."""

    heading: str
    column: str | None
    examples: tuple[str, ...]


class NotUnderstood(BadInput):
    """A header that is not understood by itself; `columns` are what somebody has to be asked about."""

    def __init__(self, sentence: str, columns: list[FiledColumn]) -> None:
        super().__init__("", sentence)
        self.columns = columns


@dataclass(slots=True)
class Head:
    """A file's header and what is below it: `columns` in the file's order, `below` as a stream."""

    number: int
    columns: list[FiledColumn]
    below: Cells


def read_head(cells: Cells, headings: Headings) -> Head:
    """Find the header among the first rows, and read it; `NotUnderstood` or another `BadInput` when it is none."""
    first, rest = _peeked(cells)
    rows = [(place, texts) for place, (_number, texts, _wrong) in enumerate(first) if any(texts)]
    if not rows:
        complaints = [wrong for _number, _texts, wrong in _one_after_another(first, rest) if wrong]
        raise BadInput("", complaints[0].sentence if complaints else _("The file has no header row."))
    place, texts = max(rows, key=lambda row: headings.understood(row[1]))
    if not headings.understood(texts):
        place, texts = max(rows, key=lambda row: sum(map(bool, row[1])))
    if "\0" in "".join(texts):
        raise BadInput("", _("The file is neither CSV nor XLSX."))
    below = first[place + 1 :]
    columns = [_filed(at, text, below, headings) for at, text in enumerate(without_empty_end(texts))]
    _refuse_unclear(columns, headings)
    return Head(first[place][0], columns, _one_after_another(below, rest))


def _peeked(cells: Cells) -> tuple[list[tuple[int, list[str], BadInput | None]], Cells]:
    """The first rows, and the others; where the file breaks off among the first, the others begin with that."""
    first: list[tuple[int, list[str], BadInput | None]] = []
    try:
        for row in cells:
            first.append(row)
            if sum(1 for _number, texts, _wrong in first if any(texts)) > HEAD_ROWS:
                break
    except BadInput as broken:
        return first, _breaking_off(broken, first)
    return first, cells


def _breaking_off(broken: BadInput, before: list[tuple[int, list[str], BadInput | None]]) -> Cells:
    yield (before[-1][0] if before else 0) + 1, [], broken


def _one_after_another(first: Sequence[tuple[int, list[str], BadInput | None]], rest: Cells) -> Cells:
    yield from first
    yield from rest


def _filed(
    place: int, heading: str, below: Sequence[tuple[int, list[str], BadInput | None]], headings: Headings
) -> FiledColumn:
    values = [texts[place] for _number, texts, _wrong in below if len(texts) > place]
    examples = tuple(dict.fromkeys(filter(None, values)))[:EXAMPLES]
    is_a_gap = not heading and values and not examples and heading not in headings.mapping
    return FiledColumn(heading, LEFT_OUT if is_a_gap else headings.column_of(heading), examples)


def _refuse_unclear(columns: list[FiledColumn], headings: Headings) -> None:
    for sentence, names in _complaints(columns, headings):
        if names:
            raise NotUnderstood(sentence.format(columns=listed(names)), columns)


def _complaints(columns: list[FiledColumn], headings: Headings) -> Iterator[tuple[str, list[str]]]:
    names = [column.column for column in columns]
    taken = {name for name in names if name}
    if not taken:
        yield _("The first row is not a header: it names none of the columns {columns}."), list(headings.known)
    unknown = [_quoted(column.heading.lower()) for column in columns if column.column is None]
    yield _("The file has unknown columns: {columns}."), unknown
    twice = sorted(name for name in taken if names.count(name) > 1)
    yield _("The file has duplicate columns: {columns}."), [_quoted(name) for name in twice]
    there = taken.union(headings.given)
    missing = [any_of for any_of in map(_alternatives, headings.required) if there.isdisjoint(any_of)]
    yield _("The file is missing columns: {columns}."), [" / ".join(map(_quoted, any_of)) for any_of in missing]


def _alternatives(entry: str | tuple[str, ...]) -> tuple[str, ...]:
    return (entry,) if isinstance(entry, str) else entry


def _quoted(name: str) -> str:
    """A column's name as a message shows it, be it empty or endless."""
    return f"“{name if len(name) <= 40 else name[:40] + '…'}”"
