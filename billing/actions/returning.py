"""The job of a refund: which lines can be given back, then giving them back, each once.

A line that is not served yet needs nothing from its card. Of a served one the card gives back what it got (a term that
waits in its queue, a card that was never used), or the line stays as it is, with the reason.
"""

from django.db import transaction

from billing.actions import fulfilment
from billing.actions.delivery import Returning, return_lines
from billing.actions.lines import amount_of
from billing.choices import Account, LineState, RefundState
from billing.errors import MoneyRefused
from billing.models import Refund
from billing.permissions import actor_for
from cards.actions.action_requests import rehearse
from cards.actions.jobs.bulk import cards_of, checked, outcomes_as_document
from cards.actions.jobs.engine import Kind
from cards.actions.ordered_terms import end_ordered_terms
from cards.calendar import civil_today


class Refunding(Kind):
    """`payload` is {"cards": keys of the lines' cards}; the check adds what can be given back (`amount`)."""

    def check(self, job, chunk):
        refund = _refund_of(job)
        lines = _lines(refund, chunk)
        cards, work = cards_of(chunk), Returning(refund, {line.card_id: line.seq for line in lines.values()})
        work.load(cards)
        refusals = [(card.pk, _refusal(lines.get(card.pk), card, work)) for card in cards]
        able = [lines[pk] for pk, refused in refusals if refused is None]
        return checked(refusals) | {"amount": str(amount_of(able))}

    def apply(self, job, chunk):
        refund = _refund_of(job)
        lines = _lines(refund, chunk, lock=True)
        unserved = [line for line in lines.values() if line.is_open]
        served = [line for line in lines.values() if line.is_fulfilled]
        document = outcomes_as_document(return_lines(refund, served, job))
        back = {pk for pk, _seq, why_not in document["outcomes"] if not why_not}
        returned = [line for line in served if line.card_id in back]
        closed = unserved + returned
        for line in closed:
            line.state, line.refunded_on = LineState.REFUNDED.value, civil_today()
        fulfilment.write_states(closed)
        end_ordered_terms(refund.order_id, [line.card_id for line in unserved])
        refund.order.lines.filter(pk__in=[line.pk for line in closed]).update(refund=refund)
        actor, key = actor_for(refund.decided_by), f"refund:{refund.pk}:{chunk.number}"
        signed = {"actor": actor, "told": refund.told}
        fulfilment.give_back(refund.order, f"{key}:open", unserved, source=Account.RECEIVABLES, **signed)
        fulfilment.give_back(refund.order, f"{key}:served", returned, source=Account.REFUNDS, **signed)
        # For an unserved line no card had to give anything back.
        document["outcomes"] = sorted(document["outcomes"] + [[line.card_id, None, None] for line in unserved])
        document["counts"]["done"] += len(unserved)
        return document

    def finish(self, job):
        with transaction.atomic():
            refund = Refund.objects.select_for_update().get(job=job)
            refund.state = RefundState.DONE
            refund.amount = amount_of(refund.lines.all())
            refund.save(update_fields=["state", "amount"])
            fulfilment.finish(refund.order)


def _refund_of(job):
    refunds = Refund.objects.select_related("order__customer", "asked_by", "decided_by")
    return refunds.get(job=job)


def _lines(refund, chunk, lock=False):
    lines = refund.order.lines.filter(card__among=chunk.payload["cards"]).order_by("number")
    return {line.card_id: line for line in (lines.select_for_update() if lock else lines)}


def _refusal(line, card, work):
    if line.is_refunded:
        return MoneyRefused("refunded_already")
    return rehearse(work, card)[1] if line.is_fulfilled else None
