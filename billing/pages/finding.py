"""What the search in the console's header finds of money: orders, transfers, and what was paid online."""

import re
from uuid import UUID

from django.db.models import F, Q
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.filters import ORDER_NUMBER
from billing.models import Order, PayerRefund, Payment, ProviderAccount, Receipt
from billing.money import yuan
from billing.pages.order_labels import money_badge
from billing.references import reference_key
from cards.pages.finding import HITS_OF_A_KIND, Findable, Hit, KindAnswer
from cards.pages.frames import CONSOLE
from cards.paging import LARGEST_ID
from cards.querysets import Begins

RECEIPT_NUMBER = re.compile(r"R[0-9]{8}-([1-9][0-9]{0,18})", re.ASCII | re.IGNORECASE)
LEAST_OF_A_REFERENCE = 4
LONGEST_REFERENCE = 64


def _orders(question, user):
    number = question.number("order", "orders", "订单") or _written_out(ORDER_NUMBER, question.text)
    if not number:
        return None
    found = Order.objects.visible_to(user).select_related("customer").filter(pk=number)
    hits = [
        Hit(order.number, CONSOLE.money_url("order", order.pk), str(order.customer), badge=money_badge(order))
        for order in found
    ]
    return KindAnswer(_("order #{number}").format(number=number), hits)


def _receipts(question, user):
    """By the beginning of the bank's reference, however it is written, or by the number that stands on the receipt."""
    text, number = question.text, _written_out(RECEIPT_NUMBER, question.text)
    key = reference_key(text)
    if not number and not LEAST_OF_A_REFERENCE <= len(key) <= LONGEST_REFERENCE:
        return None
    means = Q(pk=number) if number else Q(Begins(F("reference_key"), key))
    found = Receipt.objects.visible_to(user).select_related("customer").filter(means).order_by("-pk")
    hits = [
        Hit(each.reference, CONSOLE.money_url("receipt", each.pk), f"{each.customer} · {yuan(each.amount)}")
        for each in found[: HITS_OF_A_KIND + 1]
    ]
    looked_for = _("receipts with the number or a reference that begins with {text}").format(text=text)
    return KindAnswer(looked_for, hits, f"{CONSOLE.money_url('receipt-list')}?{urlencode({'q': text})}")


def _payments(question, user):
    """By our number, by the provider's, or by the number with which somebody without an account finds their receipt."""
    text, key = question.text, _uuid(question.text)
    if not LEAST_OF_A_REFERENCE <= len(text) <= LONGEST_REFERENCE:
        return None
    providers = ProviderAccount.objects.values("name")  # with it the index of both is asked
    means = Q(key=key) if key else Q(provider__in=providers, provider_reference=text) | Q(code=text.upper())
    found = Payment.objects.filter(means).select_related("customer")
    hits = [
        Hit(
            f"{each.provider_reference or each.key.hex}",
            CONSOLE.money_url("payment", each.pk),
            " · ".join(filter(None, (str(each.customer or ""), yuan(each.amount)))),
            badge=money_badge(each),
        )
        for each in found[: HITS_OF_A_KIND + 1]
    ]
    return KindAnswer(_("online payments with the number {text}").format(text=text), hits)


def _payer_refunds(question, user):
    """By our number, which the provider's own pages show too."""
    key = _uuid(question.text)
    if not key:
        return None
    hits = [
        Hit(each.key.hex, CONSOLE.money_url("payer-refund", each.pk), yuan(each.amount), badge=money_badge(each))
        for each in PayerRefund.objects.filter(key=key)
    ]
    return KindAnswer(_("refunds to payers with the number {text}").format(text=question.text), hits)


def _written_out(pattern, text):
    """The key in a number that is written with its day; None for any other text."""
    found = pattern.fullmatch(text)
    return int(found[1]) if found and int(found[1]) <= LARGEST_ID else None


def _uuid(text):
    try:
        return UUID(text)
    except ValueError:
        return None


ORDERS_FOUND = Findable(
    pgettext_lazy("orders", "Orders"),
    "billing.view_order",
    _orders,
    gettext_lazy("the number: 20260302-12, #12 or order 12"),
)
RECEIPTS_FOUND = Findable(
    gettext_lazy("Receipts"),
    "billing.view_receipt",
    _receipts,
    gettext_lazy("the bank's reference or its beginning, or the number on the receipt: R20260302-12"),
)
PAYMENTS_FOUND = Findable(
    gettext_lazy("Online payments"),
    "billing.view_payment",
    _payments,
    gettext_lazy("the provider's number or ours, or the receipt number of someone without an account"),
)
PAYER_REFUNDS_FOUND = Findable(
    gettext_lazy("Refunds to payers"), "billing.view_payerrefund", _payer_refunds, gettext_lazy("our number of it")
)
