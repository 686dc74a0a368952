"""The figures of /metrics that are asked for when somebody reads them: what the parts of `/readyz?full` say, and rows.

Each of them is one look at kept sums or along an index; the largest counts stop at `COUNTED_AT_MOST`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Min, Q, Sum
from django.utils import timezone

from billing.actions.lines import sum_of_checks
from billing.bills.actions.watching import bills_overdue, lines_to_settle
from billing.choices import OrderKind
from billing.models import Order, Proposal, Refund, UnmatchedPayment
from cards import state_counts
from cards.actions.old_usage import days_behind
from cards.calendar import civil_today
from cards.carriers.actions import watching
from cards.choices import Hold, State
from cards.models import Card, Job, JobChunk, QuarantinedReading
from cards.paging import counts_up_to
from simportal import __version__

DAY_SECONDS = 24 * 3600
COUNTED_AT_MOST = 100_000
MACHINERY = ("database", "broker")


@dataclass(frozen=True)
class Figure:
    """A gauge: `read` gives its value, or one for each value of `label`; None where there is nothing to tell."""

    name: str
    means: str
    read: Callable
    label: str = ""


def _fact(part, fact):
    """What a part says; None where it was not asked, because the database is away."""
    return lambda parts: parts.get(part, {}).get(fact)


def _parts(parts):
    return {name: part["ok"] for name, part in parts.items() if name not in MACHINERY}


def _online_money(parts):
    waiting = dict(parts.get("online_money", {}))
    waiting.pop("ok", None)
    return waiting or None


def _length(part, fact):
    return lambda parts: len(parts[part][fact]) if part in parts else None


def _backup_seconds(parts):
    hours = parts["backup"]["hours_ago"]
    return None if hours is None else hours * 3600


def _swept_seconds(parts):
    return parts["sweep"]["days_behind"] * DAY_SECONDS if "sweep" in parts else None


def _states():
    shown = state_counts.shown_now()
    return {state: shown[state] for state in State.values}


def _holds():
    shown = state_counts.shown_now()
    return {hold: shown[hold] for hold in Hold.values}


def _counted(rows):
    return lambda: min(COUNTED_AT_MOST, *counts_up_to(COUNTED_AT_MOST, [rows()]))


def _chunks_waiting():
    return JobChunk.objects.filter(done_at=None, job__in=Job.objects.at_work()).count()


def _oldest_job_seconds():
    """Since when the oldest job that is at work, or waits for it, was last told to go on."""
    oldest = Job.objects.at_work().aggregate(
        since=Min("started_at"), asked=Min("created_at", filter=Q(started_at=None))
    )
    since = min(filter(None, oldest.values()), default=None)
    return (timezone.now() - since).total_seconds() if since else 0


def _waiting_money():
    """Rows of each kind of money that waits for somebody, and the column of its yuan; None where its job has them."""
    placed = Order.objects.placed()
    return {
        "order": (placed.exclude(kind=OrderKind.ADJUSTMENT), "total"),
        "adjustment": (placed.filter(kind=OrderKind.ADJUSTMENT), "total"),
        "unmatched_payment": (UnmatchedPayment.objects.waiting(), "amount"),
        "refund": (Refund.objects.waiting(), None),
        "proposal": (Proposal.objects.waiting(), "amount"),
    }


def _counts_of_money():
    return {kind: rows.count() for kind, (rows, _column) in _waiting_money().items()}


def _yuan_of_money():
    return {kind: _yuan(rows, column) for kind, (rows, column) in _waiting_money().items()}


def _yuan(rows, column):
    if column is None:
        return sum(sum_of_checks(row.job) for row in rows.select_related("job"))
    return rows.order_by().aggregate(yuan=Sum(column, default=Decimal(0)))["yuan"]


def _orders_waiting():
    return {name: count for name, (count, _since) in watching.orders_waiting(timezone.now()).items()}


def _oldest_order_seconds():
    now = timezone.now()
    return {name: (now - since).total_seconds() for name, (_count, since) in watching.orders_waiting(now).items()}


OF_PARTS = (
    Figure("simportal_build_info", "The version that answers.", lambda parts: {__version__: 1}, "version"),
    Figure("simportal_database_up", "Whether the database answers in time.", _fact("database", "ok")),
    Figure("simportal_broker_up", "Whether Redis answers in time; 1 without Redis.", _fact("broker", "ok")),
    Figure("simportal_part_ok", "Whether a part of /readyz?full is well.", _parts, "part"),
    Figure(
        "simportal_heartbeat_age_seconds", "Since when no worker answered the heartbeat.", _fact("tick", "seconds_ago")
    ),
    Figure(
        "simportal_bell_age_seconds", "Since when each bell was not answered.", _fact("bells", "seconds_ago"), "bell"
    ),
    Figure("simportal_swept_day_age_seconds", "How long ago the last day swept was.", _swept_seconds),
    Figure("simportal_sweeps_braked", "Days whose sweep the brake holds.", _length("brake", "days")),
    Figure("simportal_failing_steps", "Steps of days that fail again and again.", _length("steps", "failing")),
    Figure("simportal_jobs_at_work", "Jobs that a worker works on or has to.", _fact("jobs", "waiting")),
    Figure("simportal_jobs_still_seconds", "Since when none of them has made a step.", _fact("jobs", "seconds_still")),
    Figure(
        "simportal_failed_jobs",
        "Jobs that failed in the last 7 days and wait for somebody.",
        _fact("failed_jobs", "count"),
    ),
    Figure("simportal_unserved_orders", "Orders that are paid and not served.", _fact("paid_and_not_served", "count")),
    Figure(
        "simportal_online_money_waiting",
        "How much of money online has waited too long.",
        _online_money,
        "kind",
    ),
    Figure("simportal_proof_problems", "What the last finished proof of a night found.", _fact("proof", "problems")),
    Figure("simportal_disk_free_bytes", "What is free where uploads and exports lie.", _fact("disk", "free_bytes")),
    Figure("simportal_backup_age_seconds", "How old the last finished backup is.", _backup_seconds),
)
OF_ROWS = (
    Figure("simportal_cards", "Cards by state.", _states, "state"),
    Figure("simportal_cards_held", "Suspended cards by the hold that they show.", _holds, "hold"),
    Figure(
        "simportal_cards_due",
        "Cards on which something is due by today.",
        _counted(lambda: Card.objects.due(civil_today())),
    ),
    Figure(
        "simportal_cards_parked", "Cards whose data contradict each other.", _counted(lambda: Card.objects.parked())
    ),
    Figure(
        "simportal_readings_quarantined",
        "Usage readings that wait for somebody.",
        _counted(lambda: QuarantinedReading.objects.waiting()),
    ),
    Figure(
        "simportal_usage_overdue_seconds",
        "How long usage that is kept no longer waits to be deleted.",
        lambda: days_behind() * DAY_SECONDS,
    ),
    Figure("simportal_oldest_job_seconds", "How long ago the oldest job at work was started.", _oldest_job_seconds),
    Figure("simportal_chunks_waiting", "Chunks of jobs at work that are not done.", _chunks_waiting),
    Figure(
        "simportal_money_waiting",
        "How much waits for somebody: orders to be paid, money to be cleared or approved.",
        _counts_of_money,
        "kind",
    ),
    Figure("simportal_money_waiting_yuan", "The same in yuan.", _yuan_of_money, "kind"),
    Figure(
        "simportal_bills_overdue",
        "Bills of payment providers that were wanted a day ago and are not read.",
        lambda: len(bills_overdue()),
    ),
    Figure(
        "simportal_bill_differences",
        "Differences from payment providers that wait for somebody.",
        lines_to_settle,
        "result",
    ),
    Figure("simportal_carrier_account_ok", "Whether a carrier accepts its account.", watching.accounts_used, "account"),
    Figure("simportal_carrier_orders_waiting", "Orders to carriers that are due.", _orders_waiting, "account"),
    Figure(
        "simportal_carrier_oldest_order_seconds", "Since when the first of them is.", _oldest_order_seconds, "account"
    ),
    Figure(
        "simportal_carrier_orders_by_hand",
        "Orders to carriers that somebody has to carry out by hand.",
        watching.orders_by_hand,
    ),
    Figure(
        "simportal_carrier_cards_unknown",
        "Cards of which nobody knows what became of an order.",
        watching.cards_without_outcome,
    ),
    Figure(
        "simportal_carrier_usage_told_percent",
        "Of how many cards in a hundred yesterday's usage was told.",
        lambda: watching.usage_told(civil_today() - timedelta(days=1)),
        "account",
    ),
    Figure(
        "simportal_carrier_differences",
        "Differences from carriers that wait for somebody.",
        watching.differences_waiting,
        "kind",
    ),
)
