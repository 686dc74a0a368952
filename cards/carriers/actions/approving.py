"""What is proposed for a difference is done, signed by whoever approved it, with the carrier's words as evidence."""

from django.utils import timezone

from cards.actions.action_requests import act
from cards.actions.first_use import take_first_use
from cards.actions.jobs import worker
from cards.actions.jobs.bulk import outcomes_as_document
from cards.actions.jobs.engine import Kind
from cards.actions.write import Signature
from cards.carriers.actions.commands import lines_locked
from cards.carriers.choices import DriftState
from cards.carriers.models import Drift, Line
from cards.choices import Action, JobKind
from cards.permissions import Actor


def carry_proposals_out(drifts, lines, signature):
    """Do to the cards of these differences the one thing that is proposed for all of them; an `Outcome` a card.

    A card that has changed since its difference was found is refused. `lines` are the cards' lines, by their keys.
    """
    versions = {drift.card_id: drift.version for drift in drifts}
    evidence = {drift.card_id: _evidence(drift, lines[drift.card_id]) for drift in drifts}
    (action,) = {drift.proposal for drift in drifts}
    if action == Action.ACTIVATE:
        since = {drift.card_id: _active_since(lines[drift.card_id]) for drift in drifts}
        return take_first_use(since, signature=signature, versions=versions, evidence=evidence)
    return act(
        action,
        list(versions),
        actor=signature.actor,
        reason=signature.reason,
        at=signature.at,
        job_id=signature.job_id,
        versions=versions,
        evidence=evidence,
        **drifts[0].params,
    )


class ApprovedDrifts(Kind):
    """`payload` is {"cards": keys, "drifts": keys}: differences for which the job's action was approved."""

    def apply(self, job, chunk):
        lines = {line.card_id: line for line in lines_locked(chunk.payload["cards"])}
        waiting = Drift.objects.open().filter(pk__in=chunk.payload["drifts"], job=job, card__in=list(lines))
        drifts = list(waiting.select_for_update().order_by("card_id"))
        if not drifts:
            return outcomes_as_document([])
        signature = Signature(Actor.of_job(job), job.reason, job_id=job.pk)
        outcomes = carry_proposals_out(drifts, lines, signature)
        done = [outcome.card.pk for outcome in outcomes if not outcome.refused and not outcome.parked]
        keys = [drift.pk for drift in drifts]
        approved = {"state": DriftState.APPROVED, "ended_at": timezone.now(), "decided_by": job.owner}
        Drift.objects.filter(pk__in=keys, card__in=done).update(**approved)
        Drift.objects.filter(pk__in=keys).exclude(card__in=done).update(job=None)
        Line.objects.filter(card__in=done).update(ask_at=timezone.now())
        return outcomes_as_document(outcomes)


CARRIER_JOB_KINDS = {JobKind.APPROVE_DRIFT: ApprovedDrifts()}


def work_off_approved(seconds):
    """Do what was approved and waits, chunk by chunk, for about `seconds` seconds."""
    worker.tick(seconds, CARRIER_JOB_KINDS)


def _evidence(drift, line):
    """What the record is to say: the carrier's own words, and when they were heard."""
    words = [drift.evidence.get(name, "") for name in ("code", "text", "reason_text")]
    heard = timezone.localtime(line.seen_at) if line.seen_at else None
    return {"carrier_says": " · ".join(filter(None, words)), "as_of": heard and f"{heard:%Y-%m-%d %H:%M}"}


def _active_since(line):
    return timezone.localtime(line.seen_since or line.seen_at).date()
