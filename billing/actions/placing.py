"""Placing an order: its lines are written with all their terms, and it stands if they are what somebody was shown.

A small one is written at once. A large one is written by its job, chunk by chunk, and is a draft until the last of
them: then, in one transaction, it is placed, or none of its lines is left and the draft says why (`why_not_placed`).
"""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from billing.actions.ledger import lock_wallet
from billing.actions.lines import Able, able_in, keep_costs, write_lines
from billing.actions.paying import locked, pay_out_of_wallet, refuse_unless_open_to
from billing.actions.shown import shown_by_lines, shown_today
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Order
from billing.money import ZERO, yuan
from billing.permissions import may_pay, may_place
from billing.rules import Shown, check_total
from cards.actions.jobs import engine
from cards.actions.ordered_terms import order_terms
from cards.calendar import civil_today, this_moment
from cards.choices import Step
from cards.models import Card, Job, PlanBook

GUEST_PAYS_WITHIN = timedelta(hours=3)


def place_at_once(order, user, shown, only):
    """The locked order, placed; raises `MoneyRefused` where somebody has seen something else."""
    if order.is_draft:
        _write(order, shown, only)
    if shown:
        _refuse_other(shown, shown_by_lines(order))
    if order.is_draft:
        _stand_by(order, user)
    return order


def let_job_place(order, *, user, shown, pays):
    """Let its job place a draft as `user` saw it, and pay for it then where they said so (`pays`).

    Raises `MoneyRefused` for what would be sold on other terms now. Sent twice, it is placed once, as the first said.
    """
    with locked(order) as order:
        if order.is_being_placed or order.placed_at:
            return
        refuse_unless_open_to(order, order.place)
        if not order.job.is_waiting:
            raise MoneyRefused("not_ready")
        _refuse_other(shown, shown_today(order))
        engine.begin_placing(order.job, user, {"shown": [str(shown.total), shown.terms], "pays": pays})


def write_lines_of(job, chunk):
    """Write the lines of a chunk; no card is renewed by them yet. `Lost` where the order is not being placed any more.

    What would not be sold any more gets no line, which the end finds.
    """
    order = _locked_order_of(job)
    if order is None or not order.is_being_placed:
        raise engine.Lost
    try:
        write_lines(order, [able_in(chunk.payload, chunk.check_result)])
    except MoneyRefused:
        return
    order.save(update_fields=["size", "total"])


@transaction.atomic
def end_placing(job):
    """Place the order whose lines are written, for whoever let its job place it, and pay it if they said so.

    Where they may not any more, or something else would be sold by now, nothing is placed: the draft is checked anew.
    """
    order = _locked_order_of(job)
    if order is None or not engine.ready_again(job):
        return
    user, shown = job.steps.filter(step=Step.PLACED).select_related("by").last().by, _shown_in(job.params)
    try:
        with transaction.atomic():
            _refuse_unless_still(may_place(user, order))
            _place_what_is_written(order, user, shown)
    except MoneyRefused as refused:
        return _leave_draft(order, refused)
    if job.params["pays"]:
        _pay_if_they_may(order, user)


def leave_no_lines(order):
    """Take away what was written of a locked draft."""
    order.lines.all().delete()
    order.size, order.total = 0, ZERO
    order.save(update_fields=["size", "total"])


def why_not_placed(order):
    """Why its job did not place this draft, or has placed it and did not pay; None if there is nothing to say."""
    written = order.job.params.get("refused") if order.job and not order.paid_at and not order.is_over else None
    return MoneyRefused.read(written, PlanBook()) if written else None


def mark_placed(order, user, days=None):
    """Write that it is placed: it has so many days to be approved, or without any the payment period."""
    now = this_moment()
    within = GUEST_PAYS_WITHIN if order.is_guest else timedelta(days=days or MoneyRules.read().placed_days)
    order.place(at=now, by=user, expires_at=now + within)
    order.save(update_fields=["state", "size", "total", "placed_at", "placed_by", "expires_at"])


def _write(order, shown, only):
    """Write the lines of a checked draft."""
    if not order.job.is_waiting:
        raise MoneyRefused("not_ready")
    _let_nobody_renew_meanwhile(order)
    able = Able(order, only)
    write_lines(order, able)
    if not order.size and able.first:
        raise MoneyRefused(able.first.code, **able.first.facts)
    _check_size(order)
    if shown and able.renewed:
        raise MoneyRefused("renewed_meanwhile", count=able.renewed)


def _place_what_is_written(order, user, shown):
    _let_nobody_renew_meanwhile(order)
    _refuse_other(shown, shown_today(order))
    _check_size(order)
    if order.leaves_renewed_out and (renewed := _cards_of(order).renewed().count()):
        raise MoneyRefused("renewed_meanwhile", count=renewed)
    _refuse_other(shown, shown_by_lines(order))
    keep_costs(order)
    _stand_by(order, user)


def _refuse_unless_still(is_allowed):
    if not is_allowed:
        raise MoneyRefused("no_longer_allowed")


def _let_nobody_renew_meanwhile(order):
    if order.kind == OrderKind.RENEWAL:
        lock_wallet(order.customer_id)  # of two orders that renew the same card the second sees the first


def _check_size(order):
    if not order.size:
        raise MoneyRefused("nothing_to_sell")
    check_total(order.total)


def _refuse_other(shown, now):
    """Refuse what is sold now where it is not what somebody saw."""
    if shown.total != now.total:
        raise MoneyRefused("price_changed", total=yuan(now.total), shown=yuan(shown.total))
    if shown != now:
        raise MoneyRefused("terms_changed")


def _stand_by(order, user):
    """Place it: a renewal's terms are on order from now on, but a guest's: whoever passes by could keep its customer
    from renewing."""
    mark_placed(order, user)
    if order.kind != OrderKind.RENEWAL or order.is_guest:
        return
    order_terms(
        order.lines,
        order_key=order.pk,
        order_number=order.number,
        customer_id=order.customer_id,
        on=civil_today(),
    )


def _pay_if_they_may(order, user):
    try:
        with transaction.atomic():
            _refuse_unless_still(may_pay(user, order.customer_id))
            pay_out_of_wallet(order, user=user)
    except MoneyRefused as refused:
        Job.objects.filter(pk=order.job_id).update(params={"refused": refused.written()})


def _leave_draft(order, refused):
    leave_no_lines(order)
    engine.check_anew(order.job, {"refused": refused.written()})


def _locked_order_of(job):
    """The order of this job, locked; None where it was discarded."""
    return Order.objects.select_for_update(of=("self",), no_key=True).filter(job=job).first()


def _cards_of(order):
    return Card.objects.filter(pk__in=order.lines.values("card"))


def _shown_in(params):
    total, terms = params["shown"]
    return Shown(Decimal(total), terms)
