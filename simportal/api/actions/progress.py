"""How far what a program asked for has come, at the carrier and in a job."""

from datetime import timedelta

from django.utils import timezone

from cards.actions.jobs import engine
from cards.carriers.choices import CommandState
from cards.carriers.models import Command, Line
from cards.choices import Action
from simportal.api.choices import OperationStatus

LOOKED_AT_AGAIN = timedelta(seconds=2)
# The room of carriers hears of a record within seconds, and makes one order of all that came until then.
HEARD_WITHIN = timedelta(seconds=60)
STATUS_AT_CARRIER = {
    CommandState.CONFIRMED: OperationStatus.DONE,
    CommandState.SUPERSEDED: OperationStatus.DONE,
    CommandState.REFUSED: OperationStatus.REFUSED,
    CommandState.UNKNOWN: OperationStatus.UNKNOWN,
}


def at_carrier(record):
    """(how far the order at the carrier is, the operation's status, when it is looked at next) of a card's record."""
    line = Line.objects.filter(card=record.card_id).first()
    if line is None or line.account_id is None:
        return None, OperationStatus.DONE, None
    if line.is_behind(record.seq):
        return "queued", OperationStatus.WAITING_FOR_CARRIER, timezone.now() + LOOKED_AT_AGAIN
    order = _orders(record, line).order_by("seq", "pk").first()
    if order is None:
        return None, OperationStatus.DONE, None
    if order.is_by_hand or order.is_on_its_way:
        look_at = order.due_at or timezone.now() + LOOKED_AT_AGAIN
        return str(order.state), OperationStatus.WAITING_FOR_CARRIER, look_at
    return str(order.state), STATUS_AT_CARRIER[order.state], None


def _orders(record, line):
    """The orders that may be this record's: however late it was heard of, where it was a wish of its own, or is the
    last that was heard of; else a later record may have made them."""
    orders = Command.objects.filter(card=record.card_id, seq__gte=record.seq)
    is_wish = record.from_state != record.to_state or record.action == Action.SWAP
    if is_wish or line.seq == record.seq:
        return orders
    return orders.filter(made_at__lte=record.executed_at + HEARD_WITHIN)


def status_of_job(job, done, left):
    """`done` cards were changed, and `left` are neither that nor refused."""
    if not job.is_over:
        return OperationStatus.RUNNING
    if left:
        return OperationStatus.CANCELLED
    return OperationStatus.DONE if done else OperationStatus.REFUSED


def end_of_job(job):
    """(the status, how many cards had each outcome) of a job that is over."""
    done, refused = engine.totals(job).counts["done"], 0
    for reasons in job.chunks.filter(done_at__isnull=False).values_list("result__reasons", flat=True):
        refused += sum((reasons or {}).values())
    left = job.total - done - refused
    counts = {"done": done, "refused": refused, "cancelled": left}
    return status_of_job(job, done, left), {name: count for name, count in counts.items() if count}
