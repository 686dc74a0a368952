"""Operations: what a program asked for and how far it has come, of one card (its record) and of many (a job)."""

from collections import Counter

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.actions.jobs import engine
from cards.choices import ActorKind, JobKind
from cards.models import Card, CardEvent, Job
from cards.pages.job_outcomes import groups_of_result
from cards.paging import key_in
from simportal.api.actions.progress import LOOKED_AT_AGAIN, at_carrier, status_of_job
from simportal.api.choices import OperationStatus
from simportal.api.errors import no_such
from simportal.api.models import ApiKey
from simportal.api.pages.written import as_instant

OF_CARD, OF_JOB = "op_c", "op_j"
NO_OPERATION = _("You have no operation of this number.")


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
    carrier, status, look_at = at_carrier(record)
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
        "status": status_of_job(job, done, left).value,
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


def _address(name):
    return reverse("api-v1:get_operation", kwargs={"operation": name})
