"""What of an online payment can still go back to whoever paid it: what has not gone back, and was not taken back."""

from datetime import timedelta

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.choices import PayerRefundState, PaymentState
from billing.models import Chargeback, PayerRefund, Payment
from billing.models.fields import MoneyField
from billing.money import ZERO, rounded
from cards.calendar import this_moment

GOES_BACK_WITHIN = timedelta(days=365)  # after it was paid; then providers give nothing back any more


def left_of(payment):
    """What is left of a payment, in CNY; of one that was not paid nothing."""
    return _left(_with_gone_back(Payment.objects.filter(pk=payment.pk)).get()) if payment.is_paid else ZERO


def payments_with_left(customer_id):
    """(payment, what is left of it) of the payments into a customer's wallet that can go back, the newest first."""
    paid = Payment.objects.filter(
        customer=customer_id, state=PaymentState.PAID, paid_at__gte=this_moment() - GOES_BACK_WITHIN
    ).exclude(order__is_guest=True)
    found = ((payment, _left(payment)) for payment in _with_gone_back(paid).order_by("-paid_at", "-pk"))
    return [(payment, left) for payment, left in found if left > ZERO]


def _left(payment):
    return payment.amount - rounded(payment.gone_back) - rounded(payment.taken_back)


def _with_gone_back(payments):
    refunds = PayerRefund.objects.exclude(state=PayerRefundState.KEPT)
    chargebacks = Chargeback.objects.filter(entry__reversed_by=None)
    return payments.annotate(gone_back=_sum_of_its(refunds), taken_back=_sum_of_its(chargebacks))


def _sum_of_its(rows):
    sums = rows.filter(payment=OuterRef("pk")).order_by().values("payment").annotate(of=Sum("amount")).values("of")
    return Coalesce(Subquery(sums), ZERO, output_field=MoneyField())
