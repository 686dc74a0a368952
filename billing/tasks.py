from celery import shared_task
from django.utils import timezone

from billing import mail
from billing.actions import approvals, auto_renew, kinds, notices, orders
from cards.calendar import civil_today

ORDER_SECONDS = 5
RENEWAL_SECONDS = 30
MAIL_SECONDS = 30


@shared_task(name="billing.orders")
def work_on_orders():
    """Check, serve and refund what waits in orders, chunk by chunk, for some seconds; on most ticks that is nothing."""
    kinds.work_off_orders(ORDER_SECONDS)


@shared_task(name="billing.expiry")
def expire_orders():
    """Expire what nobody paid or approved in time, and forget drafts that nobody placed."""
    orders.expire_unpaid(timezone.now())
    approvals.expire_waiting(timezone.now())


@shared_task(name="billing.renewals")
def renew():
    """Renew what renews itself today; the switches of cards that were cancelled or went away are forgotten first."""
    auto_renew.forget_what_was_said()
    auto_renew.renew_for(civil_today(), RENEWAL_SECONDS)


@shared_task(name="billing.notices")
def gather_notices():
    """Write down what customers are to be told; on most ticks that is nothing."""
    notices.gather(civil_today())


@shared_task(name="billing.mail")
def send_digests():
    """Make the digests of the day and mail what is due, for half a minute at the most."""
    mail.drain(civil_today(), timezone.now(), MAIL_SECONDS)
