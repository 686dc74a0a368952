"""What waits for a person, each thing said once: who sees to it, which rows it is, and where it is listed.

The menu counts it beside its links, and the dashboard has its tiles: each for whoever looks, and never for others.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.bills.models import BillLine
from billing.models import CustomerAccount, Order, PayerRefund, UnmatchedPayment, Withdrawal
from billing.not_paid import not_paid
from billing.pages.approval_lines import decided_by
from cards.actions.jobs.control import permitted_jobs
from cards.actions.sweep import braked_days
from cards.calendar import civil_today
from cards.carriers.choices import LineStep
from cards.carriers.lookup import WITHOUT_OUTCOME
from cards.carriers.models import Drift, Line
from cards.models import Card, CardRequest, Job, QuarantinedReading
from cards.pages.queues import failed_jobs
from cards.paging import count_label, counts_up_to
from cards.quick import QUICK
from cards.state_counts import COUNTED

MOST_IN_MENU = 99


@dataclass(frozen=True)
class Waits:
    """Something that waits for whoever has the permission `asks`, at a link of the menu (`at`) or at none.

    `rows(user)` are querysets of what waits for them. What is a tile too has a title, and is listed at `url`.
    """

    at: str
    asks: str
    rows: Callable
    title: str | Promise = ""
    page: str = ""
    query: str = ""
    is_urgent: bool = True

    @property
    def url(self):
        return reverse(self.page or self.at) + self.query

    def is_for(self, user):
        return user.has_perm(self.asks)


@dataclass(frozen=True)
class WaitingTile:
    """How many wait, and where, as a `Queue` of the cards says it."""

    title: str
    count: int
    url: str
    is_urgent: bool

    @property
    def count_label(self):
        return count_label(self.count, COUNTED)

    @property
    def tone(self):
        if not self.count:
            return "is-none"
        return "is-urgent" if self.is_urgent else ""


def _quick(code):
    return lambda _user: [QUICK[code].cards(Card.objects.all(), civil_today())]


def _jobs(user):
    """Jobs that wait for a person who may go on with them, and those that failed lately and that nobody followed up."""
    may, failed = permitted_jobs(user), failed_jobs().filter(followed_by=None)
    return [Job.objects.waiting_for_people().filter(may), failed.filter(may)]


WAITS = {
    "requests": Waits("console:requests", "cards.answer_cardrequest", lambda _user: [CardRequest.objects.waiting()]),
    "jobs": Waits("console:job-list", "cards.view_job", _jobs),
    "real_name": Waits("console:queues", "cards.approve_real_name_card", _quick("real_name")),
    "parked": Waits("console:queues", "cards.unpark_card", _quick("parked")),
    "quarantine": Waits(
        "console:queues", "cards.decide_quarantinedreading", lambda _user: [QuarantinedReading.objects.waiting()]
    ),
    "braked": Waits("console:sweep", "cards.sweep_card", lambda _user: [braked_days()]),
    "drift": Waits(
        "carriers:accounts",
        "carriers.decide_drift",
        lambda _user: [Drift.objects.open()],
        _("Differences from the carriers"),
        "carriers:drift",
    ),
    "no_outcome": Waits(
        "carriers:accounts",
        "carriers.decide_drift",
        lambda _user: [Line.objects.filter(WITHOUT_OUTCOME)],
        _("Orders without an outcome"),
        "console:card-list",
        f"?step={LineStep.UNKNOWN}",
    ),
    "orders": Waits(
        "money:order-list",
        "billing.pay_order",
        lambda _user: [Order.objects.to_pay()],
        _("Orders to pay"),
        query="?to_pay=1",
        is_urgent=False,
    ),
    "stuck_orders": Waits(
        "money:order-list",
        "billing.place_order",
        lambda _user: [Order.objects.stuck()],
        _("Orders that could not be completed"),
        query="?stuck=1",
    ),
    "unmatched": Waits(
        "money:unmatched-list",
        "billing.add_receipt",
        lambda _user: [UnmatchedPayment.objects.waiting()],
        _("Payments to clear"),
    ),
    "bills": Waits(
        "bills:bills",
        "bills.settle_bill",
        lambda _user: [BillLine.objects.open()],
        _("Differences from payment providers"),
        "bills:queue",
    ),
    "payer_refunds": Waits(
        "money:payer-refund-list",
        "billing.settle_payerrefund",
        lambda _user: [PayerRefund.objects.failed()],
        _("Failed refunds to payers"),
        query="?show=failed",
    ),
    "withdrawals": Waits(
        "money:withdrawal-list",
        "billing.pay_withdrawal",
        lambda _user: [Withdrawal.objects.to_transfer()],
        _("Withdrawals to transfer"),
    ),
    "not_paid": Waits(
        "",
        "billing.pay_order",
        lambda _user: [not_paid()],
        _("Openings not paid"),
        "money:not-paid",
        is_urgent=False,
    ),
    "owing": Waits(
        "",
        "billing.change_customeraccount",
        lambda _user: [CustomerAccount.objects.filter(balance__lt=0)],
        _("Customers with a negative balance"),
        "money:customer-list",
        "?owes=1",
        is_urgent=False,
    ),
    "approvals": Waits("money:approvals", "billing.view_proposal", decided_by),
}


def waiting_in_menu(user):
    """How many things wait for this person at each link of the menu, up to one more than it says: one statement."""
    waits = [(each.at, rows) for each in WAITS.values() if each.at and each.is_for(user) for rows in each.rows(user)]
    counts = Counter()
    for (at, _rows), count in zip(waits, counts_up_to(MOST_IN_MENU, [rows for _at, rows in waits]), strict=True):
        counts[at] += count
    return counts


def waiting_tiles(user, names):
    """Tiles of these things, of those that are for this person."""
    shown = [WAITS[name] for name in names if WAITS[name].is_for(user)]
    rows = [each.rows(user) for each in shown]
    counts = iter(counts_up_to(COUNTED, [queryset for querysets in rows for queryset in querysets]))
    return [
        WaitingTile(each.title, sum(next(counts) for _queryset in querysets), each.url, each.is_urgent)
        for each, querysets in zip(shown, rows, strict=True)
    ]
