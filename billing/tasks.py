from celery import shared_task
from django.utils import timezone

from billing.actions import kinds, orders

ORDER_SECONDS = 5


@shared_task(name="billing.orders")
def work_on_orders():
    """Check, serve and refund what waits in orders, chunk by chunk, for some seconds; on most ticks that is nothing."""
    kinds.tick(ORDER_SECONDS)


@shared_task(name="billing.expiry")
def expire_orders():
    """Expire orders that nobody paid in time, and forget drafts that nobody placed."""
    orders.expire_unpaid(timezone.now())
