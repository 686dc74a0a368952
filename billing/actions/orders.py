"""Orders, from the draft to the money: drafted and checked, placed with all its terms fixed, paid once.

What an order does to cards is the work of its job (`fulfilment.py`); paying starts that job.
"""

import uuid
from collections import defaultdict
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils import translation
from django_fsm import can_proceed

from billing.actions.kinds import MOST_LINES_TO_WAIT_FOR, work_off_order
from billing.actions.ledger import lock_wallet, post_entry, transfer
from billing.actions.lines import Able, write_lines
from billing.actions.second_person import count_alone, needs_second, not_alone
from billing.actions.shown import is_outdated, shown_by_lines
from billing.choices import ACTIONS, Account, Deed, EntryKind, LineState, OrderKind
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Order, OrderLine
from billing.money import ZERO, yuan
from billing.permissions import GUEST, actor_for, may_adjust, may_order, may_pay, may_place, may_withdraw, require
from billing.rules import check_total
from cards.actions.alone import acting_alone
from cards.actions.jobs import engine
from cards.actions.once import once
from cards.actions.ordered_terms import end_ordered_terms, ordered_terms_are_paid
from cards.actions.selections import ids_of
from cards.actions.write import chunked
from cards.calendar import civil_today, this_moment
from cards.choices import JobKind, JobStatus
from cards.models import Card, Customer, Job, JobChunk

LINES_CHECKED_AT_ONCE = 4_000
GUEST_PAYS_WITHIN = timedelta(hours=3)


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
            customer=customer,
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
            return _placed(draft, user, shown, only)
    except MoneyRefused:
        check_again(order)
        raise


def refresh_draft(order):
    """Check a draft anew that would be sold on other terms than its check said."""
    if order.is_draft and order.job.is_waiting and is_outdated(order):
        check_again(order)


def check_again(order):
    """Check a draft anew, as its cards and prices are now."""
    with locked(order) as order:
        if order.is_draft:
            engine.check_anew(order.job)
    if order.is_draft:
        _check_if_small(order.job)


def include_renewed(order, also_renewed, *, user):
    """Say of a checked draft whether cards that are renewed already get one more term, and check it anew.

    Raises `MoneyRefused` if it is no draft any more, or is still being checked.
    """
    require(lambda user: may_order(user, order.customer_id), user)
    with locked(order) as draft:
        _refuse_unless(draft, draft.place)
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


def pay_out_of_wallet(order, *, user):
    """Pay an order for somebody who was allowed to when they said so: here, online, or in approving an adjustment."""
    with locked(order) as order:
        if order.is_paid:
            return order
        _refuse_unless(order, order.pay)
        if order.is_guest:
            raise MoneyRefused("guest_order")
        entry_lines = transfer(order.total, Account.WALLET, Account.RECEIVABLES)
        post_entry(
            f"pay:{order.pk}",
            EntryKind.PAYMENT,
            order.customer_id,
            *entry_lines,
            actor=actor_for(user),
            order=order,
            told=order.told,
        )
        _is_paid(order, user)
        return order


def pay_by_guest(order):
    """Pay a guest's placed order, which is locked, with what they paid online, past any wallet; the entry."""
    entry = post_entry(
        f"pay:{order.pk}",
        EntryKind.PAYMENT,
        order.customer_id,
        *transfer(order.total, Account.PROVIDERS, Account.RECEIVABLES),
        actor=GUEST,
        order=order,
    )
    _is_paid(order, None)
    return entry


def _is_paid(order, user):
    """Write that the money has moved, and let the job serve."""
    order.pay(at=this_moment(), by=user)
    order.save(update_fields=["state", "paid_at", "paid_by"])
    ordered_terms_are_paid(order.pk)
    if order.job:
        engine.launch(order.job, user)


def pay_and_fulfil(order, *, user):
    """Pay an order; the cards of a small one are served at once, those of a large one in the background."""
    return fulfil_if_small(pay(order, user=user))


def fulfil_if_small(order):
    """Serve the cards of an order at once where that is quick; the order afterwards."""
    if order.size <= MOST_LINES_TO_WAIT_FOR and order.job:
        work_off_order(order.job)
    return Order.objects.get(pk=order.pk)


def resume_order(order, *, user):
    """Check a draft again, or work on a paid order again, whose job failed: what was done stays done."""
    require(lambda user: may_order(user, order.customer_id), user)
    with locked(order) as order:
        if order.is_worked_on and order.job:
            engine.reopen(order.job, user)
        return order


def withdraw(order, *, user):
    """Take back what was placed and not paid; a draft is forgotten altogether (None)."""
    require(lambda user: may_withdraw(user, order), user)
    with locked(order) as order:
        if order.is_draft:
            return _forget(order, user)
        if not order.is_withdrawn:
            _refuse_unless(order, order.withdraw)
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
            if order.is_draft:
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
        _place(order, user, days=rules.approval_days)
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


@contextmanager
def locked(order):
    """A transaction in which nobody else moves this order on; the order as it is now."""
    with transaction.atomic():
        # Whoever serves it holds the wallet, and writes entries that refer to it: no key is locked.
        rows = Order.objects.select_for_update(of=("self",), no_key=True)
        orders = rows.select_related("job", "customer", "plan", "created_by")
        yield orders.get(pk=order.pk)


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
    if job.total <= LINES_CHECKED_AT_ONCE:
        work_off_order(job)


def _placed(order, user, shown, only):
    """The locked order, placed; raises `MoneyRefused` where somebody has seen something else."""
    if order.is_draft:
        _write(order, shown, only)
    if shown:
        _refuse_unless_shown(order, shown)
    if order.is_draft:
        _place(order, user)
    return order


def _write(order, shown, only):
    """Write the lines of a checked draft."""
    if not order.job.is_waiting:
        raise MoneyRefused("not_ready")
    if order.kind == OrderKind.RENEWAL:
        lock_wallet(order.customer_id)  # of two orders that renew the same card the second sees the first
    able = Able(order, only)
    order.size, order.total = write_lines(order, able)
    if not order.size and able.first:
        raise MoneyRefused(able.first.code, **able.first.facts)
    if not order.size:
        raise MoneyRefused("nothing_to_sell")
    check_total(order.total)
    if shown and able.renewed:
        raise MoneyRefused("renewed_meanwhile", count=able.renewed)


def _refuse_unless_shown(order, shown):
    """Refuse what was written where it is not what somebody saw."""
    if shown.total != order.total:
        raise MoneyRefused("price_changed", total=yuan(order.total), shown=yuan(shown.total))
    if shown != shown_by_lines(order):
        raise MoneyRefused("terms_changed")


def _place(order, user, days=None):
    """Place it: it has so many days to be approved, or without any the payment period."""
    now = this_moment()
    within = GUEST_PAYS_WITHIN if order.is_guest else timedelta(days=days or MoneyRules.read().placed_days)
    order.place(at=now, by=user, expires_at=now + within)
    order.save(update_fields=["state", "size", "total", "placed_at", "placed_by", "expires_at"])


def _refuse_unless(order, step):
    if not can_proceed(step):
        raise MoneyRefused("wrong_state", state=str(order.state))


def _end(order, user):
    """Write that an unpaid order is over; its job ends with it."""
    order.save(update_fields=["state", "ended_at"])
    end_ordered_terms(order.pk)
    if order.job:
        engine.stop(order.job, user)


def _forget(order, user):
    """A draft that nobody placed leaves nothing behind but its stopped job."""
    engine.stop(order.job, user)
    order.delete()
