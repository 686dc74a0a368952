"""Cancelling cards is final: so many cards within some days one person may cancel alone, more take a second person.

Counted is what somebody cancelled by themselves, card by card and by jobs that they both drafted and started. A job
that somebody else started than drafted it has two persons. Ask within `acting_alone`.
"""

from datetime import timedelta

from django.db.models import Count, Q

from cards.calendar import civil_today
from cards.choices import Action, ActorKind, JobKind, JobStatus, Step
from cards.errors import Refused
from cards.models import CancellingRules, CardEvent, Job, JobChunk

AT_WORK = (JobStatus.RUNNING, JobStatus.PAUSED)
CANCELLING = (JobKind.ACTION, JobKind.APPROVE_DRIFT)


def cancelled_alone(user):
    """How many cards this person has cancelled alone and counts today, with those that wait for their turn in jobs."""
    return sum(cards for _job, cards in cancelled_by_job(user))


def cancelled_by_job(user):
    """(job, cards) of what this person has cancelled alone: the job's key, or None for what was done card by card."""
    cards = dict(_records(user).order_by().values_list("job").annotate(Count("pk")))
    for job_id, can in _under_way(user):
        cards[job_id] = cards.get(job_id, 0) + (can or 0)
    return sorted(cards.items(), key=lambda counted: counted[0] or 0)


def may_cancel_alone(user, cards):
    """Whether this person may cancel so many more cards alone."""
    return cards == 0 or cancelled_alone(user) + cards <= CancellingRules.read().most_alone


def too_many_alone(user):
    """The refusal of what this person may not cancel alone."""
    rules = CancellingRules.read()
    return Refused("cancels_alone", count=cancelled_alone(user), days=rules.days, most=rules.most_alone)


def waiting_for_release():
    """Jobs that somebody may not start alone, and that wait for a colleague, the oldest first."""
    return Job.objects.filter(status=JobStatus.READY, steps__step=Step.ASKED).order_by("pk")


def expired_since(instant):
    """Jobs for which nobody was found in time who starts them."""
    return Job.objects.filter(steps__step=Step.EXPIRED, steps__at__gte=instant).order_by("pk")


def _records(user):
    since = civil_today() - timedelta(days=CancellingRules.read().days)
    by_them = {"actor_kind": ActorKind.STAFF, "actor_name": user.get_username()}
    cancelled = CardEvent.objects.filter(action=Action.CANCEL, rule="", effective_on__gt=since, **by_them)
    return cancelled.filter(Q(job=None) | Q(job__owner=user))


def _under_way(user):
    """(job, cards) of what jobs that this person drafted and started have still to cancel, chunk by chunk."""
    cancelling = Job.objects.filter(kind__in=CANCELLING, action=Action.CANCEL, status__in=AT_WORK, owner=user)
    mine = cancelling.filter(steps__step=Step.STARTED, steps__by=user)
    chunks = JobChunk.objects.filter(job__in=mine, done_at=None)
    return chunks.values_list("job", "check_result__counts__can")
