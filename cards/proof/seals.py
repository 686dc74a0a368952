"""Seals: whether what was written is still as it was. A chain of hashes over rows that nobody may change.

The canonical form of a row is a line of JSON of its columns: the same on both databases, with instants in UTC, days and
amounts as text, and evidence with its keys in order.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import AuditEntry, CardEvent, EventCursor, Seal
from cards.proof.problem import Piece, Problem, ProofPart

ROWS_PER_SEAL = 10_000


@dataclass(frozen=True, slots=True)
class Book:
    """Rows that are appended and never changed, in the order of their keys; the first of the `columns` is the key."""

    name: str
    label: str | Promise
    model: type[Model]
    columns: tuple[str, ...]

    @property
    def reader(self) -> str:
        """The name of the `EventCursor` that says how far the book is sealed."""
        return f"seal:{self.name}"

    def rows(self, after: int, through: int, columns: Sequence[str]) -> QuerySet[Any, tuple[Any, ...]]:
        """What stands in these columns behind a key, up to another."""
        between = self.model._default_manager.filter(pk__gt=after, pk__lte=through)
        return between.order_by("pk").values_list(*columns)


def all_columns(model: type[Model], path: str = "") -> tuple[str, ...]:
    """The names of all columns of a model, the key first."""
    return tuple(f"{path}{column.attname}" for column in model._meta.concrete_fields)


RECORDS = Book("records", gettext_lazy("Card records"), CardEvent, all_columns(CardEvent))
AUDIT = Book("audit", gettext_lazy("Audit list"), AuditEntry, all_columns(AuditEntry))


def seal_hash(seal: Seal, before: str, rows: Iterable[Sequence[Any]]) -> tuple[int, str]:
    """How many rows there are, and the hash over what the seal says, the hash `before` it, and the rows."""
    digest, count = sha256(_canonical((seal.book, seal.number, seal.through, seal.columns, seal.sealed_at, before))), 0
    for row in rows:
        digest.update(_canonical(row))
        count += 1
    return count, digest.hexdigest()


def _canonical(row: Sequence[Any]) -> bytes:
    return _AS_LINE.encode(row).encode() + b"\n"


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    raise TypeError(f"{type(value).__name__} has no canonical form")


_AS_LINE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_as_text)


def sealed_before(book: Book, instant: datetime) -> int:
    """The key up to which the book was sealed at an instant."""
    seal = Seal.objects.filter(book=book.name, sealed_at__lte=instant).order_by("-number").first()
    return seal.through if seal else 0


def prove_seals(book: Book) -> ProofPart:
    """The part of the proof that takes the seals of a book, one by one; since an instant, from the last before it."""

    def prove(since: datetime | None, after: int) -> Piece:
        seals = Seal.objects.filter(book=book.name).order_by("number")
        if since is not None and not after:
            first = seals.filter(sealed_at__lte=since).last()
            after = first.number - 1 if first else 0
        seal = seals.filter(number__gt=after).first()
        if seal is None:
            return Piece(list(_problems_of_the_end(book, seals.last())))
        before = seals.filter(number=seal.number - 1).first()
        return Piece(list(_problems_of(book, seal, before, after)), seal.number)

    return prove


def _problems_of(book: Book, seal: Seal, before: Seal | None, after: int) -> Iterator[Problem]:
    if seal.number != after + 1:
        yield _problem(book, "seal_missing", _("{book}: seal {number} is missing"), number=after + 1)
        return
    rows = book.rows(before.through if before else 0, seal.through, seal.columns.split(","))
    count, digest = seal_hash(seal, before.sha256 if before else "", rows.iterator(ROWS_PER_SEAL))
    facts: dict[str, object] = {"number": seal.number, "through": seal.through, "count": count, "rows": seal.rows}
    if count < seal.rows:
        sentence = _("{book}: {count} rows are left of the {rows} under seal {number}, up to row {through}")
        yield _problem(book, "sealed_row_missing", sentence, **facts)
    elif count > seal.rows:
        sentence = _("{book}: there are {count} rows under seal {number}, up to row {through}, but {rows} were sealed")
        yield _problem(book, "sealed_row_added", sentence, **facts)
    elif digest != seal.sha256:
        sentence = _("{book}: what stands under seal {number}, up to row {through}, is not what was sealed")
        yield _problem(book, "seal_broken", sentence, **facts)


def _problems_of_the_end(book: Book, last: Seal | None) -> Iterator[Problem]:
    """As far as was sealed there are seals."""
    place, number = EventCursor.objects.filter(reader=book.reader).first(), last.number + 1 if last else 1
    if place and place.through != (last.through if last else 0):
        yield _problem(book, "seal_missing", _("{book}: seal {number} is missing"), number=number)


def _problem(book: Book, code: str, sentence: str, **facts: object) -> Problem:
    return Problem(None, code, sentence.format(book=book.label, **facts))
