"""What the first page of a customer says of a large fleet, counted once a minute at the most however many look at it.

A page counts a small fleet itself. What a large one needs depends on the day and on rows beside the cards, so no sum
can be kept of it: a worker counts anew what somebody has looked at, and the page says as of when it is.
"""

import time
from datetime import timedelta

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from cards.choices import UsageLevel
from cards.models import Card, CustomerFigures
from cards.querysets import REAL_NAME_LACKS, REAL_NAME_WAITS, at_usage_level, cancelling, ended, ending, to_be_paid
from cards.quick import CANCELLING_WITHIN_DAYS, ENDING_WITHIN_DAYS

COUNTED_ANEW_AFTER = timedelta(minutes=1)
LARGE_FLEET = 1_000  # cards
# What cards will need, by the quick filter that lists them.
NEEDED_SOON = {
    "low": lambda today: at_usage_level(UsageLevel.LOW, today),
    "expiring": lambda today: ending(today, ENDING_WITHIN_DAYS),
    "cancelling": lambda today: cancelling(today, CANCELLING_WITHIN_DAYS),
    "expired": lambda today: ended(),
    "unpaid": lambda today: to_be_paid(),
    "no_real_name": lambda today: REAL_NAME_LACKS,
    "real_name": lambda today: REAL_NAME_WAITS,
}


def figures_of(cards, today):
    """How many of these cards need what soon, by its code; `used_bytes` and `mb` are the usage and the allowances of
    those whose meter runs.
    """
    runs = Q(cycle_until__gt=today)
    counts = {code: Count("pk", filter=condition(today)) for code, condition in NEEDED_SOON.items()}
    usage = {"bytes_now": Sum("used_bytes", filter=runs), "mb_now": Sum(F("quota_mb") + F("pack_mb"), filter=runs)}
    found = cards.order_by().aggregate(**counts, **usage)
    return found | {"used_bytes": found.pop("bytes_now") or 0, "mb": found.pop("mb_now") or 0}


def kept_figures(customers, today):
    """The same of all cards of these customers, as they were counted last, and as of when; it asks for newer ones."""
    now = timezone.now()
    kept = CustomerFigures.objects.in_bulk(list(customers))
    rows = [
        kept[pk] if pk in kept and kept[pk].document["day"] == str(today) else _count(pk, today) for pk in customers
    ]
    old = [row.pk for row in rows if row.as_of < now - COUNTED_ANEW_AFTER and row.asked_at <= row.as_of]
    if old:
        CustomerFigures.objects.filter(pk__in=old).update(asked_at=now)
    sums = {code: sum(row.document[code] for row in rows) for code in (*NEEDED_SOON, "used_bytes", "mb")}
    return sums, min(row.as_of for row in rows)


def count_what_was_asked(today, seconds):
    """Count anew the figures that somebody has looked at since they were counted, for about so many seconds."""
    give_up_at = time.monotonic() + seconds
    asked = CustomerFigures.objects.filter(asked_at__gt=F("as_of")).order_by("asked_at")
    for customer_id in asked.values_list("pk", flat=True):
        if time.monotonic() > give_up_at:
            break
        _count(customer_id, today)


def _count(customer_id, today):
    as_of = timezone.now()
    document = figures_of(Card.objects.filter(customer=customer_id), today) | {"day": str(today)}
    counted = {"as_of": as_of, "asked_at": as_of, "document": document}
    return CustomerFigures.objects.update_or_create(customer_id=customer_id, defaults=counted)[0]
