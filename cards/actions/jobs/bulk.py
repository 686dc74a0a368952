"""An action on many cards: who can and who cannot, and then doing it, each card checked again when its turn comes.

A card that has changed since the check is not touched: nobody acts on what they did not see.
"""

from collections import Counter

from cards.actions.action_requests import ActionRequest, act, foreseen_refusal
from cards.actions.jobs.engine import Kind
from cards.actions.write import attach_queues
from cards.calendar import civil_today
from cards.errors import Refused
from cards.models import Card, PolicyBook
from cards.permissions import Actor

EXAMPLES_PER_REASON = 5


class BulkAction(Kind):
    """`payload` is {"cards": keys}; the check adds their `versions`, the result an outcome for each."""

    def check(self, job, chunk):
        request = ActionRequest(Actor.of_job(job), civil_today(), PolicyBook.read())
        cards = cards_of(chunk)
        refusals = [(card.pk, foreseen_refusal(job.action, card, request)) for card in cards]
        return checked(refusals) | {"versions": {card.pk: card.version for card in cards}}

    def apply(self, job, chunk):
        versions = {int(card_id): version for card_id, version in chunk.check_result["versions"].items()}
        outcomes = act(
            job.action,
            chunk.payload["cards"],
            actor=Actor.of_job(job),
            reason=job.reason,
            job_id=job.pk,
            versions=versions,
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
    rows = [_outcome_row(outcome) for outcome in outcomes]
    counts = Counter({"done": 0, "refused": 0, "parked": 0})
    counts.update("parked" if outcome.parked else "refused" if outcome.refused else "done" for outcome in outcomes)
    reasons = Counter(written[0] for _id, _seq, written in rows if written)
    return {"counts": counts, "reasons": reasons, "outcomes": rows}


def _outcome_row(outcome):
    card = outcome.card
    if outcome.parked:
        return [card.pk, None, Refused("parked", parked=card.parked).written()]
    if outcome.refused:
        return [card.pk, None, outcome.refused.written()]
    return [card.pk, next((done.seq for done in outcome.done if not done.change.rule), None), None]


def cards_of(chunk):
    """The chunk's cards with their queued terms, to be looked at and not written."""
    return attach_queues(list(Card.objects.filter(pk__among=set(chunk.payload["cards"])).order_by("pk")))
