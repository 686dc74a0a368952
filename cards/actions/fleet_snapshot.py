"""A snapshot of the fleet: figures of the days of its cards, put together every few minutes and kept in a row.

They are days and counts alone: what a page makes of them (weeks, sums, sentences) is the page's business. How many
cards have which day is kept as they change (`DayTally`; SQLite counts them), so the figures cost the same however large
the fleet is. Two things are counted from the cards, each in a row of its own that says as of when it is: the list of
the cards that were not read, with the oldest and the newest reading, which only the worker keeps; and what rooms above
bring.
"""

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from cards.actions.events import newest_key
from cards.calendar import WEEK, add_months, civil_today, first_of_next_month, midnight
from cards.choices import State
from cards.models import Card, DayTally, FleetFigures, NotRead, UsageTally
from cards.querysets import CANCELS_UNLESS_RENEWED, NEVER_READ, NOT_OVER
from cards.quick import CANCELLING_WITHIN_DAYS, ENDING_WITHIN_DAYS, LATE_AFTER_DAYS
from cards.triggers import days_counted_on_sqlite

ROW = 1
ROW_OF_THE_LIST = 2
ROW_OF_WHAT_IS_BROUGHT = 3
DOCUMENT_FORM = 4  # of the documents: what an older version has counted is counted anew
EVERY_SECONDS = 300
TIMES_AS_LONG = 100  # as counting takes, until the next: however large the fleet, it takes a hundredth of the time
AGENDA_DAYS = 7
ACTIVATED_DAYS = 30
ENDING_DAYS = 84
READINGS_OLDER_THAN_DAYS = (1, LATE_AFTER_DAYS, WEEK)
NEVER = str(NEVER_READ.date())
BROUGHT = {}


@dataclass(frozen=True)
class Snapshot:
    """The figures as of an instant, and what rooms above have brought as of theirs."""

    as_of: datetime
    document: dict[str, Any]
    brought: dict[str, int]
    brought_as_of: datetime


def bring_figure(name, rows):
    """A figure that a room above this one brings, counted now and then: `rows()` are what it counts."""
    BROUGHT[name] = rows


def snapshot(today):
    """The last snapshot; made on the spot when there is none of this day yet."""
    kept = FleetFigures.objects.in_bulk()
    figures = kept[ROW] if ROW in kept and _is_of(today, kept[ROW]) else _count(today)
    brought = kept.get(ROW_OF_WHAT_IS_BROUGHT) or _count_what_is_brought(today)
    listed = kept[ROW_OF_THE_LIST].document if ROW_OF_THE_LIST in kept else {}
    ends = {name: listed.get(name) for name in ("oldest", "newest")}
    document = figures.document | {"readings": figures.document["readings"] | ends}
    return Snapshot(figures.as_of, document, brought.document["brought"], brought.as_of)


def not_read_as_of():
    """As of when the cards are that are listed as not read; None while none were listed yet."""
    listed = FleetFigures.objects.filter(pk=ROW_OF_THE_LIST, as_of__gt=NEVER_READ)
    return listed.values_list("as_of", flat=True).first()


def refresh(every=EVERY_SECONDS):
    """Put together anew what is older than `every` seconds, and what was counted from the cards longer ago where that
    takes long; the list only where it may be out of step.
    """
    today = civil_today()
    kept = FleetFigures.objects.in_bulk()
    for pk, make, is_out_of_step in (
        (ROW, _count, _is_always),
        (ROW_OF_THE_LIST, _keep_not_read, _list_is_out_of_step),
        (ROW_OF_WHAT_IS_BROUGHT, _count_what_is_brought, _is_always),
    ):
        is_of_today = pk in kept and _is_of(today, kept[pk])
        if not is_of_today or (_is_due(kept[pk], every) and is_out_of_step(kept[pk], today)):
            make(today)


def _is_always(row, today):
    return True


def _is_due(row, every):
    rest = every and max(every, TIMES_AS_LONG * row.document["seconds"])
    return timezone.now() - row.as_of >= timedelta(seconds=rest)


def _made_on(today):
    """What tells the figures of a day from those of another one, or of another version."""
    return {"day": str(today), "form": DOCUMENT_FORM}


def _is_of(today, row):
    return _made_on(today).items() <= row.document.items()


def _keep(pk, today, as_of, began, document):
    document |= _made_on(today) | {"seconds": time.perf_counter() - began}
    return FleetFigures.objects.update_or_create(pk=pk, defaults={"as_of": as_of, "document": document})[0]


def _count_what_is_brought(today):
    as_of, began = timezone.now(), time.perf_counter()
    brought = {name: rows().order_by().count() for name, rows in BROUGHT.items()}
    return _keep(ROW_OF_WHAT_IS_BROUGHT, today, as_of, began, {"brought": brought})


# figures by day


def _count(today):
    as_of, began = timezone.now(), time.perf_counter()
    days = _cards_by_day(today)
    soon = str(today + timedelta(days=ENDING_WITHIN_DAYS))
    counts = {name: sum(days[name].values()) for name in ("low", "used_up", "forced", "cancelling")}
    counts["expiring"] = sum(cards for day, cards in days["ending"].items() if day <= soon)
    readings = _readings(days["read"], today)
    counts["late"] = readings[f"older_{LATE_AFTER_DAYS}"] + readings["never"]
    shown = {name: days[name] for name in ("activated", "ending", "cancelling")}
    document = {"agenda": days["due"], **shown, "quick": counts, "readings": readings}
    return _keep(ROW, today, as_of, began, document)


def _shown(today):
    """The days that are asked of each kind, from the first one to the last; None where there is none."""
    first = first_of_next_month(today)
    tomorrow = today + timedelta(days=1)
    return {
        "due": (tomorrow, today + timedelta(days=AGENDA_DAYS)),
        "activated": (today - timedelta(days=ACTIVATED_DAYS - 1), today),
        "forced": (first, add_months(first, 1) - timedelta(days=1)),
        "ending": (tomorrow, today + timedelta(days=ENDING_DAYS)),
        "cancelling": (None, today + timedelta(days=CANCELLING_WITHIN_DAYS)),
        "low": (tomorrow, None),
        "used_up": (tomorrow, None),
        "read": (None, None),
    }


def _within(name, first, last):
    edges = {f"{name}__gte": first, f"{name}__lte": last}
    return Q(**{edge: day for edge, day in edges.items() if day})


def _cards_by_day(today):
    """How many cards have each of the days that are shown, by kind: `{kind: {day: cards}}`.

    Those that are renewed end, or are cancelled, only later; one statement sees them and the days at the same moment.
    """
    shown = _shown(today)
    ending = Card.objects.filter(NOT_OVER, _within("service_until", *shown["ending"]))
    cancelling = Card.objects.filter(CANCELS_UNLESS_RENEWED, _within("cancel_on", *shown["cancelling"]))
    renewed = (
        cards.with_next_terms().order_by().values_list(Value(kind), day, Value(-1))
        for kind, cards, day in (("ending", ending, "service_until"), ("cancelling", cancelling, "cancel_on"))
    )
    found = {kind: defaultdict(int) for kind in shown}
    for kind, day, cards in days_of_cards(shown, renewed):
        found[kind][day] += cards
    return {kind: {day: days[day] for day in sorted(days) if days[day]} for kind, days in found.items()}


def days_of_cards(shown, others=()):
    """(kind, day, by how many cards) of these kinds, from the first day to the last; and the rows of `others`.

    PostgreSQL has kept them as the cards changed; SQLite counts them.
    """
    if connection.vendor == "postgresql":
        asked = [Q(kind=kind) & _within("day", *edges) for kind, edges in shown.items()]
        kept = DayTally.objects.filter(Q(*asked, _connector=Q.OR)).values_list("kind", "day", "tallied")
        return ((kind, str(day), cards) for kind, day, cards in kept.union(*others, all=True))
    queries = [(days_counted_on_sqlite(shown), ()), *(rows.query.sql_with_params() for rows in others)]
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(sql for sql, _params in queries), [each for _sql, params in queries for each in params]
        )
        counted = [(kind, str(day), cards) for kind, day, cards in cursor.fetchall() if day]
    return [row for row in counted if _is_within(row[1], *shown[row[0]])]


def _is_within(day, first, last):
    return (first is None or str(first) <= day) and (last is None or day <= str(last))


def _readings(days, today):
    """Of the cards in use: how many have had no reading for `READINGS_OLDER_THAN_DAYS`, and how many none at all."""
    older = {
        f"older_{number}": _read_before(str(today - timedelta(days=number)), days)
        for number in READINGS_OLDER_THAN_DAYS
    }
    return {"in_use": sum(days.values()), "never": days.get(NEVER, 0), **older}


def _read_before(day, days):
    return sum(cards for each, cards in days.items() if NEVER < each < day)


# the list


def _not_read_by_day(today):
    """How many cards in use are to be listed, by the day on which they were last read."""
    listed = (None, today - timedelta(days=READINGS_OLDER_THAN_DAYS[0] + 1))
    found = defaultdict(int)
    for _kind, day, cards in days_of_cards({"read": listed}):
        found[day] += cards
    return {day: found[day] for day in sorted(found) if found[day]}


def _list_is_out_of_step(row, today):
    """Whether usage was taken in since, or other cards are to be listed. Cards that took each other's place are found
    once either is so, and at midnight; those that are listed in vain whoever reads the list finds out.
    """
    return row.document["usage"] != newest_key(UsageTally) or row.document["due"] != _not_read_by_day(today)


def _keep_not_read(today):
    """Bring the list of cards in use that were not read since yesterday in step; what stays true is not written.

    One worker does so at a time: another one that comes meanwhile leaves it to them.
    """
    as_of, began = timezone.now(), time.perf_counter()
    FleetFigures.objects.get_or_create(pk=ROW_OF_THE_LIST, defaults={"as_of": NEVER_READ})
    with transaction.atomic():
        row = FleetFigures.objects.select_for_update(skip_locked=True).filter(pk=ROW_OF_THE_LIST).first()
        if row:
            document = {"usage": newest_key(UsageTally), "due": _not_read_by_day(today)} | _ends()
            _list_not_read(today)
            _keep(ROW_OF_THE_LIST, today, as_of, began, document)


def _ends():
    """The oldest and the newest reading of a card in use."""
    found = Card.objects.filter(state=State.IN_USE).aggregate(oldest=Min("read_at"), newest=Max("read_at"))
    return {name: at and at.isoformat() for name, at in found.items()}


def _list_not_read(today):
    since = midnight(today - timedelta(days=READINGS_OLDER_THAN_DAYS[0]))
    last_read = Coalesce("read_at", Value(NEVER_READ))
    due = Card.objects.filter(state=State.IN_USE).annotate(last_read=last_read).filter(last_read__lt=since)
    NotRead.objects.exclude(Exists(due.filter(pk=OuterRef("card"), last_read=OuterRef("read_at")))).delete()
    missing = (
        due.exclude(Exists(NotRead.objects.filter(card=OuterRef("pk")))).order_by("pk").values_list("pk", "last_read")
    )
    rows, values = missing.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {NotRead._meta.db_table} (card_id, read_at) {rows}", values)
