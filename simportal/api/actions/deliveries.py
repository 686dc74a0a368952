"""Deliveries are sent: each endpoint has a queue of its own and two connections at most, so a slow one harms nobody.

A delivery is one worker's for a while. A worker that dies over it, be it between sending and writing down, loses it,
and it is sent again with the same `webhook-id`: at least once, never silently not at all.
"""

import json
import random
import threading
import time
from datetime import timedelta

from django.db import connection, connections, transaction
from django.db.models import Q
from django.utils import timezone

from cards.actions.jobs.worker import name_of_worker
from cards.errors import BadInput
from cards.leases import MOST_DEATHS, acquire, over
from cards.models import Card
from simportal.api.actions.card_documents import written_cards
from simportal.api.actions.endpoints import switch_off
from simportal.api.actions.posting import POST_WALL_S, Posted, post
from simportal.api.actions.signing import signed_headers
from simportal.api.choices import DeliveryOutcome, DeliveryProblem, OffReason
from simportal.api.models import Delivery, Endpoint

_WAITS = tuple(
    timedelta(**{unit: number})
    for unit, number in (
        *(("seconds", 5), ("seconds", 30), ("minutes", 2), ("minutes", 10), ("minutes", 30)),
        *(("hours", 2), ("hours", 6), ("hours", 12), ("hours", 24)),
    )
)
_SPREAD = 0.2  # so that what failed together does not come back together
_LONGEST_WISH = timedelta(hours=1)
_FAILS_FOR = timedelta(days=5)
_LEFT_ALONE = timedelta(minutes=10)  # at the most, for what waits behind a failure
_AT_ONCE, _THREADS = 2, 16
_LEASE = timedelta(seconds=60)
_LONGEST_BODY = 20 * 1024
_POLL_S = 0.1


def send_due(seconds=None, wall_s=POST_WALL_S):
    """Send what is due at this moment, for so many seconds at most; how many tries that were."""
    until = None if seconds is None else time.monotonic() + seconds
    crew = _Inline(wall_s) if _is_alone() else _Threads(wall_s, until)
    while not crew.has_stumbled and (until is None or time.monotonic() < until):
        started = crew.start(_endpoints_with_work())
        if not started and not crew.is_busy():
            break
        if not started:
            time.sleep(_POLL_S)
    return crew.finish()


def send_next(endpoint_id, wall_s=POST_WALL_S):
    """Send the next delivery of this endpoint that is due; whether there was one that could be sent."""
    delivery = _claim(endpoint_id, name_of_worker())
    if delivery is None:
        return False
    if delivery.deaths > MOST_DEATHS:
        _write_down(delivery, Posted(DeliveryProblem.NO_ANSWER), is_last=True)
    else:
        _write_down(delivery, _try(delivery, wall_s))
    return True


def body_of(event, endpoint=None):
    """What is sent of an event: the same each time, but for the card as it is now where the endpoint wants it too."""
    data = event.data
    if endpoint and endpoint.with_card and event.card_id:
        cards = Card.objects.filter(pk=event.card_id, customer=event.customer_id)
        data = data | {"card_document": next(iter(written_cards(cards)), None)}
    document = {
        "type": event.type,
        "timestamp": timezone.localtime(event.at).isoformat(timespec="seconds"),
        "data": data,
    }
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return body if len(body) <= _LONGEST_BODY or endpoint is None else body_of(event)


def _due(now):
    free = Q(worker="") | over("leased_until", _LEASE, now)
    return Delivery.objects.filter(free, due_at__lte=now)


def _endpoints_with_work():
    keys = _due(timezone.now()).filter(endpoint__is_on=True).order_by().values_list("endpoint", flat=True)
    return list(keys.distinct())


@transaction.atomic
def _claim(endpoint_id, worker):
    """A due delivery, this worker's from now on; None where there is none, or two are being sent already."""
    now = timezone.now()
    endpoint = Endpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id, is_on=True).first()
    if endpoint is None:
        return None
    sending = endpoint.deliveries.exclude(worker="").exclude(over("leased_until", _LEASE, now))
    if sending.filter(due_at__isnull=False).count() >= _AT_ONCE:
        return None
    due = _due(now).filter(endpoint=endpoint).order_by("due_at", "pk")
    delivery = acquire(due, worker=worker, leased_until=now + _LEASE)
    if delivery:
        delivery.endpoint = endpoint
    return delivery


def _try(delivery, wall_s):
    now = timezone.now()
    body = body_of(delivery.event, delivery.endpoint)
    try:
        signing = delivery.endpoint.signing_secrets(now)
    except BadInput:
        return Posted(DeliveryProblem.NO_SECRET)
    headers = signed_headers(signing, delivery.event.number, int(now.timestamp()), body)
    return post(delivery.endpoint.url, body, headers, wall_s)


def _write_down(delivery, posted, is_last=False):
    """What came of a try, and when the next one is. Whoever has lost the delivery meanwhile writes nothing."""
    now, wait = timezone.now(), _wait(delivery.tries, posted)
    is_last = is_last or wait is None or posted.problem == DeliveryProblem.GONE
    values = {"worker": "", "leased_until": None, "tried_at": now, "due_at": None, "outcome": ""}
    values |= {"ms": posted.ms, "code": posted.code, "problem": posted.problem, "answer": posted.answer}
    if not posted.problem:
        values["outcome"] = DeliveryOutcome.DELIVERED
    elif is_last:
        values["outcome"] = DeliveryOutcome.FAILED
    else:
        values["due_at"] = now + wait
    if not Delivery.objects.filter(pk=delivery.pk, worker=delivery.worker).update(**values):
        return
    waiting = Delivery.objects.filter(endpoint=delivery.endpoint, worker="")
    if posted.problem:
        _note_failure(delivery.endpoint, posted, waiting, now, min(wait or _LEFT_ALONE, _LEFT_ALONE))
    elif Endpoint.objects.filter(pk=delivery.endpoint_id, failing_since__isnull=False).update(failing_since=None):
        waiting.filter(due_at__gt=now, tries=0).update(due_at=now)


def _note_failure(endpoint, posted, waiting, now, alone):
    """Where it is not the first failure after a success, what waits too is left alone for a while, untried: else each
    of thousands would wait its ten seconds for an answer that does not come."""
    if not Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now):
        waiting.filter(due_at__lte=now).update(due_at=now + alone)
    if posted.problem == DeliveryProblem.GONE:
        switch_off(endpoint, reason=OffReason.GONE)
    elif Endpoint.objects.filter(pk=endpoint.pk, failing_since__lte=now - _FAILS_FOR).exists():
        switch_off(endpoint, reason=OffReason.FAILING)


def _wait(tries, posted):
    """Until the next try, and no sooner than the other side wants; None after the last one."""
    if tries > len(_WAITS):
        return None
    spread = _WAITS[tries - 1] * random.uniform(1 - _SPREAD, 1 + _SPREAD)
    return max(spread, min(posted.wait, _LONGEST_WISH)) if posted.wait else spread


def _is_alone():
    """Whether other threads would not see what this one does: in a transaction of a test's, on a database in memory."""
    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    return connection.in_atomic_block or in_memory


class _Inline:
    """One delivery of each endpoint after the other."""

    has_stumbled = False  # what breaks, breaks at once

    def __init__(self, wall_s):
        self._wall_s, self._tries = wall_s, 0

    def start(self, endpoint_ids):
        sent = sum(send_next(pk, self._wall_s) for pk in endpoint_ids)
        self._tries += sent
        return sent

    def is_busy(self):
        return False

    def finish(self):
        return self._tries


class _Threads:
    """Up to two threads for each endpoint with something due, each until it finds nothing any more."""

    def __init__(self, wall_s, until):
        self._wall_s, self._until = wall_s, until
        self._threads, self._tries, self._errors = {}, [], []

    def start(self, endpoint_ids):
        self._threads = {thread: pk for thread, pk in self._threads.items() if thread.is_alive()}
        started = 0
        for pk in endpoint_ids:
            at_it = list(self._threads.values()).count(pk)
            for _number in range(_AT_ONCE - at_it):
                if len(self._threads) < _THREADS:
                    thread = threading.Thread(target=self._run, args=(pk,), daemon=True)
                    self._threads[thread] = pk
                    thread.start()
                    started += 1
        if started:
            time.sleep(_POLL_S)
        return started

    @property
    def has_stumbled(self):
        return bool(self._errors)

    def is_busy(self):
        return any(thread.is_alive() for thread in self._threads)

    def finish(self):
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return len(self._tries)

    def _run(self, endpoint_id):
        try:
            while (self._until is None or time.monotonic() < self._until) and send_next(endpoint_id, self._wall_s):
                self._tries.append(endpoint_id)
        except Exception as error:  # told by whoever started it
            self._errors.append(error)
        finally:
            connections.close_all()
