"""Figures of the fleet that are too dear to count for each visitor: counted now and then, kept in one row.

They are days and counts alone: what a page makes of them (weeks, sums, sentences) is the page's business.
"""

from datetime import datetime, time, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from cards.calendar import add_months, civil_today, first_of_next_month
from cards.choices import State, UsageLevel
from cards.models import Card, FleetFigures

ROW = 1
EVERY_SECONDS = 300
AGENDA_DAYS = 7
EXPIRY_DAYS = 84
CANCEL_DAYS = 14
READINGS_OLDER_THAN_DAYS = (1, 3, 7)
LATE_AFTER_DAYS, LATEST_NAMED = 3, 10
HAS_SERVICE = (State.IN_USE, State.SUSPENDED)


def known(today):
    """The figures as they were counted last; counted on the spot when there are none of this day yet."""
    figures = FleetFigures.objects.filter(pk=ROW).first()
    return figures if figures and figures.document.get("day") == str(today) else _count(today)


def refresh(every=EVERY_SECONDS):
    """Count anew what was counted more than `every` seconds ago."""
    today, since = civil_today(), timezone.now() - timedelta(seconds=every)
    is_fresh = FleetFigures.objects.filter(pk=ROW, as_of__gt=since, document__day=str(today)).exists()
    if not is_fresh:
        _count(today)


def _count(today):
    as_of = timezone.now()
    document = {
        "day": str(today),
        "agenda": _by_day(Card.objects.all(), "next_due_on", today, AGENDA_DAYS),
        "expiring": _by_day(Card.objects.filter(state__in=HAS_SERVICE), "service_until", today, EXPIRY_DAYS),
        "cancelling": _by_day(_to_be_cancelled(), "cancel_on", today, CANCEL_DAYS),
        "forced": forced_next_month(today).count(),
        "used": _used(),
        "readings": _readings(today),
    }
    figures, _ = FleetFigures.objects.update_or_create(pk=ROW, defaults={"as_of": as_of, "document": document})
    return figures


def forced_next_month(today):
    """Cards that will be forced active in the next calendar month, if they are not used before."""
    first = first_of_next_month(today)
    month = Q(forced_activation_on__gte=first, forced_activation_on__lt=add_months(first, 1))
    return Card.objects.filter(month, activated_on=None).exclude(state=State.CANCELLED)


def _to_be_cancelled():
    return Card.objects.filter(state=State.SHUT_DOWN, protected=False)


def _by_day(cards, name, today, days):
    """How many of the cards have this day on each of the next `days`, those without any left out: `{day: cards}`."""
    ahead = {f"{name}__gt": today, f"{name}__lte": today + timedelta(days=days)}
    counts = cards.filter(**ahead).order_by(name).values_list(name).annotate(Count("pk"))
    return {str(day): count for day, count in counts}


def _used():
    """How many cards have little or nothing left of their cycle's allowance."""
    levels = Card.objects.filter(usage_level__gt=UsageLevel.NORMAL).order_by()
    counts = dict(levels.values_list("usage_level").annotate(Count("pk")))
    return {str(level.value): counts.get(level, 0) for level in (UsageLevel.LOW, UsageLevel.USED_UP)}


def _readings(today):
    """Of the cards in use: how many were read last before midnight so many days ago, how many never, the oldest.

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
