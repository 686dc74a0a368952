"""Whether somebody without an account may pay for a card, and what for."""

from typing import NamedTuple

from billing.actions.lines import Offers
from billing.actions.offers import on_sale
from billing.actions.providers import provider_names
from billing.choices import OrderKind
from billing.models import CustomerAccount, Order
from billing.money import ZERO
from billing.rules import Shown
from cards.models import Plan

KINDS_FOR_GUESTS = (OrderKind.RENEWAL, OrderKind.PACK)


class ForSale(NamedTuple):
    """A plan or a pack at its price, whatever the state of the card would say to it."""

    kind: OrderKind
    plan: Plan
    shown: Shown


def lets_guests_pay(customer_id):
    """Whether this customer leaves the page on for their cards; who has no account of the books yet does."""
    account = CustomerAccount.objects.filter(customer=customer_id).first()
    return account is None or account.guests_may_pay


def for_sale(card):
    """What can be bought for the card that a number means, as `ForSale`; nothing where it is no card's, is over for
    good or in stock, its customer has switched the page off, or nobody takes payments.

    It takes the same statements for any card and for none (None), so that they tell nobody which there are.
    """
    customer_id = (card and card.customer_id) or 0
    is_open = lets_guests_pay(customer_id) and customer_id and not card.is_final
    takes_payments = bool(provider_names())
    found = [ForSale(kind, plan, shown) for kind in KINDS_FOR_GUESTS for plan, shown in _prices(kind, customer_id)]
    return found if is_open and takes_payments else []


def _prices(kind, customer_id):
    offers = Offers(Order(kind=kind, customer_id=customer_id, is_guest=True, also_renewed=True))
    return [(plan, shown) for plan, shown in on_sale(offers) if shown.total > ZERO]
