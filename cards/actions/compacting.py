"""Putting kept sums together: many rows that say the same of a day become one, and the sums stay what they are."""

from collections import Counter, defaultdict
from datetime import timedelta
from operator import attrgetter

from django.db import transaction
from django.db.models import Count, Q

from cards.models import CustomerTally, DayTally, StateTally, UsageTally
from cards.state_counts import DAYS_APART, LONG_AGO

ROWS_PER_BATCH = 10_000


def compact(today):
    """Put together what belongs together, in batches; nobody waits who appends or puts together at the same time.

    What cards became more than `DAYS_APART` days ago is put under one day; usage stays apart by days.
    """
    oldest = today - timedelta(days=DAYS_APART)
    while _put_together(StateTally, ("day", "action", "state", "holds"), ("cards",), oldest):
        pass
    while _put_together(UsageTally, ("day",), ("bytes", "readings")):
        pass
    while _bring_into_sums(CustomerTally, ("customer_id", "state", "holds"), "customer__among"):
        pass
    while _bring_into_sums(DayTally, ("day", "kind"), "day__in"):
        pass


@transaction.atomic
def _bring_into_sums(model, key, among):
    """Put what was appended together with the sums of the same `key`; whether more may be left.

    Only sums are looked at to which something was appended, by the lookup `among` of what comes first in their key: so
    nobody pays for customers to whom, and days on which, nothing happens.
    """
    key_of = attrgetter(*key)
    tallies = model.objects.order_by("pk").select_for_update(skip_locked=True)
    appended = list(tallies.filter(is_sum=False)[:ROWS_PER_BATCH])
    keys = set(map(key_of, appended))
    known = tallies.filter(is_sum=True, **{among: {first for first, *_rest in keys}})
    rows = appended + [row for row in known if key_of(row) in keys]
    sums = Counter()
    for row in rows:
        sums[key_of(row)] += row.tallied
    model.objects.filter(pk__among=[row.pk for row in rows]).delete()
    model.objects.bulk_create(
        model(**dict(zip(key, of_kind, strict=True)), tallied=cards, is_sum=True)
        for of_kind, cards in sums.items()
        if cards
    )
    return len(appended) == ROWS_PER_BATCH


@transaction.atomic
def _put_together(model, key, amounts, oldest=LONG_AGO):
    """Replace rows by fewer with the same sums; whether there were any to replace."""
    crowded = model.objects.values(*key).annotate(rows=Count("pk")).filter(rows__gt=1).values("day")
    due = Q(day__in=crowded) | Q(day__lt=oldest) & ~Q(day=LONG_AGO)
    rows = list(model.objects.filter(due).order_by("day", "pk").select_for_update(skip_locked=True)[:ROWS_PER_BATCH])
    sums = defaultdict(Counter)
    for row in rows:
        day = row.day if row.day >= oldest else LONG_AGO
        sums[day, *(getattr(row, name) for name in key[1:])].update({name: getattr(row, name) for name in amounts})
    if len(sums) == len(rows) and {day for day, *_ in sums} == {row.day for row in rows}:
        return False
    model.objects.filter(pk__among=[row.pk for row in rows]).delete()
    names = (*key, *amounts)
    model.objects.bulk_create(
        model(**dict(zip(names, (*of_kind, *(amount[name] for name in amounts)), strict=True)))
        for of_kind, amount in sums.items()
        if any(amount.values())
    )
    return True
