"""Which object does the work of which kind of job of an order, and who does it."""

from billing.actions.fulfilment import Fulfilment
from billing.actions.returning import Refunding
from cards.actions.jobs import worker
from cards.choices import JobKind

MOST_LINES_TO_WAIT_FOR = 100  # more are worked on in the background

ORDER_JOB_KINDS = {JobKind.ORDER: Fulfilment(), JobKind.REFUND: Refunding()}


def work_off_orders(seconds):
    """Check, serve and give back what waits in orders, chunk by chunk, for about `seconds` seconds."""
    worker.tick(seconds, ORDER_JOB_KINDS)


def work_off_order(job, seconds=600):
    """Take the job of an order or a refund to its next stop in this process."""
    return worker.work_off(job, seconds, ORDER_JOB_KINDS)
