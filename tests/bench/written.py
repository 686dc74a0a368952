"""What stands in the tables of what was written on a day: the same for two contenders that did the same work."""

from hashlib import sha256

from django.db.models import Q, Sum

from cards.models import Card, CardEvent, ServiceTerm, StateTally, SweptDay

NOT_COMPARED = ("id", "executed_at", "job_id", "order_id")  # in which order, when, and in which job


def digest(day, *others):
    """Of the cards that changed on a day, their records, the terms bought or begun, the sums, the day's counts, and of
    `others`."""
    cards = Card.objects.filter(changed_on=day).order_by("pk")
    records = CardEvent.objects.filter(effective_on=day).order_by("card_id", "seq")
    terms = ServiceTerm.objects.filter(Q(starts_on=day) | Q(bought_on=day)).order_by("card_id", "number")
    moved = StateTally.objects.filter(day=day).values_list("action", "state", "holds")
    sums = moved.annotate(grown=Sum("cards")).exclude(grown=0).order_by("action", "state", "holds")
    counts = [sorted(counts.items()) for counts in SweptDay.objects.filter(day=day).values_list("counts", flat=True)]
    return [*map(_digest, (*map(_rows, (cards, records, terms)), sums, counts, *others))]


def _rows(queryset):
    names = [field.attname for field in queryset.model._meta.concrete_fields]
    if queryset.model is not Card:
        names = [name for name in names if name not in NOT_COMPARED]
    return queryset.values_list(*names).iterator()


def _digest(rows):
    summed = sha256()
    for row in rows:
        summed.update(repr(row).encode())
    return summed.hexdigest()
