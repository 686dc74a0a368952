from celery import shared_task
from django.utils import timezone

from billing.actions import approvals, asking, kinds

ORDER_SECONDS = 5
ASK_SECONDS = 20


@shared_task(name="billing.orders")
def work_on_orders():
    """Check, serve and refund what waits in orders, chunk by chunk, for some seconds; on most ticks that is nothing."""
    kinds.work_off_orders(ORDER_SECONDS)


@shared_task(name="billing.expiry")
def expire_approvals():
    """Expire what nobody approved in time."""
    approvals.expire_waiting(timezone.now())


@shared_task(name="billing.ask")
def ask_providers():
    """Ask payment providers what became of payments and refunds, and have refunds made; mostly that is a look."""
    asking.work_on_payments(ASK_SECONDS)
