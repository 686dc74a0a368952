"""The order that is being moved on, and its money: paid once, out of the wallet or by a guest, and its job started."""

from contextlib import contextmanager

from django.db import transaction
from django_fsm import can_proceed

from billing.actions.ledger import post_entry, transfer
from billing.choices import Account, EntryKind
from billing.errors import MoneyRefused
from billing.models import Order
from billing.permissions import GUEST, actor_for
from cards.actions.jobs import engine
from cards.actions.ordered_terms import ordered_terms_are_paid
from cards.calendar import this_moment


@contextmanager
def locked(order):
    """A transaction in which nobody else moves this order on; the order as it is now."""
    with transaction.atomic():
        # Whoever serves it holds the wallet, and writes entries that refer to it: no key is locked. Its job is read
        # afterwards: it may have gone on while this waited.
        rows = Order.objects.select_for_update(of=("self",), no_key=True)
        yield rows.select_related("customer", "plan", "created_by").get(pk=order.pk)


def refuse_unless_open_to(order, step):
    """Raise `MoneyRefused` for an order that cannot take this step as it is."""
    if not can_proceed(step):
        raise MoneyRefused("wrong_state", state=str(order.state))


def pay_out_of_wallet(order, *, user):
    """Pay an order for somebody who was allowed to when they said so: here, online, or in approving an adjustment."""
    with locked(order) as order:
        if order.is_paid:
            return order
        refuse_unless_open_to(order, order.pay)
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
