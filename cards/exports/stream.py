"""A list of cards as a file, block by block: what the database makes of them is what is sent, and nothing is kept."""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from cards.calendar import civil_today
from cards.columns.declared import columns_of, columns_shown
from cards.columns.expressions import joined_term
from cards.columns.kinds import Column, Format
from cards.files.sheet import sheet_blocks
from cards.files.writing import BOM, ROWS_PER_BLOCK, csv_text
from cards.paging import SortOrder
from cards.querysets import CardQuerySet
from cards.timeouts import DOWNLOAD_SECONDS, statements_within


def in_order(cards: CardQuerySet, order: SortOrder) -> CardQuerySet:
    """The cards in a `SortOrder` of the list, in one statement: those without a value come last, newest first."""
    sign = "-" if order.is_descending else ""
    if not order.column:
        return cards.order_by(f"{sign}pk")
    if not order.has_value:
        return cards.order_by(f"{sign}{order.column}", f"{sign}pk")
    names = [Case(When(order.has_value, then=F(name))) for name in (order.column, "pk")]
    sorting = [name.desc() if order.is_descending else name.asc() for name in names]
    return cards.order_by(Case(When(order.has_value, then=Value(0)), default=Value(1)), *sorting, "-pk")


def file_blocks(
    cards: CardQuerySet, format: str, to_staff: bool = True, shown: Collection[str] | None = None
) -> Iterator[bytes]:
    """The whole file of these cards, in blocks of bytes, in the language that is active now.

    It has the columns of the list that are `shown`, or else all columns of its format.
    """
    return dressed(row_blocks(cards, format, to_staff, shown), format, to_staff, shown)


def row_blocks(
    cards: CardQuerySet, format: str, to_staff: bool = True, shown: Collection[str] | None = None
) -> Iterator[bytes]:
    """The rows as CSV without a heading, whole rows to a block.

    They are asked for in one statement, so they are one moment in time; it runs from the first block to the last, and
    whoever closes the stream ends it.
    """
    expressions = [column.expression(format) for column in _columns(format, to_staff, shown)]
    try:
        joined = cards.alias(**joined_term(civil_today()))
        statement = joined.values_list(*expressions).query.sql_with_params()
    except EmptyResultSet:
        return iter(())
    return READ_FROM[connection.vendor](*statement)


def dressed(
    blocks: Iterable[bytes], format: str, to_staff: bool = True, shown: Collection[str] | None = None
) -> Iterator[bytes]:
    """The file that is made of `row_blocks`."""
    columns = _columns(format, to_staff, shown)
    if format == Format.XLSX:
        rows = csv.reader(line for block in blocks for line in StringIO(block.decode(), newline=""))
        return sheet_blocks(_("Cards"), [(column.heading, column.cell) for column in columns], rows)
    names = [column.name if format == Format.CODES else column.heading for column in columns]
    head = (BOM if format == Format.CSV else "") + csv_text([names])
    return _behind(head.encode(), blocks)


def _columns(format: str, to_staff: bool, shown: Collection[str] | None) -> list[Column]:
    return columns_of(format, to_staff) if shown is None else columns_shown(shown, to_staff)


def _behind(head: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _from_postgresql(statement: str, params: Sequence[Any]) -> Iterator[bytes]:
    """The server writes the CSV itself; here its rows are only put together."""
    with statements_within(DOWNLOAD_SECONDS), connection.cursor() as cursor:
        copied = f"COPY ({cursor.mogrify(statement, params)}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"
        with cursor.copy(copied) as copy:
            rows = iter(copy)
            while block := b"".join(islice(rows, ROWS_PER_BLOCK)):
                yield block


def _from_sqlite(statement: str, params: Sequence[Any]) -> Iterator[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(ROWS_PER_BLOCK):
            yield csv_text(rows).encode()


READ_FROM = {"postgresql": _from_postgresql, "sqlite": _from_sqlite}
