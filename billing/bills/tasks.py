from time import monotonic

from celery import shared_task

from billing.bills.actions.fetching import fetch_next
from billing.bills.actions.following import follow
from billing.bills.actions.reading import read_next
from billing.bills.actions.wanting import want_bills

BILL_SECONDS = 50


@shared_task(name="bills.fetch")
def fetch_bills():
    """Fetch and read the bills that are due, for most of a minute at the most, and do what follows from them."""
    until = monotonic() + BILL_SECONDS
    want_bills()
    while monotonic() < until and (fetch_next() or read_next(until)):
        pass  # one call or one document after the other
    follow()
