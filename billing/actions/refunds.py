"""Giving money back for lines whose service was not used: requested, checked, and approved by somebody who may."""

from django.db import transaction

from billing.actions.kinds import MOST_LINES_TO_WAIT_FOR, work_off_order
from billing.actions.left_of_payments import left_of
from billing.actions.lines import sum_of_checks
from billing.actions.paying_back import payment_of_guest
from billing.actions.second_person import count_alone, needs_second, not_alone
from billing.choices import ACTIONS, Deed, LineState, OrderKind, RefundState
from billing.errors import MoneyRefused
from billing.models import Refund
from billing.money import yuan
from billing.permissions import may_refund, may_request_refund, require
from cards.actions.alone import acting_alone
from cards.actions.jobs import engine
from cards.actions.jobs.engine import add_chunk
from cards.actions.once import once
from cards.actions.write import chunked
from cards.calendar import this_moment
from cards.choices import JobKind, JobStatus
from cards.models import Job


def request_refund(order, *, user, reason, told="", card_ids=None, key=None):
    """A refund of these lines (None: of all), checked in its job; nothing is given back before somebody approves it.

    `user` has to be allowed what the cards give back, and signs it. `reason` is for the staff, `told` for the customer;
    where it is empty they read that it is a refund. Raises `MoneyRefused` for an order that is not
    paid, or is an adjustment: that is reversed by another adjustment.
    """
    require(lambda user: may_request_refund(user, order), user)

    def make(key):
        if not order.is_paid or order.kind == OrderKind.ADJUSTMENT:
            raise MoneyRefused("wrong_state", state=str(order.state))
        lines = order.lines.exclude(state=LineState.REFUNDED).order_by("number")
        if card_ids is not None:
            lines = lines.filter(card__among=card_ids)
        job = _checking(order, lines.values_list("card_id", flat=True), user)
        return Refund.objects.create(key=key, order=order, job=job, reason=reason, told=told, asked_by=user)

    refund = once(Refund, key, make, asked_by=user)
    if refund.waits and refund.job.total <= MOST_LINES_TO_WAIT_FOR:
        work_off_order(refund.job)
    return refund


def approve(refund, *, user):
    """Approve a checked refund, once; who requested it may, as far as they may do so much alone.

    Raises `MoneyRefused` when its check is not over, when there is nothing to give back, when a guest's payment was
    taken back by its provider, or for want of a second person.
    """
    require(may_refund, user)
    with acting_alone(user):
        refund = (
            Refund.objects.select_for_update(of=("self",)).select_related("job", "order__customer").get(pk=refund.pk)
        )
        if not refund.waits:
            return refund
        if not refund.job.is_waiting:
            raise MoneyRefused("not_ready")
        refund.amount = sum_of_checks(refund.job)
        if not engine.totals(refund.job).check_counts["can"]:
            raise MoneyRefused("service_used")
        if refund.order.is_guest:
            _refuse_what_was_taken_back(refund)
        if user == refund.asked_by:
            _count(refund, user)
        _decide(refund, RefundState.APPROVED, user)
        engine.launch(refund.job, user, reason=refund.reason)
    if refund.job.total <= MOST_LINES_TO_WAIT_FOR:
        work_off_order(refund.job)
    return Refund.objects.get(pk=refund.pk)


def resume_refund(refund, *, user):
    """Check a refund again, or work again on an approved one, whose job failed: what was given back stays so."""
    require(may_refund, user)
    if refund.waits or refund.is_approved:
        engine.reopen(refund.job, user)
    return refund


def decline(refund, *, user):
    """Nothing is given back; the lines can be asked for again."""
    require(may_refund, user)
    with transaction.atomic():
        refund = _locked(refund)
        if refund.waits:
            _end_without(refund, RefundState.DECLINED, user)
        return refund


def expire_refund(refund):
    """Nobody approved or declined it in time: nothing is given back; whether it was still waiting."""
    with transaction.atomic():
        refund = _locked(refund)
        waited = refund.waits
        if waited:
            _end_without(refund, RefundState.EXPIRED, None)
        return waited


def _end_without(refund, state, user):
    _decide(refund, state, user)
    engine.stop(refund.job, user)


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


def _locked(refund):
    refunds = Refund.objects.select_for_update(of=("self",)).select_related("job", "order__customer")
    return refunds.get(pk=refund.pk)


def _count(refund, user):
    whose = {"user": user, "customer": refund.order.customer}
    if needs_second(refund.amount, **whose):
        raise not_alone(refund.amount, **whose)
    count_alone(Deed.REFUND, refund.amount, **whose, refund=refund)


def _refuse_what_was_taken_back(refund):
    """Whoever has the money of their payment back, by their bank or by hand, gets it no second time."""
    if refund.amount > (most := left_of(payment_of_guest(refund.order))):
        raise MoneyRefused("charged_back_too_much", most=yuan(most))


def _decide(refund, state, user):
    refund.state, refund.decided_by, refund.decided_at = state, user, this_moment()
    refund.save(update_fields=["state", "decided_by", "decided_at", "amount"])
