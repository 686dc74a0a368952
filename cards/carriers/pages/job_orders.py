"""The orders that came of a job: how many are how far, and which they are."""

from dataclasses import dataclass

from django.utils.translation import pgettext

from cards.carriers.choices import CommandState, told_words
from cards.carriers.lookup import counts_of_job, orders_of_job
from cards.carriers.models import Command
from cards.carriers.pages.order_labels import order_badge, order_label
from cards.pages.badges import Badge
from cards.paging import NEWEST, ROWS_PER_PAGE, page_of


@dataclass(frozen=True)
class StateOfOrders:
    """A state that orders of a job are in, and how many."""

    state: str
    badge: Badge
    count: int
    is_on_its_way: bool


@dataclass(frozen=True)
class OrdersTab:
    """Orders that are shown together: those on their way, whose `code` is blank, or those of one state."""

    code: str
    label: str
    count: int
    is_current: bool = False


@dataclass(frozen=True)
class OrderOfJob:
    command: Command
    label: str
    badge: Badge
    words: str


def job_told(job):
    """How many of the job's orders are how far, in the order of the states; mostly none."""
    counts = counts_of_job(job)
    return [
        StateOfOrders(state, order_badge(state), counts[state], Command(state=state).is_on_its_way)
        for state in CommandState
        if state in counts
    ]


def tabs_of_orders(job, asked):
    """The tabs of a job's orders; the current one is that asked for, or the first where there is no such."""
    states = job_told(job)
    waiting = sum(each.count for each in states if each.is_on_its_way)
    tabs = [("", pgettext("orders", "On their way"), waiting)] if waiting else []
    tabs += [(each.state, each.badge.label, each.count) for each in states if not each.is_on_its_way]
    codes = [code for code, _label, _count in tabs]
    current = asked if asked in codes else next(iter(codes), "")
    return [OrdersTab(*tab, is_current=tab[0] == current) for tab in tabs], current


def orders_page_of_job(job, code, after):
    """(rows, where the next page begins) of the orders of a tab, the newest first."""
    orders = orders_of_job(job, code).select_related("card", "account")
    page = page_of(orders, ROWS_PER_PAGE, after, order=NEWEST)
    return [_row_of(command) for command in page.rows], page.after


def _row_of(command):
    words = " ".join(filter(None, (command.code, told_words(command.text))))
    return OrderOfJob(command, order_label(command.aspect, command.goal), order_badge(command.state), words)
