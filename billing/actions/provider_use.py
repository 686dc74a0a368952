"""What goes through each payment account at this moment: how many, by the name of the account."""

from django.db.models import Count

from billing.choices import PayerRefundState, PaymentState
from billing.models import PayerRefund, Payment


def payments_waiting(names):
    """Payments that nobody has paid yet, and nobody has closed."""
    return _counted(Payment.objects.filter(provider__in=names, state=PaymentState.STARTED))


def refunds_underway(names):
    """Refunds to payers that wait to be sent, or for the provider."""
    underway = (PayerRefundState.OPEN, PayerRefundState.SENT)
    return _counted(PayerRefund.objects.filter(provider__in=names, state__in=underway))


def refunds_failed(names):
    """Refunds to payers that the provider will not make: they wait for a person."""
    return _counted(PayerRefund.objects.filter(provider__in=names, state=PayerRefundState.FAILED))


def _counted(rows):
    return dict(rows.order_by().values_list("provider").annotate(Count("pk")))
