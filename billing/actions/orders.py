"""Orders, from the draft to the money: drafted and checked, placed with all its terms fixed, paid once.

What an order does to cards is the work of its job (`fulfilment.py`); paying starts that job.
"""

import uuid
from collections import defaultdict

from django.db import transaction
from django.utils import translation

from billing.actions.kinds import MOST_LINES_TO_WAIT_FOR, work_off_order
from billing.actions.ledger import post_entry, transfer
from billing.actions.paying import locked, pay_out_of_wallet, refuse_unless_open_to
from billing.actions.placing import (
    leave_no_lines,
    let_job_place,
    mark_placed,
    place_at_once,
)
from billing.actions.second_person import count_alone, needs_second, not_alone
from billing.actions.shown import outdated_among
from billing.choices import ACTIONS, Account, Deed, EntryKind, LineState, OrderKind
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Order, OrderLine
from billing.money import ZERO
from billing.permissions import actor_for, may_adjust, may_order, may_pay, may_place, may_withdraw, require
from billing.rules import check_total
from cards.actions.alone import acting_alone
from cards.actions.jobs import engine
from cards.actions.merged import whose_now
from cards.actions.once import once
from cards.actions.ordered_terms import end_ordered_terms
from cards.actions.selections import ids_of
from cards.actions.write import chunked
from cards.calendar import civil_today, this_moment
from cards.choices import JobKind, JobStatus
from cards.models import Card, Customer, Job, JobChunk

ORDERED_AT_ONCE = 4_000  # cards; more are checked, and placed, in the background


def draft_order(
    kind,
    customer,
    card_ids,
    *,
    user,
    plan=None,
    selection=None,
    key=None,
    note="",
    also_renewed=False,
    day=None,
    is_guest=False,
):
    """An order that sells `plan` (None: each card its own plan again) to these cards, and its job that checks them.

    A small one is checked at once, a large one in the background. The same `key` twice is the same order. `user` is
    None for what a rule orders, for a `day`, and for a guest. Of a renewal, cards that are renewed already are left out
    unless `also_renewed`.
    """

    def make(key):
        return Order.objects.create(
            key=key,
            kind=kind,
            customer_id=whose_now(customer.pk),
            plan=plan,
            selection=selection,
            job=_checking(kind, card_ids, user, selection),
            note=note,
            also_renewed=also_renewed,
            day=day,
            is_guest=is_guest,
            created_by=user,
        )

    order = once(Order, key, make, created_by=user)
    if order.is_draft:
        _check_if_small(order.job)
    return order


def draft_for_selection(kind, selection, *, user, plan=None, key=None, also_renewed=False):
    """A draft for each customer whose cards are in the selection and for whom `user` may order.

    Cards in stock are nobody's, and left out; so are those that are renewed already, unless `also_renewed`.
    """
    key, owned = key or uuid.uuid4(), defaultdict(list)
    for part in ids_of(selection):
        for pk, customer_id in Card.objects.filter(pk__among=part).order_by("pk").values_list("pk", "customer_id"):
            owned[customer_id].append(pk)
    customers = Customer.objects.in_bulk([pk for pk in owned if pk and may_order(user, pk)])
    return [
        draft_order(
            kind,
            customers[customer_id],
            card_ids,
            user=user,
            plan=plan,
            selection=selection,
            key=uuid.uuid5(key, str(customer_id)),
            also_renewed=also_renewed,
        )
        for customer_id, card_ids in owned.items()
        if customer_id in customers
    ]


def place(order, *, user, shown=None, only=None):
    """Stand by a checked draft: its lines are written for the cards that can, at the prices of today.

    `user` has to be allowed what the order does to cards, and signs it. People say what they saw (`shown`): where
    something else would be sold today nothing is, so that nobody approves what they did not see. Cards that were
    renewed since the check are left out, or refused of what was shown. Placed twice, it is placed once. Raises
    `MoneyRefused`; then nothing was placed, and a draft is checked anew.

    With `only`, a set of keys, no other card gets a line, as if the draft had not been made for it.
    """
    require(lambda user: may_place(user, order), user)
    try:
        with locked(order) as draft:
            return place_at_once(draft, user, shown, only)
    except MoneyRefused:
        check_again(order)
        raise


def place_as_shown(order, *, user, shown, pays, at_once=None):
    """Place what `user` saw, and pay it out of the wallet where they say so (`pays`): at once, or by its job if the
    order is for more than `at_once` cards (None: `ORDERED_AT_ONCE`).

    Then it stays a draft until its job has written all lines, who may do what is asked once more, and nothing is sold
    or paid but what was shown. Raises `MoneyRefused` as `place` does.
    """
    if not order.is_draft or order.job.total <= (ORDERED_AT_ONCE if at_once is None else at_once):
        placed = place(order, user=user, shown=shown)
        return pay_and_fulfil(placed, user=user) if pays else placed
    require(lambda user: may_place(user, order), user)
    try:
        let_job_place(order, user=user, shown=shown, pays=pays)
    except MoneyRefused:
        check_again(order)
        raise
    return Order.objects.get(pk=order.pk)


def refresh_drafts(found):
    """Check those of these orders anew that are drafts and would be sold on other terms than their checks said."""
    drafts = [order for order in found if order.is_draft and order.job.is_waiting]
    outdated = outdated_among(drafts) if drafts else []
    for order in outdated:
        check_again(order)
    return outdated


def check_again(order):
    """Check a draft anew, as its cards and prices are now."""
    with locked(order) as order:
        if order.is_draft:
            engine.check_anew(order.job, {})
    if order.is_draft:
        _check_if_small(order.job)


def include_renewed(order, also_renewed, *, user):
    """Say of a checked draft whether cards that are renewed already get one more term, and check it anew.

    Raises `MoneyRefused` if it is no draft any more, or is still being checked.
    """
    require(lambda user: may_order(user, order.customer_id), user)
    with locked(order) as draft:
        refuse_unless_open_to(draft, draft.place)
        if not draft.job.is_waiting:
            raise MoneyRefused("not_ready")
        draft.also_renewed = also_renewed
        draft.save(update_fields=["also_renewed"])
    check_again(order)


def pay(order, *, user):
    """Pay a placed order out of the customer's wallet, whole and once, and start its job.

    Paid twice, it is paid once. Raises `MoneyRefused` when `user` may not, the wallet has not that much, or the order
    cannot be paid any more; then nothing was moved.
    """
    require(lambda user: may_pay(user, order.customer_id) and order.kind != OrderKind.ADJUSTMENT, user)
    return pay_out_of_wallet(order, user=user)


def pay_and_fulfil(order, *, user):
    """Pay an order; the cards of a small one are served at once, those of a large one in the background."""
    return fulfil_if_small(pay(order, user=user))


def fulfil_if_small(order):
    """Serve the cards of an order at once where that is quick; the order afterwards."""
    if order.size <= MOST_LINES_TO_WAIT_FOR and order.job:
        work_off_order(order.job)
    return Order.objects.get(pk=order.pk)


def resume_order(order, *, user):
    """Check a draft again, or work on a paid order again, whose job failed: what was done stays done.

    A draft whose job failed over placing it has no line any more, and can be placed anew.
    """
    require(lambda user: may_order(user, order.customer_id), user)
    with locked(order) as order:
        is_reopened = order.is_worked_on and order.job and engine.reopen(order.job, user)
        if is_reopened and order.is_draft:
            leave_no_lines(order)
        return order


def withdraw(order, *, user):
    """Take back what was placed and not paid; a draft is forgotten altogether (None)."""
    require(lambda user: may_withdraw(user, order), user)
    with locked(order) as order:
        if order.is_draft:
            return _forget(order, user)
        if not order.is_withdrawn:
            refuse_unless_open_to(order, order.withdraw)
            order.withdraw(at=this_moment())
            _end(order, user)
        return order


def expire_unpaid(now):
    """Expire what was not paid in time, and forget drafts that nobody placed; the number of orders."""
    ended = 0
    for order in Order.objects.unpaid_at(now):
        with locked(order) as order:
            if order.is_placed:
                order.expire(at=now)
                _end(order, user=None)
                ended += 1
    for order in Order.objects.forgotten_at(now):
        with locked(order) as order:
            if order.is_draft and not order.is_being_placed:
                _forget(order, user=None)
                ended += 1
    return ended


def make_adjustment(customer, amount, *, user, note, told="", key=None):
    """Charge a customer (`amount` above zero) or give them something (below), without any card.

    What `user` may do alone is done at once; more waits as a placed order for a second person, who calls
    `approve_adjustment`. `note` is for the staff, `told` for the customer; where it is empty they read that it is an
    adjustment. Raises `MoneyRefused` for more than an order can come to.
    """
    require(may_adjust, user)
    check_total(amount)

    def make(key):
        order = Order.objects.create(
            key=key,
            kind=OrderKind.ADJUSTMENT,
            customer=customer,
            total=amount,
            size=1,
            note=note,
            told=told,
            created_by=user,
        )
        rules = MoneyRules.read()
        OrderLine.objects.create(order=order, number=1, unit_price=amount, tax_rate=rules.service_tax_rate)
        mark_placed(order, user, days=rules.approval_days)
        if needs_second(abs(amount), user=user, customer=customer):
            return order
        count_alone(Deed.ADJUSTMENT, abs(amount), user=user, customer=customer, order=order)
        return settle_adjustment(order, user=user)

    with acting_alone(user):
        return once(Order, key, make, created_by=user)


def approve_adjustment(order, *, user):
    """A second person approves an adjustment that waits; nobody approves their own."""
    require(may_adjust, user)
    if user == order.created_by:
        raise not_alone(abs(order.total), user=user, customer=order.customer)
    return settle_adjustment(order, user=user)


def settle_adjustment(order, *, user):
    """Pay and fulfil an adjustment, which serves no card: revenue for a charge, refunds for what is given."""
    with transaction.atomic():
        order = pay_out_of_wallet(order, user=user)
        if not order.waits_for_service:
            return order
        target = Account.REVENUE if order.total > ZERO else Account.REFUNDS
        entry_lines = transfer(order.total, Account.RECEIVABLES, target)
        post_entry(
            f"adjust:{order.pk}",
            EntryKind.FULFILMENT,
            order.customer_id,
            *entry_lines,
            actor=actor_for(user),
            order=order,
        )
        order.lines.update(state=LineState.FULFILLED, fulfilled_on=civil_today())
        order.fulfil(at=this_moment())
        order.save(update_fields=["state", "ended_at"])
        return order


def _checking(kind, card_ids, user, selection):
    """The job of a draft, with its chunks, that waits to be checked."""
    job = Job.objects.create(
        kind=JobKind.ORDER,
        action=ACTIONS.get(kind, ""),
        owner=user,
        selection=selection,
        language=translation.get_language(),
        status=JobStatus.CHECKING,
    )
    chunks = [
        JobChunk(job=job, number=number, size=len(chunk), payload={"cards": chunk})
        for number, chunk in enumerate(chunked(sorted(card_ids)), start=1)
    ]
    JobChunk.objects.bulk_create(chunks, batch_size=20)
    job.total = sum(chunk.size for chunk in chunks)
    job.save(update_fields=["total"])
    return job


def _check_if_small(job):
    if job.total <= ORDERED_AT_ONCE:
        work_off_order(job)


def _end(order, user):
    """Write that an unpaid order is over; its job ends with it."""
    order.save(update_fields=["state", "ended_at"])
    end_ordered_terms(order.pk)
    if order.job:
        engine.stop(order.job, user)


def _forget(order, user):
    """A draft that nobody placed leaves nothing behind but its stopped job."""
    engine.stop(order.job, user)
    leave_no_lines(order)
    order.delete()
