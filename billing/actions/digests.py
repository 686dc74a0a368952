"""The one mail a day to each customer, as rows: what goes into it, who sends it, and what became of it."""

from datetime import time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing.actions.outdated import leave_out_outdated
from billing.models import Digest, Notice
from cards import leases

FROM = time(8)  # in Shanghai: nobody is woken
BEGUN_AT_ONCE = 500
DIGEST_LEASE = timedelta(minutes=10)


def begin(today, now):
    """A digest of what each customer was not mailed yet, from eight o'clock; what comes later waits for tomorrow's."""
    if timezone.localtime(now).time() < FROM:
        return
    leave_out_outdated(today)
    has_one = Digest.objects.filter(customer=OuterRef("customer"), day=today)
    waiting = Notice.objects.filter(digest=None, outdated=False).exclude(Exists(has_one)).order_by("customer")
    for customer_id in waiting.values_list("customer", flat=True).distinct()[:BEGUN_AT_ONCE]:
        with transaction.atomic():  # two at once make one digest, and it is not sent before it is full
            digest, is_new = Digest.objects.get_or_create(customer_id=customer_id, day=today, defaults={"due_at": now})
            if is_new:
                Notice.objects.filter(customer=customer_id, digest=None, outdated=False).update(digest=digest)


def claim_digest(now):
    """A digest that is due, with the next try counted and nobody else sending it for a while; None if none is due."""
    due = Digest.objects.filter(leases.over("due_at", max(leases.WAITS), now))
    return leases.acquire(due.select_related("customer").order_by("due_at", "pk"), due_at=now + DIGEST_LEASE)


def sent(digest, now):
    _became(digest, due_at=None, sent_at=now, problem="")


def failed(digest, problem, now):
    """Try again after a while, or give it up when that was the last try."""
    wait = leases.wait_after(digest.tries)
    _became(digest, due_at=wait and now + wait, problem=problem)


def give_up(digest, problem):
    _became(digest, due_at=None, problem=problem)


def _became(digest, **values):
    """What is sent stays so, whatever becomes of a try that took longer than its lease."""
    Digest.objects.filter(pk=digest.pk, sent_at=None).update(**values)
