"""Giving money back for lines whose service was not used: checked first, and let go by somebody who may.

A line that is not served yet needs nothing from its card. Of a served one the card gives back what it got (a term that
waits in its queue, a card that was never used), or the line stays as it is, with the reason.
"""

import uuid

from django.db import IntegrityError, transaction

from billing.actions import fulfilment
from billing.actions.delivery import Returning, take_back
from billing.actions.lines import amount_of, sum_of_checks
from billing.choices import ACTIONS, Account, LineState, OrderKind, RefundState
from billing.errors import Refused
from billing.models import MoneyRules, Refund
from billing.money import yuan
from billing.permissions import who
from cards.actions.ask import rehearse
from cards.actions.jobs import engine
from cards.actions.jobs.bulk import cards_of, checked, told
from cards.actions.jobs.engine import Kind, add_chunk
from cards.actions.write import chunked
from cards.calendar import civil_today, this_moment
from cards.choices import JobKind, JobStatus
from cards.models import Job


def ask(order, *, user, reason, card_ids=None, key=None):
    """A refund of these lines (None: of all), checked in its job; nothing is given back before somebody lets it go.

    Raises `Refused` for an order that is not paid, or is an adjustment: that is taken back by another adjustment.
    """
    key = key or uuid.uuid4()
    known = Refund.objects.filter(key=key, asked_by=user).first()
    if known:
        return known
    if not order.is_paid or order.kind == OrderKind.ADJUSTMENT:
        raise Refused("wrong_state", state=str(order.state))
    try:
        with transaction.atomic():
            job = _checking(order, _refundable(order, card_ids), user)
            return Refund.objects.create(key=key, order=order, job=job, reason=reason, asked_by=user)
    except IntegrityError:  # the same form, sent twice at the same moment
        return Refund.objects.get(key=key, asked_by=user)


def let_go(refund, *, user):
    """Let a checked refund go, once; above the set amount that takes another person than who asked for it.

    Raises `Refused` when its check is not over, when there is nothing to give back, or for want of a second person.
    """
    with transaction.atomic():
        refund = Refund.objects.select_for_update(of=("self",)).select_related("job").get(pk=refund.pk)
        if not refund.waits:
            return refund
        if refund.job.status != JobStatus.READY:
            raise Refused("not_ready")
        refund.amount = sum_of_checks(refund.job)
        if not engine.totals(refund.job).check_counts["can"]:
            raise Refused("service_used")
        limit = MoneyRules.read().second_person_above
        if refund.amount > limit and user == refund.asked_by:
            raise Refused("second_person", limit=yuan(limit))
        _decide(refund, RefundState.APPROVED, user)
        engine.launch(refund.job, reason=refund.reason)
        return refund


def decline(refund, *, user):
    """Nothing is given back; the lines can be asked for again."""
    with transaction.atomic():
        refund = Refund.objects.select_for_update(of=("self",)).select_related("job").get(pk=refund.pk)
        if refund.waits:
            _decide(refund, RefundState.DECLINED, user)
            engine.stop(refund.job)
        return refund


class Refunding(Kind):
    """`payload` is {"cards": keys of the lines' cards}; the check adds what can be given back (`amount`)."""

    def check(self, job, chunk):
        refund = _refund_of(job)
        lines = _lines(refund, chunk)
        cards, work = cards_of(chunk), Returning(refund.order, _records(lines.values()))
        work.load(cards)
        refusals = [(card.pk, _refusal(lines.get(card.pk), card, work)) for card in cards]
        able = [lines[pk] for pk, refused in refusals if refused is None]
        return checked(refusals) | {"amount": str(amount_of(able))}

    def apply(self, job, chunk):
        refund = _refund_of(job)
        lines = _lines(refund, chunk, lock=True)
        unserved = [line for line in lines.values() if line.is_open]
        served = [line for line in lines.values() if line.is_fulfilled]
        document = told(take_back(refund.order, served, job))
        back = {pk for pk, _seq, why_not in document["outcomes"] if not why_not}
        returned = [line for line in served if line.card_id in back]
        _close(refund, unserved + returned)
        actor, key = who(refund.decided_by), f"refund:{refund.pk}:{chunk.number}"
        fulfilment.give_back(refund.order, f"{key}:open", unserved, source=Account.RECEIVABLES, actor=actor)
        fulfilment.give_back(refund.order, f"{key}:served", returned, source=Account.REFUNDS, actor=actor)
        return _with_unserved(document, unserved)

    def finish(self, job):
        with transaction.atomic():
            refund = Refund.objects.select_for_update().get(job=job)
            refund.state = RefundState.DONE
            refund.amount = amount_of(refund.lines.all())
            refund.save(update_fields=["state", "amount"])
            fulfilment.finish(refund.order)


def _checking(order, card_ids, user):
    job = Job.objects.create(
        kind=JobKind.REFUND,
        action=ACTIONS.get(order.kind, ""),
        owner=user,
        of=order.job,
        status=JobStatus.CHECKING,
    )
    for number, chunk in enumerate(chunked(card_ids), start=1):
        add_chunk(job, number, len(chunk), {"cards": chunk})
        job.total += len(chunk)
    job.save(update_fields=["total"])
    return job


def _refundable(order, card_ids):
    lines = order.lines.exclude(state=LineState.REFUNDED)
    if card_ids is not None:
        lines = lines.filter(card__among=card_ids)
    return lines.order_by("number").values_list("card_id", flat=True)


def _decide(refund, state, user):
    refund.state, refund.decided_by, refund.decided_at = state, user, this_moment()
    refund.save(update_fields=["state", "decided_by", "decided_at", "amount"])


def _refund_of(job):
    refunds = Refund.objects.select_related("order__customer", "order__created_by", "decided_by")
    return refunds.get(job=job)


def _lines(refund, chunk, lock=False):
    lines = refund.order.lines.filter(card__among=chunk.payload["cards"]).order_by("number")
    return {line.card_id: line for line in (lines.select_for_update() if lock else lines)}


def _records(lines):
    return {line.card_id: line.seq for line in lines}


def _refusal(line, card, work):
    if line.is_refunded:
        return Refused("refunded_already")
    return rehearse(work, card)[1] if line.is_fulfilled else None


def _close(refund, lines):
    for line in lines:
        line.state, line.refunded_on = LineState.REFUNDED.value, civil_today()
    fulfilment.write_states(lines)
    refund.order.lines.filter(pk__in=[line.pk for line in lines]).update(refund=refund)


def _with_unserved(document, unserved):
    """The document of the served lines' cards, and with it the lines for which no card had to give anything back."""
    document["outcomes"] = sorted(document["outcomes"] + [[line.card_id, None, None] for line in unserved])
    document["counts"]["done"] += len(unserved)
    return document
