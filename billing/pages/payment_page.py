"""The page of a payment: what it is for, how it is paid in this browser, and where it stands."""

import json

import segno
from django.utils.safestring import mark_safe

from billing.actions.payments import goes_to_wechat, is_fresh, once_followed, openid_address
from billing.actions.providers import provider_label
from billing.choices import PayerRefundCause
from billing.models import ProviderAccount
from billing.pages.order_labels import money_badge
from billing.payments import local

SECONDS = 5
_AT_ONCE = (PayerRefundCause.TRIAL, PayerRefundCause.NOT_NEEDED)  # what is given back for other reasons was bought


def payment_context(payment, frame, leads_on):
    """The page's context. `frame` is where its reader comes from (None: from outside, without an account); where
    `leads_on` is false nobody is sent on who did not press a button.
    """
    order = payment.order
    return {
        "payment": payment,
        "badge": money_badge(payment),
        "provider": provider_label(payment.provider),
        "order": order,
        "is_late": order and payment.is_started and not order.is_placed,
        "is_in_wallet": payment.stayed_in_wallet and not payment.is_of_guest,
        "refund": payment.refunds.filter(cause__in=_AT_ONCE).first() if payment.is_paid else None,
        "back_url": frame and _way_back(payment, frame),
        "receipt": payment.code and "-".join(payment.code[at : at + 4] for at in range(0, len(payment.code), 4)),
        **(_how(payment, leads_on) if payment.is_started else {}),
    }


def _how(payment, leads_on):
    """How it is paid: the one thing to do now (`step`), and where the page leads by itself, at once or in a while."""
    begun = payment.begun
    if payment.provider == local.NAME:
        return {"step": "trial"}
    if goes_to_wechat(payment):
        address = openid_address(payment)
        return {"step": "who", "address": address, "follow": leads_on and address}
    if begun.get("bridge"):
        return {"step": "bridge", "bridge": json.dumps(begun["bridge"]), "seconds": SECONDS}
    if begun.get("qr"):
        return {"step": "scan", "square": _square(begun["qr"]), "seconds": SECONDS}
    if begun.get("address") and is_fresh(payment):
        follow = leads_on and once_followed(payment) and begun["address"]
        return {"step": "address", "address": begun["address"], "follow": follow, "seconds": SECONDS}
    return {"step": "begin", "seconds": begun and SECONDS}


def _square(text):
    square = segno.make(text, micro=False, error="m")
    return mark_safe(square.svg_inline(border=0, omitsize=True))  # paths that segno draws, of no text


def _way_back(payment, frame):
    """Whence its reader came: the order, the account that is tried, or the wallet."""
    if payment.is_trial:
        return frame.money_url("provider-try", ProviderAccount.objects.get(name=payment.provider).pk)
    if payment.order:
        return frame.money_url("order", payment.order_id)
    if not frame.for_staff:
        return frame.money_url("wallet")
    return frame.money_url("customer", payment.customer_id)
