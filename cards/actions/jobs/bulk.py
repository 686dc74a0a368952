"""An action on many cards: who can and who cannot, and then doing it, each card checked again when its turn comes.

A card that has changed since the check is not touched: nobody acts on what they did not see.
"""

from collections import Counter
from operator import itemgetter

from cards.actions.action_requests import ActionRequest, act, foreseen_refusals
from cards.actions.jobs.engine import Kind
from cards.actions.write import attach_queues, in_classes
from cards.calendar import civil_today
from cards.errors import Refused
from cards.models import Card, PolicyBook
from cards.permissions import Actor

EXAMPLES_PER_REASON = 5


class BulkAction(Kind):
    """`payload` is {"cards": keys}; the check adds their `versions`, the result an outcome for each."""

    def check(self, job, chunk):
        request = ActionRequest(Actor.of_job(job), civil_today(), PolicyBook.read())
        found = foreseen_refusals(job.action, chunk.payload["cards"], request)
        refusals = [(key, refused) for key, _version, refused in found]
        return checked(refusals) | {"versions": {key: version for key, version, _refused in found}}

    def apply(self, job, chunk):
        versions = {int(card_id): version for card_id, version in chunk.check_result["versions"].items()}
        outcomes = act(
            job.action,
            chunk.payload["cards"],
            actor=Actor.of_job(job),
            reason=job.reason,
            job_id=job.pk,
            versions=versions,
            how=in_classes,
            **job.params,
        )
        return outcomes_as_document(outcomes)


def checked(refusals):
    """The document of a check: how many can, and those that cannot by reason, each with a few examples."""
    counts, reasons = Counter(can=0, cannot=0), {}
    for card_id, refused in refusals:
        counts["cannot" if refused else "can"] += 1
        if refused:
            reason = reasons.setdefault(refused.group, [0, refused.written(), []])
            reason[0] += 1
            if len(reason[2]) < EXAMPLES_PER_REASON:
                reason[2].append(card_id)
    return {"counts": counts, "reasons": reasons}


def outcomes_as_document(outcomes):
    """The document of what became of cards: for each its key, the number of its record, or why there is none."""
    rows = sorted((row for outcome in outcomes for row in _outcome_rows(outcome)), key=itemgetter(0))
    counts = Counter({"done": 0, "refused": 0, "parked": 0})
    for outcome in outcomes:
        counts["parked" if outcome.parked else "refused" if outcome.refused else "done"] += len(outcome.keys)
    reasons = Counter(written[0] for _id, _seq, written in rows if written)
    return {"counts": counts, "reasons": reasons, "outcomes": rows}


def _outcome_rows(outcome):
    """For each card its key, the number of the record that somebody asked for, and why there is none."""
    refused = Refused("parked", parked=outcome.card.parked) if outcome.parked else outcome.refused
    if refused:
        return [[key, None, refused.written()] for key in outcome.keys]
    asked_for = next((done for done in outcome.done if not done.change.rule), None)
    seqs = outcome.seqs(asked_for) if asked_for else [None] * len(outcome.keys)
    return [[key, seq, None] for key, seq in zip(outcome.keys, seqs, strict=True)]


def cards_of(chunk):
    """The chunk's cards with their queued terms, to be looked at and not written."""
    return attach_queues(list(Card.objects.filter(pk__among=set(chunk.payload["cards"])).order_by("pk")))
