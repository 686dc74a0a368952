"""Putting kept sums together: many rows that say the same of a day become one, and the sums stay what they are."""

from collections import Counter, defaultdict
from datetime import timedelta

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
    while _put_together_by_customer():
        pass
    while _put_together_by_day():
        pass


@transaction.atomic
def _put_together_by_customer():
    """Bring what was appended of some customers into their sums; whether more may be left.

    Only customers of whom something was appended are looked at, so nobody pays for those to whom nothing happens.
    """
    tallies = CustomerTally.objects.order_by("pk").select_for_update(skip_locked=True)
    appended = list(tallies.filter(is_sum=False)[:ROWS_PER_BATCH])
    rows = appended + list(tallies.filter(is_sum=True, customer__among={row.customer_id for row in appended}))
    sums = Counter()
    for row in rows:
        sums[row.customer_id, row.state, row.holds] += row.tallied
    CustomerTally.objects.filter(pk__among=[row.pk for row in rows]).delete()
    CustomerTally.objects.bulk_create(
        CustomerTally(customer_id=customer_id, state=state, holds=holds, tallied=cards, is_sum=True)
        for (customer_id, state, holds), cards in sums.items()
        if cards
    )
    return len(appended) == ROWS_PER_BATCH


@transaction.atomic
def _put_together_by_day():
    """The same of days that cards have; whether more may be left."""
    tallies = DayTally.objects.order_by("pk").select_for_update(skip_locked=True)
    appended = list(tallies.filter(is_sum=False)[:ROWS_PER_BATCH])
    keys = {(row.kind, row.day) for row in appended}
    among = {"kind__in": {kind for kind, _day in keys}, "day__in": {day for _kind, day in keys}}
    rows = appended + [row for row in tallies.filter(is_sum=True, **among) if (row.kind, row.day) in keys]
    sums = Counter()
    for row in rows:
        sums[row.kind, row.day] += row.tallied
    DayTally.objects.filter(pk__among=[row.pk for row in rows]).delete()
    DayTally.objects.bulk_create(
        DayTally(kind=kind, day=day, tallied=cards, is_sum=True) for (kind, day), cards in sums.items() if cards
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
