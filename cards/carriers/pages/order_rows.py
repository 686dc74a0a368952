"""The orders of a card from the wish to the end, each with the calls that were made about it."""

from dataclasses import dataclass

from django.db.models import Prefetch

from cards.carriers.choices import CallKind, CallResult
from cards.carriers.lookup import orders_about
from cards.carriers.models import Attempt, Command
from cards.carriers.pages.order_labels import order_badge, order_label
from cards.pages.badges import Badge
from cards.paging import NEWEST, TALL_ROWS_PER_PAGE, page_of

CALL_TONES = {
    CallResult.ACCEPTED: "good",
    CallResult.ALREADY_SO: "good",
    CallResult.SEEN: "info",
    CallResult.REFUSED: "bad",
    CallResult.ACCOUNT_FAULT: "bad",
    CallResult.MISSING: "bad",
    CallResult.BUSY: "warning",
    CallResult.UNKNOWN: "warning",
}


@dataclass(frozen=True)
class CallRow:
    """A call: for what, and what was made of the answer."""

    call: Attempt
    kind: str
    badge: Badge


@dataclass(frozen=True)
class OrderRow:
    command: Command
    label: str
    badge: Badge
    calls: list


def order_page_of(card, after):
    """(rows, where the next page begins) of the card's orders, the newest first."""
    calls = Prefetch("calls", Attempt.objects.order_by("pk"))
    orders = orders_about(card).select_related("account", "job", "by", "released_by").prefetch_related(calls)
    page = page_of(orders, TALL_ROWS_PER_PAGE, after, order=NEWEST)
    return [_row(command) for command in page.rows], page.after


def _row(command):
    calls = [
        CallRow(call, CallKind(call.kind).label, Badge(CallResult(call.result).label, CALL_TONES[call.result]))
        for call in command.calls.all()
    ]
    return OrderRow(command, order_label(command.aspect, command.goal), order_badge(command.state), calls)
