"""Money that is owed to whoever paid it online, until their provider has given it back.

Whoever owes it has posted it (`Account.PAYBACK`) and calls `pay_back` in the same transaction.
"""

from billing.choices import PayerRefundCause
from billing.models import PayerRefund, Payment


def pay_back(payment, amount, cause, cause_key, withdrawal=None):
    """Give so much of a payment back to whoever paid it, once for each `cause_key`; the `PayerRefund`."""
    return PayerRefund.objects.get_or_create(
        cause_key=cause_key,
        defaults={
            "provider": payment.provider,
            "payment": payment,
            "amount": amount,
            "cause": cause,
            "withdrawal": withdrawal,
        },
    )[0]


def pay_back_unmatched(unmatched, cause_key):
    """Give money back that fits no payment, all of it; the `PayerRefund`."""
    return PayerRefund.objects.get_or_create(
        cause_key=cause_key,
        defaults={
            "provider": unmatched.provider,
            "unmatched": unmatched,
            "amount": unmatched.amount,
            "cause": PayerRefundCause.UNMATCHED,
        },
    )[0]


def payment_of_guest(order):
    """The payment with which somebody without an account has paid this order."""
    return Payment.objects.get(order=order, entry=f"pay:{order.pk}")
