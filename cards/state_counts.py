"""The kept sums, read: how many cards show what, now and on earlier days, and how much was used.

Nothing here counts cards, so it costs the same for a thousand and for a million of them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeAlias

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Sum, Value
from django.db.models.functions import Greatest

from cards.choices import Hold, State
from cards.holds import shown, stopping
from cards.models import CustomerTally, StateTally, UsageTally
from cards.paging import SortOrder
from cards.querysets import CardQuerySet

# What happened more days ago is not kept by day: `actions.compacting` puts it together under one.
DAYS_APART = 400
LONG_AGO = date(2000, 1, 1)
COUNTED = 1_000
_KEYS_OF_ROWS = {"postgresql": "json_agg(pk)::text", "sqlite": "json_group_array(pk)"}


# (state, holds, how many cards)
StateSum: TypeAlias = tuple[str, str, int]


class Filtered(Protocol):
    """A card list's filter, as far as its tabs ask it."""

    @property
    def in_all_tabs(self) -> CardQuerySet: ...

    @property
    def natural_order(self) -> SortOrder: ...


@dataclass(frozen=True)
class TabCounts:
    """How many cards show each state and each hold, and under "" how many there are in all.

    They are sums that are kept, or counted just now; above `COUNTED` cards the counting stops, and each count says
    how many there are at the least. `card_ids` are all that were counted, None where there are more.
    """

    counts: dict[str, int]
    is_exact: bool = True
    is_kept: bool = False
    card_ids: list[int] | None = None


def tab_counts(filtered: Filtered) -> TabCounts:
    """What the tabs say over a read filter: the kept sums over all cards, and over all of customers who have more than
    `COUNTED`; over others one look at so many.

    That look goes the way of the first page, along an index; in no order, it might go through the whole table.
    """
    cards = filtered.in_all_tabs
    if not cards.query.has_filters():
        return TabCounts(_with_total(shown_now()), is_kept=True)
    if (customers := cards.of_customers_alone()) is not None:
        kept = _with_total(shown_of_customers(customers))
        if kept[""] > COUNTED:
            return TabCounts(kept, is_kept=True)
    sorting = filtered.natural_order.sorting
    sums, card_ids = _counted(cards.order_by(*sorting).values("state", "holds", "pk")[: COUNTED + 1])
    counts = _with_total(shown_in(sums))
    if len(card_ids) > COUNTED:
        return TabCounts(counts | {"": COUNTED}, is_exact=False)
    return TabCounts(counts, card_ids=card_ids)


def shown_now() -> dict[str, int]:
    """How many cards are in each state, and how many show each hold as their state: `{code: cards}`, all codes.

    A suspended card counts as `suspended` and under its first hold, so the sum over the states is all cards.
    """
    return shown_in(_cards_by_state())


def shown_of_customers(customers: Iterable[int]) -> dict[str, int]:
    """What `shown_now` says, of the cards of these customers together."""
    kept = CustomerTally.objects.filter(customer__among=set(customers))
    return shown_in(kept.values_list("state", "holds").annotate(Sum("tallied")))


def cards_of_customers(customers: Iterable[int]) -> Counter[int]:
    """How many cards each of these customers has, whatever their state: `{key: cards}`."""
    kept = CustomerTally.objects.filter(customer__among=set(customers))
    return Counter(dict(kept.values_list("customer").annotate(Sum("tallied"))))


def shown_in(sums: Iterable[StateSum]) -> dict[str, int]:
    """The same for any (state, holds, cards): what those cards show."""
    counts = dict.fromkeys((*State.values, *Hold.values), 0)
    for state, holds, cards in sums:
        for code in {state, shown(state, holds)}:
            counts[code] = counts.get(code, 0) + cards
    return counts


def carried_now() -> dict[str, int]:
    """How many suspended cards carry each hold, as their first or behind another: `{hold: cards}`, all holds."""
    counts = dict.fromkeys(Hold.values, 0)
    for state, holds, cards in _cards_by_state():
        for hold in stopping(state, holds):
            counts[hold] = counts.get(hold, 0) + cards
    return counts


def states_on(days: Collection[date]) -> dict[date, dict[str, int]]:
    """What `shown_now` would have said at the end of each of these days: `{day: {code: cards}}`, in one query.

    A day more than `DAYS_APART` days ago gets the sums of the first day that is still told apart.
    """
    days = sorted(days)
    if not days:
        return {}
    known = StateTally.objects.filter(day__lte=days[-1]).annotate(on=Greatest("day", Value(days[0])))
    changes: defaultdict[date, Counter[tuple[str, str]]] = defaultdict(Counter)
    total: Counter[tuple[str, str]] = Counter()
    history: dict[date, dict[str, int]] = {}
    for on, state, holds, cards in known.values_list("on", "state", "holds").annotate(Sum("cards")):
        changes[on][state, holds] += cards
    waiting = sorted(changes, reverse=True)
    for day in days:
        while waiting and waiting[-1] <= day:
            total.update(changes[waiting.pop()])
        history[day] = shown_in((*key, cards) for key, cards in total.items())
    return history


def usage_by_day(since: date) -> dict[date, int]:
    """The bytes known of each day from `since` on, in the order of the days: `{day: bytes}`."""
    days = UsageTally.objects.filter(day__gte=since).order_by("day").values_list("day")
    return dict(days.annotate(Sum("bytes")))


def _cards_by_state() -> Iterable[StateSum]:
    """(state, holds, cards) of all cards as they are now."""
    return StateTally.objects.values_list("state", "holds").annotate(Sum("cards"))


def _with_total(counts: dict[str, int]) -> dict[str, int]:
    return {"": sum(counts[state] for state in State.values)} | counts


def _counted(rows: QuerySet[Any, Any]) -> tuple[list[StateSum], list[int]]:
    """(state, holds, cards) of these rows, counted by the database in one pass, and their keys."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return [], []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT state, holds, {_KEYS_OF_ROWS[connection.vendor]} FROM ({sql}) AS counted GROUP BY 1, 2", params
        )
        found = [(state, holds, json.loads(keys)) for state, holds, keys in cursor.fetchall()]
    sums = [(state, holds, len(keys)) for state, holds, keys in found]
    return sums, sorted(key for *_facts, keys in found for key in keys)
