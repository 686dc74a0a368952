"""Pages and counts that cost the same at a thousand cards and at a million.

A page begins behind a row that was seen, so that nothing before it is read; the last page is read from the end; a
count stops at its cap; and whoever looks along an order for rows that may not lie there soon looks elsewhere.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Generic, Literal, Self, TypeAlias, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CharField, F, Func, Model, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, LessThan

from cards.quantities import LARGEST_WHOLE, whole

_Row = TypeVar("_Row", bound=Model)

LARGEST_ID = LARGEST_WHOLE
END: Final = "end"
ROWS_PER_PAGE = 50
TALL_ROWS_PER_PAGE = 30  # rows of several lines, and the lists that are read on phones


@dataclass(frozen=True)
class Cursor:
    """A row's place in an order by a column: its value there, None where it has none, and its key."""

    value: date | str | None
    pk: int

    def __str__(self) -> str:
        return f"{self.value or ''}_{self.pk}"


PROMISING = 4  # whoever has met this part of a page, a quarter, goes on along its order
# A row's key where the order is by keys, otherwise its cursor.
Place: TypeAlias = Cursor | int


@dataclass(frozen=True)
class SortOrder:
    """The order of a list: by an indexed column and the key, or by the key alone.

    `has_value` says which rows have a value in the column; the others come last, newest first. Without it, all have.
    """

    column: str | None = None
    is_descending: bool = False
    has_value: Q | None = None
    read_value: Callable[[str], date | str] = date.fromisoformat

    def read(self, text: str) -> Place:
        """The place that stands in an address; `ValueError` when there is none."""
        value, mark, key = text.rpartition("_")
        pk = key_in(key)
        if pk is None or bool(mark) != bool(self.column):
            raise ValueError(text)
        return Cursor(self.read_value(value) if value else None, pk) if self.column else pk

    @property
    def sorting(self) -> list[str]:
        """For `order_by`: where all rows have a value, this is the whole order."""
        return _sorting(self.column, self.is_descending)

    def parts(self, queryset: QuerySet[_Row], along: "Along[_Row] | None" = None) -> "list[Stretch[_Row]]":
        """The parts of a list that follow each other, each in an order of its own."""
        having = self.has_value or Q()
        walked = along and replace(along, rows=along.rows.filter(having))
        first = Stretch(queryset.filter(having), self.column, self.is_descending, along=walked)
        rest = Stretch(queryset.exclude(having), is_descending=True, is_rest=True, along=along)
        return [first, rest] if self.has_value else [first]


NEWEST = SortOrder(is_descending=True)
OLDEST = SortOrder()


@dataclass(frozen=True)
class Along(Generic[_Row]):
    """The rows that an index of an order has side by side; the first ones are looked at for those of a page, in
    `steps` of so many, as long as enough of them are met, before these are found in another way.

    `some(is_descending)` gives keys of rows that are looked for, of those that are found soonest and likely to stand at
    the beginning of an order in that direction: they say how far the page reaches at the most.
    """

    rows: QuerySet[_Row]
    steps: Sequence[int]
    some: Callable[[bool], Collection[int]]


@dataclass(frozen=True)
class Stretch(Generic[_Row]):
    """Rows in the order of a column and the key, or of the key alone; `is_rest` are those without a value.

    `along` says among which rows they are looked for, where they may lie far apart in this order.
    """

    rows: QuerySet[_Row]
    column: str | None = None
    is_descending: bool = False
    is_rest: bool = False
    along: Along[_Row] | None = None

    def has(self, place: Place) -> bool:
        """Whether the row at this place is one of them."""
        return self.is_rest == (isinstance(place, Cursor) and place.value is None)

    def place(self, row: Any) -> Place:
        if self.column:
            return Cursor(row.place, row.pk)
        return Cursor(None, row.pk) if self.is_rest else row.pk

    def read(self, size: int, place: Place | None, backwards: bool, shown_as: QuerySet[_Row] | None) -> list[_Row]:
        """Up to `size` rows behind a place, or from the beginning; `shown_as` says with what they are read."""
        is_descending = self.is_descending != backwards
        rows = self._between(self.rows, place, None, is_descending)
        if self.along is None:
            return self._read(rows, size, is_descending, shown_as)
        walked = self._between(self.along.rows, place, None, is_descending)
        met = self._met(rows, walked, self.along.steps, size, is_descending)
        if met is not None:
            shown = rows if shown_as is None else shown_as
            return self._placed(shown.filter(pk__among=met).order_by(*self._order(is_descending)))
        reach = self._reach(walked, self.along.some(is_descending), size, is_descending)
        within = self._between(rows, None, reach, is_descending)
        return self._read(within, size, is_descending, shown_as, by_index=False)

    def _met(
        self, rows: QuerySet[_Row], walked: QuerySet[_Row], steps: Sequence[int], size: int, is_descending: bool
    ) -> list[int] | None:
        """The keys of the first `size` of the rows, or of all of them, if they are met within so many steps."""
        order = self._order(is_descending)
        promised = 0
        for step in steps:
            is_all = not self._go_on(walked, step, is_descending)
            if promised < size // PROMISING and step != steps[0] and not is_all:
                break
            met = _found_in(walked.order_by(*order)[:step], rows.order_by(*order).values("pk")[:size])
            if is_all or len(met) == size:
                return [pk for (pk,) in met]
            promised = len(met)
        return None

    def _go_on(self, rows: QuerySet[_Row], count: int, is_descending: bool) -> bool:
        """Whether there are more than so many; an index of the column alone knows it, without their keys."""
        first = self.column or "pk"
        return bool(rows.order_by(_sorting(first, is_descending)[0]).values_list(first)[count : count + 1])

    def _reach(self, rows: QuerySet[_Row], keys: Collection[int], count: int, is_descending: bool) -> Place | None:
        """The place in this order behind so many of the rows with these keys; None where there are fewer."""
        some = rows.model._default_manager.filter(pk__among=keys)[: len(keys)]
        places = rows.order_by(*self._order(is_descending)).values_list(self.column or "pk", "pk")
        found = _found_in(some, places[count : count + 1])
        return next((Cursor(value, pk) if self.column else pk for value, pk in found), None)

    def _between(
        self, rows: QuerySet[_Row], after: Place | None, before: Place | None, is_descending: bool
    ) -> QuerySet[_Row]:
        for place, is_falling in ((after, is_descending), (before, not is_descending)):
            if place is not None:
                there = place if isinstance(place, Cursor) else Cursor(None, place)
                values = {self.column: there.value, "pk": there.pk} if self.column else {"pk": there.pk}
                here = RowValue(*map(Value, values.values()))
                rows = rows.filter((LessThan if is_falling else GreaterThan)(RowValue(*map(F, values)), here))
        return rows

    def _read(
        self,
        rows: QuerySet[_Row],
        size: int,
        is_descending: bool,
        shown_as: QuerySet[_Row] | None,
        by_index: bool = True,
    ) -> list[_Row]:
        """The first `size`, along an index of the order, unless all of them are to be found first and then sorted."""
        keys = rows.order_by(*self._order(is_descending, by_index))[:size]
        if shown_as is None:
            return self._placed(keys)
        return self._placed(shown_as.filter(pk__in=keys.values("pk")).order_by(*self._order(is_descending)))

    def _placed(self, rows: QuerySet[_Row]) -> list[_Row]:
        return list(rows.annotate(place=F(self.column)) if self.column else rows)

    def _order(self, is_descending: bool, by_index: bool = True) -> list[Any]:
        sorting = _sorting(self.column, is_descending)
        return sorting if by_index else list(map(_not_by_index, sorting))


class RowValue(Func):
    """Values beside each other: `(service_until, id) > (…, …)` is one range of an index of both."""

    template = "(%(expressions)s)"
    output_field = CharField()


def _sorting(column: str | None, is_descending: bool) -> list[str]:
    return [f"-{name}" if is_descending else name for name in (column, "pk") if name]


def _found_in(some: QuerySet[Any], asked: QuerySet[Any, Any]) -> list[Any]:
    """What is asked of a table, of some of its rows alone: a database gets to see no others.

    Of a condition it may think that few rows fulfil it, and look for all of these, however many there are.
    """
    try:
        of_some, given = some.query.sql_with_params()
        sql, params = asked.query.sql_with_params()
    except EmptyResultSet:
        return []
    table = connection.ops.quote_name(asked.model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(sql.replace(f"FROM {table}", f"FROM ({of_some}) AS {table}", 1), (*given, *params))
        return list(cursor.fetchall())


def _not_by_index(name: str) -> Any:
    """The same value, of which no database sees that an index has it in order."""
    bare = name.removeprefix("-")
    value = Coalesce(F(bare), F(bare))
    return value.desc() if name != bare else value.asc()


@dataclass
class Page(Generic[_Row]):
    """Some rows, and the places at which the pages beside it begin; None where there is none."""

    rows: list[_Row]
    before: Place | None
    after: Place | None


def page_of(
    queryset: QuerySet[_Row],
    size: int,
    after: Place | None = None,
    before: Place | Literal["end"] | None = None,
    order: SortOrder = NEWEST,
    shown_as: QuerySet[_Row] | None = None,
    along: Along[_Row] | None = None,
) -> Page[_Row]:
    """The first `size` rows in this order; those that follow the place `after`, or those that lead up to `before`.

    A place is a key where the order is by keys, otherwise a `Cursor`; before `END` lies the last page. With
    `shown_as`, a queryset of the same model, the places are found first and only their rows are read, as that says.
    `along` is given where few of these rows may lie at this end of the order. Databases take it that the rows of any
    choice lie evenly in any order, and would walk to its other end.
    """
    backwards = before is not None
    behind = before if backwards else after
    place = None if isinstance(behind, str) else behind
    found = _walk(order.parts(queryset, along), size + 1, place, backwards, shown_as)
    goes_on = len(found) > size
    found = found[:size][::-1] if backwards else found[:size]
    has_before = goes_on if backwards else after is not None
    has_after = before != END if backwards else goes_on
    return Page(
        [row for row, _ in found],
        found[0][1] if found and has_before else None,
        found[-1][1] if found and has_after else None,
    )


def _walk(
    parts: Sequence[Stretch[_Row]], size: int, place: Place | None, backwards: bool, shown_as: QuerySet[_Row] | None
) -> list[tuple[_Row, Place]]:
    """Up to `size` rows behind a place, through one part of the list after the other, each with its own place."""
    found: list[tuple[_Row, Place]] = []
    for part in reversed(parts) if backwards else parts:
        if len(found) < size and (place is None or part.has(place)):
            rows = part.read(size - len(found), place, backwards, shown_as)
            found += [(row, part.place(row)) for row in rows]
            place = None
    return found


def key_in(text: str) -> int | None:
    """The key that stands in an address, or None where there is none."""
    return whole(text, 1, LARGEST_ID)


def count_label(count: int, most: int) -> str:
    """A count as text: beyond `most` only that there are more."""
    return f"{most:,}+" if count > most else f"{count:,}"


@dataclass(frozen=True)
class CountUpTo:
    """How many rows there are, or `most` + 1 where there are more, as SQL that can be asked again and again."""

    sql: str
    params: tuple[Any, ...] = ()

    @classmethod
    def of(cls, queryset: QuerySet[Any], most: int) -> Self:
        try:
            rows, params = queryset.order_by().values("pk")[: most + 1].query.sql_with_params()
        except EmptyResultSet:
            return cls("0")
        return cls(f"(SELECT COUNT(*) FROM ({rows}) AS counted)", tuple(params))


def counts_up_to(most: int, querysets: Iterable[QuerySet[Any]]) -> list[int]:
    """How many rows each queryset has, or `most` + 1 where there are more: one statement for all of them."""
    return counted_together([CountUpTo.of(queryset, most) for queryset in querysets])


def counted_together(counts: Sequence[CountUpTo]) -> list[int]:
    """The number that each of these gives: one statement for all of them."""
    if not counts:
        return []
    params = [param for count in counts for param in count.params]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(count.sql for count in counts)}", params)
        return list(cursor.fetchone())
