"""What of money online should not wait so long: for a provider to be asked, for a refund that failed, in suspense."""

from datetime import timedelta

from billing.models import PayerRefund, Payment, UnmatchedPayment

ASKED_WITHIN = timedelta(minutes=15)
CLEARED_WITHIN = timedelta(days=1)


def online_waiting(now):
    """How many payments and refunds should have been asked about long ago (`unasked`), how many refunds failed
    (`failed_refunds`), and how much money to clear has waited for more than a day (`to_clear`)."""
    unasked = [model.objects.filter(ask_at__lte=now - ASKED_WITHIN).count() for model in (Payment, PayerRefund)]
    return {
        "unasked": sum(unasked),
        "failed_refunds": PayerRefund.objects.failed().count(),
        "to_clear": UnmatchedPayment.objects.waiting().filter(came_at__lte=now - CLEARED_WITHIN).count(),
    }
