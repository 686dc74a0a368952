"""Orders as a program places them: checked, placed and paid within one request, or nothing of it."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from billing.actions import orders
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from cards.actions.merged import whose_now
from cards.models import Customer
from simportal.api.errors import Problem
from simportal.api.models import OrderReference

MOST_CARDS_OF_ORDER = orders.ORDERED_AT_ONCE
USED_BEFORE = _("The client_reference “{reference}” is that of an order already.")


def draft_for_program(key, kind, plan, card_ids, *, also_renewed):
    """The checked draft of an order for these cards; its check says for which of them it cannot be sold."""
    customer = Customer.objects.get(pk=whose_now(key.customer_id))
    return orders.draft_order(OrderKind(kind), customer, card_ids, user=key.user, plan=plan, also_renewed=also_renewed)


def buy(order, key, *, expected, reference, pays):
    """Place a draft, and pay it where `pays`; the order.

    Raises `MoneyRefused` where it cannot be sold, or comes to another sum than `expected`, and `Problem` for a
    reference that was used before. The caller's transaction takes it back then.
    """
    if reference:
        _name(order, reference)
    placed = orders.place(order, user=key.user)
    if expected is not None and placed.total != expected:
        raise MoneyRefused("price_changed", total=placed.total, shown=expected)
    return orders.pay_and_fulfil(placed, user=key.user) if pays else placed


def _name(order, reference):
    try:
        with transaction.atomic():
            OrderReference.objects.create(customer_id=order.customer_id, reference=reference, order=order)
    except IntegrityError:
        raise Problem(409, "client_reference_used", str(USED_BEFORE).format(reference=reference)) from None
