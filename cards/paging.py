"""Pages and counts that cost the same at a thousand cards and at a million.

A page begins behind a row that was seen, so that nothing before it is read; a count stops at its cap.
"""

from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection


@dataclass
class Page:
    """Some rows, newest first, and the cursors of the pages beside it; None where there is none."""

    rows: list
    before: int | None
    after: int | None


def page_of(queryset, size, after=None, before=None):
    """The `size` rows with the highest ids; those that follow the id `after`, or those that lead up to `before`."""
    if before:
        rows = list(queryset.filter(pk__gt=before).order_by("pk")[: size + 1])
        is_first = len(rows) <= size
        rows = rows[:size][::-1]
        return Page(rows, _cursor(rows, 0, not is_first), _cursor(rows, -1, True))
    behind = queryset.filter(pk__lt=after) if after else queryset
    rows = list(behind.order_by("-pk")[: size + 1])
    is_last = len(rows) <= size
    rows = rows[:size]
    return Page(rows, _cursor(rows, 0, bool(after)), _cursor(rows, -1, not is_last))


def counts_up_to(most, querysets):
    """How many rows each queryset has, or `most` + 1 where there are more: one statement for all of them."""
    parts, params = [], []
    for queryset in querysets:
        try:
            rows, values = queryset.order_by().values("pk")[: most + 1].query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
        else:
            parts.append(f"(SELECT COUNT(*) FROM ({rows}) AS counted)")
            params += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        return list(cursor.fetchone())


def _cursor(rows, place, leads_somewhere):
    return rows[place].pk if rows and leads_somewhere else None
