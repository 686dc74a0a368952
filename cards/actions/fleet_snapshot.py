"""A snapshot of the fleet: counts too dear to make for each visitor, made every few minutes and kept in one row.

They are days and counts alone: what a page makes of them (weeks, sums, sentences) is the page's business.
"""

from datetime import date, datetime, time, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from cards.calendar import civil_today
from cards.choices import State
from cards.models import Card, FleetFigures
from cards.quick import ENDING_WITHIN_DAYS, QUICK

ROW = 1
EVERY_SECONDS = 300
AGENDA_DAYS = 7
ENDING_DAYS = 84
# Besides those whose days are counted, the quick filters that may find a large part of the fleet.
COUNTED_NOW_AND_THEN = ("low", "used_up", "forced")
READINGS_OLDER_THAN_DAYS = (1, 3, 7)
LATE_AFTER_DAYS, LATEST_NAMED = 3, 10


def snapshot(today):
    """The last snapshot; made on the spot when there is none of this day yet."""
    snapshot = FleetFigures.objects.filter(pk=ROW).first()
    return snapshot if snapshot and snapshot.document.get("day") == str(today) else _count(today)


def refresh(every=EVERY_SECONDS):
    """Count anew what was counted more than `every` seconds ago."""
    today, since = civil_today(), timezone.now() - timedelta(seconds=every)
    is_fresh = FleetFigures.objects.filter(pk=ROW, as_of__gt=since, document__day=str(today)).exists()
    if not is_fresh:
        _count(today)


def _count(today):
    as_of, cards = timezone.now(), Card.objects.all()
    ending = _by_day(cards.ending(today, ENDING_DAYS), "service_until")
    cancelling = _by_day(QUICK["cancelling"].cards(cards, today), "cancel_on")
    soon = str(today + timedelta(days=ENDING_WITHIN_DAYS))
    counts = {name: QUICK[name].cards(cards, today).count() for name in COUNTED_NOW_AND_THEN}
    counts["expiring"] = sum(count for day, count in ending.items() if day <= soon)
    counts["cancelling"] = sum(cancelling.values())
    document = {
        "day": str(today),
        "agenda": _by_day(cards.filter(next_due_on__gt=today), "next_due_on", today + timedelta(days=AGENDA_DAYS)),
        "ending": ending,
        "cancelling": cancelling,
        "quick": counts,
        "readings": _readings(today),
    }
    snapshot, _ = FleetFigures.objects.update_or_create(pk=ROW, defaults={"as_of": as_of, "document": document})
    return snapshot


def _by_day(cards, name, until=date.max):
    """How many of the cards have each day up to `until`, days that none has left out: `{day: cards}`."""
    counts = cards.filter(**{f"{name}__lte": until}).order_by(name).values_list(name).annotate(Count("pk"))
    return {str(day): count for day, count in counts}


def _readings(today):
    """Of the cards in use: how many have no reading for `READINGS_OLDER_THAN_DAYS`, how many none at all; the oldest.

    `cards` are the keys of those that were read longest ago.
    """
    older = {
        f"older_{days}": Count("pk", filter=Q(read_at__lt=midnight(today - timedelta(days=days))))
        for days in READINGS_OLDER_THAN_DAYS
    }
    never = Count("pk", filter=Q(read_at=None))
    in_use = Card.objects.filter(state=State.IN_USE)
    found = in_use.aggregate(in_use=Count("pk"), never=never, oldest=Min("read_at"), **older)
    late = in_use.filter(read_at__lt=midnight(today - timedelta(days=LATE_AFTER_DAYS))).order_by("read_at", "pk")
    named = list(late.values_list("pk", flat=True)[:LATEST_NAMED]) if found[f"older_{LATE_AFTER_DAYS}"] else []
    return found | {"oldest": found["oldest"] and found["oldest"].isoformat(), "cards": named}


def midnight(day):
    """The instant at which a civil day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))
