"""Operations: what a program asked for and how far it has come, of one card (its record) and of many (a job)."""

from collections import Counter
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.actions.jobs import engine
from cards.carriers.choices import CommandState
from cards.carriers.models import Command, Line
from cards.choices import ActorKind, JobKind
from cards.models import Card, CardEvent, Job
from cards.pages.job_outcomes import groups_of_result
from cards.paging import key_in
from simportal.api.choices import OperationStatus
from simportal.api.errors import no_such
from simportal.api.models import ApiKey
from simportal.api.pages.written import as_instant

OF_CARD, OF_JOB = "op_c", "op_j"
NO_OPERATION = _("You have no operation of this number.")
LOOKED_AT_AGAIN = timedelta(seconds=2)
# The room of carriers hears of a record within seconds, and makes one order of all that came until then.
HEARD_WITHIN = timedelta(seconds=60)
STATUS_AT_CARRIER = {
    CommandState.CONFIRMED: OperationStatus.DONE,
    CommandState.SUPERSEDED: OperationStatus.DONE,
    CommandState.REFUSED: OperationStatus.REFUSED,
    CommandState.UNKNOWN: OperationStatus.UNKNOWN,
}


def operation_named(text, key):
    """The document of an operation of this customer's programs; `Problem` where there is none."""
    kind, pk = text[: len(OF_CARD)], key_in(text[len(OF_CARD) :])
    if pk and kind == OF_CARD:
        record = CardEvent.objects.filter(pk=pk, actor_kind=ActorKind.CUSTOMER, job=None).select_related("card").first()
        if record and is_theirs(record, key.user):
            return of_record(record)
    if pk and kind == OF_JOB:
        return of_job(job_of(pk, key))
    raise no_such(NO_OPERATION)


def job_of(pk, key):
    """The job that a program of this customer has started: any of its keys', for keys are replaced."""
    accounts = ApiKey.objects.filter(customer=key.customer_id).values("user")
    job = Job.objects.filter(pk=pk, owner__in=accounts, kind=JobKind.ACTION).first()
    if job is None:
        raise no_such(NO_OPERATION)
    return job


def job_in(text, key):
    """The same of an operation's number; an operation on one card is no job."""
    pk = key_in(text.removeprefix(OF_JOB)) if text.startswith(OF_JOB) else None
    if pk is None:
        raise no_such(NO_OPERATION)
    return job_of(pk, key)


def is_theirs(record, user):
    """Whether the card is this customer's, and was when the record was written."""
    card = Card.objects.visible_to(user).filter(pk=record.card_id).first()
    return bool(card) and record.seq >= (card.owned_from_seq or 0)


def of_record(record):
    """The operation that wrote this record of a card."""
    carrier, status, look_at = _at_carrier(record)
    return {
        "id": f"{OF_CARD}{record.pk}",
        "kind": "card_action",
        "action": record.action,
        "status": status.value,
        "portal": "done",
        "carrier": carrier,
        "card": record.card.iccid,
        "version": record.seq,
        "cards": 1,
        "created_at": as_instant(record.executed_at),
        "ended_at": as_instant(record.executed_at) if carrier is None else None,
        "next_look_at": as_instant(look_at),
        "summary": [{"outcome": "done", "count": 1}],
        "links": {"self": _address(f"{OF_CARD}{record.pk}")},
    }


def of_job(job):
    """The operation that is this job."""
    totals, groups = engine.totals(job), groups_of_result(job, "") if not job.is_emptied else []
    done = totals.counts["done"]
    refused = Counter({group.code: group.count for group in groups})
    left = job.total - done - sum(refused.values())
    summary = [{"outcome": "done", "count": done}] if done else []
    summary += [{"outcome": "refused", "code": code, "count": count} for code, count in refused.most_common()]
    summary += [{"outcome": "cancelled" if job.is_over else "waiting", "count": left}] if left else []
    name = f"{OF_JOB}{job.pk}"
    return {
        "id": name,
        "kind": "bulk_action",
        "action": job.action,
        "status": _status_of(job, done, left).value,
        "portal": "done" if job.is_over else "running",
        "carrier": None,
        "card": None,
        "version": None,
        "cards": job.total,
        "created_at": as_instant(job.created_at),
        "ended_at": as_instant(job.finished_at),
        "next_look_at": None if job.is_over else as_instant(timezone.now() + LOOKED_AT_AGAIN),
        "summary": summary,
        "links": {"self": _address(name), "items": f"{_address(name)}/items"},
    }


def is_over(document):
    """Whether nothing will become of it any more."""
    return OperationStatus(document["status"]).is_over


def _status_of(job, done, left):
    if not job.is_over:
        return OperationStatus.RUNNING
    if left:
        return OperationStatus.CANCELLED
    return OperationStatus.DONE if done else OperationStatus.REFUSED


def _at_carrier(record):
    """(how far the order at the carrier is, the operation's status, when it is looked at next)."""
    line = Line.objects.filter(card=record.card_id).first()
    if line is None or line.account_id is None:
        return None, OperationStatus.DONE, None
    if line.is_behind(record.seq):
        return "queued", OperationStatus.WAITING_FOR_CARRIER, timezone.now() + LOOKED_AT_AGAIN
    until = record.executed_at + HEARD_WITHIN
    orders = Command.objects.filter(card=record.card_id, seq__gte=record.seq, made_at__lte=until)
    order = orders.order_by("seq", "pk").first()
    if order is None:
        return None, OperationStatus.DONE, None
    if order.is_by_hand or order.is_on_its_way:
        look_at = order.due_at or timezone.now() + LOOKED_AT_AGAIN
        return str(order.state), OperationStatus.WAITING_FOR_CARRIER, look_at
    return str(order.state), STATUS_AT_CARRIER[order.state], None


def _address(name):
    return reverse("api-v1:get_operation", kwargs={"operation": name})
