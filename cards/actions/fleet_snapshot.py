"""A snapshot of the fleet: counts too dear to make for each visitor, made every few minutes and kept in one row.

They are days and counts alone: what a page makes of them (weeks, sums, sentences) is the page's business. Beside it
the worker, and nobody else, keeps the list of the cards that were not read; a second row says as of when that is.
"""

import time
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from cards.calendar import WEEK, civil_today, midnight
from cards.choices import State
from cards.models import Card, FleetFigures, NotRead
from cards.querysets import NEVER_READ
from cards.quick import ENDING_WITHIN_DAYS, LATE_AFTER_DAYS, QUICK

ROW = 1
ROW_OF_THE_LIST = 2
DOCUMENT_FORM = 3  # of the document: what an older version has counted is counted anew
EVERY_SECONDS = 300
TIMES_AS_LONG = 100  # as counting takes, until the next: however large the fleet, it takes a hundredth of the time
AGENDA_DAYS = 7
ACTIVATED_DAYS = 30
ENDING_DAYS = 84
# Besides those whose days are counted, the quick filters that may find a large part of the fleet.
COUNTED_NOW_AND_THEN = ("low", "used_up", "forced")
READINGS_OLDER_THAN_DAYS = (1, LATE_AFTER_DAYS, WEEK)
BROUGHT = {}


def bring_figure(name, rows):
    """A figure that a room above this one brings, counted with the others: `rows()` are what it counts."""
    BROUGHT[name] = rows


def snapshot(today):
    """The last snapshot; made on the spot when there is none of this day yet."""
    snapshot = FleetFigures.objects.filter(pk=ROW).first()
    return snapshot if snapshot and _is_of(today, snapshot) else _count(today)


def not_read_as_of():
    """As of when the cards are that are listed as not read; None while none were listed yet."""
    listed = FleetFigures.objects.filter(pk=ROW_OF_THE_LIST, as_of__gt=NEVER_READ)
    return listed.values_list("as_of", flat=True).first()


def refresh(every=EVERY_SECONDS):
    """Count, and list, anew what was so more than `every` seconds ago, and longer ago where that takes long."""
    today = civil_today()
    kept = {row.pk: row for row in FleetFigures.objects.all()}
    for pk, make in ((ROW, _count), (ROW_OF_THE_LIST, _keep_not_read)):
        if pk not in kept or not _is_of(today, kept[pk]) or _is_due(kept[pk], every):
            make(today)


def _is_due(row, every):
    rest = every and max(every, TIMES_AS_LONG * row.document["seconds"])
    return timezone.now() - row.as_of >= timedelta(seconds=rest)


def _count(today):
    as_of, began, cards = timezone.now(), time.perf_counter(), Card.objects.all()
    ending = _by_day(cards.ending(today, ENDING_DAYS), "service_until")
    cancelling = _by_day(QUICK["cancelling"].cards(cards, today), "cancel_on")
    long_ago = today - timedelta(days=ACTIVATED_DAYS)
    soon = str(today + timedelta(days=ENDING_WITHIN_DAYS))
    counts = {name: QUICK[name].cards(cards, today).count() for name in COUNTED_NOW_AND_THEN}
    counts["expiring"] = sum(count for day, count in ending.items() if day <= soon)
    counts["cancelling"] = sum(cancelling.values())
    readings = _readings(today)
    counts["late"] = readings[f"older_{LATE_AFTER_DAYS}"] + readings["never"]
    document = {
        **_made_on(today),
        "agenda": _by_day(cards.filter(next_due_on__gt=today), "next_due_on", today + timedelta(days=AGENDA_DAYS)),
        "activated": _by_day(cards.filter(activated_on__gt=long_ago), "activated_on", today),
        "ending": ending,
        "cancelling": cancelling,
        "quick": counts,
        "readings": readings,
        "brought": {name: rows().order_by().count() for name, rows in BROUGHT.items()},
        "seconds": time.perf_counter() - began,
    }
    snapshot, _ = FleetFigures.objects.update_or_create(pk=ROW, defaults={"as_of": as_of, "document": document})
    return snapshot


def _made_on(today):
    """What tells the figures of a day from those of another one, or of another version."""
    return {"day": str(today), "form": DOCUMENT_FORM}


def _is_of(today, row):
    return _made_on(today).items() <= row.document.items()


def _by_day(cards, name, until=date.max):
    """How many of the cards have each day up to `until`, days that none has left out: `{day: cards}`."""
    counts = cards.filter(**{f"{name}__lte": until}).order_by(name).values_list(name).annotate(Count("pk"))
    return {str(day): count for day, count in counts}


def _readings(today):
    """Of the cards in use: how many have had no reading for `READINGS_OLDER_THAN_DAYS`, how many none at all; and the
    oldest and the newest."""
    older = {
        f"older_{days}": Count("pk", filter=Q(read_at__lt=midnight(today - timedelta(days=days))))
        for days in READINGS_OLDER_THAN_DAYS
    }
    never = Count("pk", filter=Q(read_at=None))
    in_use = Card.objects.filter(state=State.IN_USE)
    ends = {"oldest": Min("read_at"), "newest": Max("read_at")}
    found = in_use.aggregate(in_use=Count("pk"), never=never, **ends, **older)
    return found | {name: found[name] and found[name].isoformat() for name in ends}


def _keep_not_read(today):
    """Bring the list of cards in use that were not read since yesterday in step; what stays true is not written.

    One worker does so at a time: another one that comes meanwhile leaves it to them.
    """
    as_of, began = timezone.now(), time.perf_counter()
    FleetFigures.objects.get_or_create(pk=ROW_OF_THE_LIST, defaults={"as_of": NEVER_READ})
    with transaction.atomic():
        row = FleetFigures.objects.select_for_update(skip_locked=True).filter(pk=ROW_OF_THE_LIST).first()
        if row:
            _list_not_read(today)
            row.as_of, row.document = as_of, _made_on(today) | {"seconds": time.perf_counter() - began}
            row.save()


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
