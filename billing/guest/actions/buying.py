"""Buying without an account: an order for exactly one card, at what was shown, and the payment of it."""

import uuid

from django.db import transaction

from billing.actions import orders, payments
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.guest.actions.doors import lets_guests_pay
from cards.actions import throttle
from cards.choices import PlanKind
from cards.models import Card

KINDS_OF_PLANS = {PlanKind.PLAN: OrderKind.RENEWAL, PlanKind.PACK: OrderKind.PACK}
SHOWN_OTHERWISE = ("price_changed", "terms_changed")


def buy_for_guest(card, plan, *, shown, provider, way, key, address):
    """The payment of a placed order for this card, with this provider; the same form twice (`key`) is one of both.

    Raises `MoneyRefused` where it cannot be bought, or not as it was shown: then nothing is left of it. Why the card
    does not take it is its customer's affair, and not told.
    """
    _check_limits(card, address)
    if card.customer_id is None or card.is_final or not lets_guests_pay(card.customer_id):
        raise MoneyRefused("not_for_guests")
    order = _placed(card, plan, shown, key)
    payment_key = uuid.uuid5(order.key, f"{provider} {way}")
    try:
        return payments.start_guest_payment(order, provider=provider, way=way, key=payment_key)
    except MoneyRefused:  # an old form: the order is over, or nobody takes payments any more
        raise MoneyRefused("not_for_card_now") from None


@transaction.atomic
def _placed(card, plan, shown, key):
    """The order, drafted and placed in one transaction: of what is refused nothing is left, and of two forms that are
    sent at the same moment the second sees the first."""
    Card.objects.select_for_update(of=("self",)).get(pk=card.pk)
    order = orders.draft_order(
        KINDS_OF_PLANS[plan.kind],
        card.customer,
        [card.pk],
        user=None,
        plan=plan,
        key=key and uuid.uuid5(key, f"{card.pk} {plan.code}"),
        also_renewed=True,
        is_guest=True,
    )
    try:
        return orders.place(order, user=None, shown=shown)
    except MoneyRefused as refused:
        code = "shown_otherwise" if refused.code in SHOWN_OTHERWISE else "not_for_card_now"
        raise MoneyRefused(code) from None


def _check_limits(card, address):
    """Raise `MoneyRefused` for more orders than people place: each one leaves rows that nobody may pay."""
    attempts = (throttle.ORDERS_OF_ADDRESS, address), (throttle.GUESTS_ORDERS_OF_CARD, card.pk)
    may_try = [throttle.hit(limit, subject) for limit, subject in attempts]
    if not all(may_try):
        raise MoneyRefused("too_many_orders")
