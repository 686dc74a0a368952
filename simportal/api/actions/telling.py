"""What customers' programs are told: events, made of the records and of what other tables say, and their deliveries.

All events are made one after the other, under the lock of `one_at_a_time`: so their keys come to light in order. Each
is of something that its `key` names, and is made in one transaction with its deliveries and with how far was read. So
none is lost when no worker was there for days, and none is told twice.
"""

import time
from collections import defaultdict
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from billing.choices import NoticeKind
from billing.models import Notice, Order
from cards.actions.events import is_there_news, place_of, pull
from cards.actions.write import chunked
from cards.calendar import civil_today, this_moment
from cards.carriers.models import Line
from cards.choices import ActorKind, JobKind
from cards.models import CardEvent, Job
from simportal.api.actions.merging_storms import merge_storms
from simportal.api.actions.progress import at_carrier, end_of_job
from simportal.api.actions.told_records import ToldRecords, links_of_card
from simportal.api.choices import EventType
from simportal.api.models import ApiEvent, ApiKey, Delivery, Endpoint, OpenOperation, TellingPlace

_READER, _NOTICES = "api", "api_notices"
_AT_ONCE = 500
_OPERATIONS_AT_ONCE = 100
# No transaction lasts longer from the instant that it writes down to its end.
LATEST_TO_LIGHT = timedelta(hours=1)
PLACE_MOVES_AFTER = timedelta(minutes=1)
NOTICES_TOLD = (NoticeKind.EXPIRING, NoticeKind.ALLOWANCE, NoticeKind.WALLET_LOW)
NOTICES_READ = Notice.objects.filter(kind__in=NOTICES_TOLD).select_related("card", "customer")


def tell_news(seconds=None):
    """Make the events of all that is new, for so many seconds at most; how many they are."""
    until = None if seconds is None else time.monotonic() + seconds
    of_records = _pulled(_READER, CardEvent.objects, _take_records, until)
    of_notices = _pulled(_NOTICES, NOTICES_READ, _take_notices, until)
    return sum((of_records, of_notices, _tell_orders(), _tell_jobs(), _tell_operations()))


def told_since():
    """Since when the programs of each customer are told, by its key: of those with a living key, or an endpoint.

    That is since their first key or endpoint was made. Whoever is being merged is the other one already.
    """
    columns = ("customer", "customer__merged_into", "created_at")
    keys, endpoints = ApiKey.objects.values_list(*columns), Endpoint.objects.values_list(*columns)
    living = ApiKey.objects.living(civil_today()).values_list(*columns)
    told = {into or pk for pk, into, _at in (*living, *endpoints)}
    since = {}
    for pk, into, at in (*keys, *endpoints):
        since[into or pk] = min(at, since.get(into or pk, at))
    return {pk: at for pk, at in since.items() if pk in told}


@contextmanager
def one_at_a_time():
    """A transaction in which nobody else makes events."""
    with transaction.atomic():
        place_of(_READER, 0)
        yield


def make_events(events, only_to=None):
    """Write down those that were not before and whose customers are told, and whom they go to: every endpoint that
    wants them, or `only_to`.

    Under the lock of `one_at_a_time`, or of the reader. The number of those that were new.
    """
    made, touched, since = 0, set(), told_since()
    events = [event for event in events if event.customer_id in since and event.at >= since[event.customer_id]]
    for some in chunked(events, _AT_ONCE):
        known = set(ApiEvent.objects.filter(key__among={event.key for event in some}).values_list("key", flat=True))
        new = [event for event in some if event.key not in known]
        ApiEvent.objects.bulk_create(new)
        touched |= deliver_to([only_to] if only_to else _endpoints_on(), new)
        made += len(new)
    merge_storms(touched)
    return made


def deliver_to(endpoints, events):
    """Put these events on their way to those of the endpoints that want them; the keys of these."""
    now, of_customer = timezone.now(), defaultdict(list)
    for endpoint in endpoints:
        of_customer[endpoint.customer.merged_into_id or endpoint.customer_id].append(endpoint)
    deliveries = [
        Delivery(endpoint=endpoint, event=event, due_at=now)
        for event in events
        for endpoint in of_customer.get(event.customer_id, ())
        if endpoint.wants(event.type)
    ]
    Delivery.objects.bulk_create(deliveries)
    return {delivery.endpoint_id for delivery in deliveries}


def _endpoints_on():
    return Endpoint.objects.filter(is_on=True).select_related("customer")


def _pulled(reader, rows, take, until):
    """How many events `take` has made of the rows that the reader has not handled."""
    made = []
    while is_there_news(reader, rows.model) and (until is None or time.monotonic() < until):
        if not pull(reader, lambda some: made.append(take(some)), rows=rows):
            break
    return sum(made)


def _take_records(records):
    customers = told_since()
    if not customers:
        return 0
    read = ToldRecords(records)
    owners = read.owners()
    theirs = [record for record in records if owners[record.pk] in customers]
    read.know_holds_before(theirs)
    events = [
        ApiEvent(
            customer_id=owners[record.pk],
            type=kind,
            card_id=record.card_id,
            seq=record.seq,
            key=f"{kind}:{record.pk}",
            data=told,
            at=record.executed_at,
        )
        for record in theirs
        for kind, told in read.events_of(record)
    ]
    _note_operations(theirs, owners)
    return make_events(events)


def _note_operations(records, owners):
    """Those of these records that a program wrote and that the carrier has a part in: it waits for the end."""
    by_hand = [record for record in records if record.actor_kind == ActorKind.CUSTOMER and record.job_id is None]
    if not by_hand:
        return
    names = {record.actor_name for record in by_hand}
    programs = set(ApiKey.objects.filter(user__username__in=names).values_list("user__username", flat=True))
    theirs = [record for record in by_hand if record.actor_name in programs]
    lines = Line.objects.filter(card__among={record.card_id for record in theirs}, account__isnull=False)
    at_carriers = set(lines.values_list("card", flat=True))
    rows = [
        OpenOperation(record=record, customer_id=owners[record.pk])
        for record in theirs
        if record.card_id in at_carriers
    ]
    OpenOperation.objects.bulk_create(rows, ignore_conflicts=True)


def _take_notices(notices):
    with one_at_a_time():
        return make_events([_of_notice(notice) for notice in notices])


def _of_notice(notice):
    kind, told = TOLD_OF_NOTICE[notice.kind](notice)
    if notice.card:
        told = {"card": notice.card.iccid, "msisdn": notice.card.msisdn or None} | told
        told |= links_of_card(notice.card.iccid)
    return ApiEvent(
        customer=notice.customer.now,
        type=kind,
        card_id=notice.card_id,
        key=f"notice:{notice.pk}",
        data=told,
        at=notice.created_at,
    )


TOLD_OF_NOTICE = {
    NoticeKind.EXPIRING: lambda notice: (
        EventType.EXPIRING,
        {"service_until": notice.on.isoformat(), "days": notice.step},
    ),
    NoticeKind.ALLOWANCE: lambda notice: (
        EventType.USAGE_LEVEL,
        {"usage_level": notice.step, "cycle_from": notice.on.isoformat()},
    ),
    NoticeKind.WALLET_LOW: lambda notice: (
        EventType.BALANCE_LOW,
        {name: notice.facts.get(name) for name in ("balance", "low_below")},
    ),
}


def _tell_orders():
    """An order is told of as it is paid, and once all of it was served or given back."""
    return _tell_ended("orders", this_moment(), _orders_since)


def _orders_since(since, customers):
    ended = Q(paid_at__gte=since) | Q(ended_at__gte=since)
    for order in Order.objects.filter(ended, customer__in=customers, paid_at__isnull=False).order_by("pk"):
        yield _of_order(order, EventType.ORDER_PAID, order.paid_at)
        if order.ended_at:
            yield _of_order(order, EventType.ORDER_DONE, order.ended_at)


def _of_order(order, kind, at):
    told = {"order": order.number, "kind": order.kind, "lines": order.size, "total": str(order.total)}
    if kind == EventType.ORDER_DONE:
        told["refunded"] = str(order.refunded)
    return ApiEvent(customer_id=order.customer_id, type=kind, key=f"{kind}:{order.pk}", data=told, at=at)


def _tell_jobs():
    """An operation on many cards that a program began is told of once it is over."""
    return _tell_ended("jobs", timezone.now(), _jobs_since)


def _jobs_since(since, customers):
    owners = dict(ApiKey.objects.filter(customer__in=customers).values_list("user", "customer"))
    jobs = Job.objects.filter(owner__in=list(owners), kind=JobKind.ACTION, finished_at__gte=since)
    return (_of_job(job, owners[job.owner_id]) for job in jobs.order_by("pk") if job.is_over)


def _of_job(job, customer_id):
    status, counts = end_of_job(job)
    summary = [{"outcome": outcome, "count": count} for outcome, count in counts.items()]
    told = {"operation": f"op_j{job.pk}", "action": job.action, "status": status, "cards": job.total}
    return _of_operation(told | {"summary": summary}, customer_id, job.finished_at)


def _of_operation(told, customer_id, at, **of_card):
    name = told["operation"]
    links = {"links": {"operation": reverse("api-v1:get_operation", kwargs={"operation": name})}}
    kind = EventType.OPERATION_ENDED
    return ApiEvent(customer_id=customer_id, type=kind, key=f"{kind}:{name}", data=told | links, at=at, **of_card)


def _tell_operations():
    """Look at operations that wait for a carrier, those first that were looked at longest ago."""
    waiting = OpenOperation.objects.select_related("record__card", "customer").order_by("looked_at", "pk")
    ended, left = [], []
    for operation in waiting[:_OPERATIONS_AT_ONCE]:
        _carrier, status, _look_at = at_carrier(operation.record)
        (ended if status.is_over else left).append((operation, status))
    OpenOperation.objects.filter(pk__in=[each.pk for each, _status in left]).update(looked_at=timezone.now())
    if not ended:
        return 0
    with one_at_a_time():
        made = make_events([_of_ended(*each) for each in ended if _is_theirs_still(each[0])])
        OpenOperation.objects.filter(pk__in=[each.pk for each, _status in ended]).delete()
    return made


def _is_theirs_still(operation):
    card = operation.record.card
    return card.customer_id == operation.customer.now.pk and operation.record.seq >= (card.owned_from_seq or 0)


def _of_ended(operation, status):
    record = operation.record
    told = {"operation": f"op_c{record.pk}", "action": record.action, "status": status}
    told |= {"card": record.card.iccid, "seq": record.seq}
    return _of_operation(told, operation.customer.now.pk, timezone.now(), card_id=record.card_id, seq=record.seq)


def _tell_ended(name, now, find):
    """Tell of what has ended since the place of this name, and of nothing that was told: some of it is looked at again,
    for it may have come to light late."""
    customers, made = told_since(), 0
    if not customers:
        return 0
    place, _made = TellingPlace.objects.get_or_create(name=name, defaults={"at": now})
    found = find(min(place.at, now) - LATEST_TO_LIGHT, list(customers))
    events = [event for event in found if event.at >= customers.get(event.customer_id, now)]
    keys = {event.key for event in events}
    if keys.difference(ApiEvent.objects.filter(key__among=keys).values_list("key", flat=True)):
        with one_at_a_time():
            made = make_events(events)
    if abs(now - place.at) >= PLACE_MOVES_AFTER:
        TellingPlace.objects.filter(name=name).update(at=now)
    return made
