"""What people without an account pay for a customer's cards, and whether they may at all: as the customer wants it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.accounts import keep_agreement
from billing.actions.prices import check_price, keep_price
from billing.choices import PriceKind
from billing.models import Price, PriceBook
from billing.money import yuan
from billing.permissions import may_sell, require


def set_retail_price(customer, *, user, plan, amount, valid_from):
    """The retail price of a plan from a day on; without an amount it ends there. The same one twice is one.

    Raises `ValidationError` for less than the customer pays themselves on that day, or where the day has gone by or has
    its price. Nobody gets anything by it, so it takes no second person.
    """
    require(lambda user: may_sell(user, customer), user)
    whose = {"kind": PriceKind.RETAIL, "customer": customer, "plan": plan, "valid_from": valid_from}
    if known := Price.objects.filter(amount=amount, **whose).first():
        return known
    fresh = Price(amount=amount, **whose)
    check_price(fresh)
    book = PriceBook.read([customer.pk])
    _check_covers_own(fresh, book.quote(customer.pk, plan.pk, valid_from))
    with transaction.atomic():
        keep_price(fresh, book.before_and_after(fresh)[0], by=user)
    return fresh


def switch_guest_page(customer, *, user, is_on):
    """Let people without an account renew the customer's cards, or not."""
    require(lambda user: may_sell(user, customer), user)
    keep_agreement(customer, user=user, guests_may_pay=is_on)


def _check_covers_own(price, own):
    if price.amount is None:
        return
    if own is None:
        raise ValidationError({"plan": _("This is not sold on that day: the dealer has set no price for it.")})
    if price.amount < own.amount:
        sentence = _("A retail price cannot be lower than the customer's own price, which is {amount}.")
        raise ValidationError({"amount": sentence.format(amount=yuan(own.amount))})
