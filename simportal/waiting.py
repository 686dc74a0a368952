"""What waits for a person, each thing said once: who sees to it, which rows it is, and where it is listed.

The menu counts it beside its links, and the dashboard has its tiles: each for whoever looks, and never for others.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.bills.models import BillLine
from billing.models import CustomerAccount, Order, PayerRefund, UnmatchedPayment, Withdrawal
from billing.not_paid import not_paid
from billing.pages.approval_lines import decided_by
from billing.permissions import orders_waiting_for
from cards.actions.jobs.control import jobs_waiting_for
from cards.actions.sweep import braked_days
from cards.carriers.choices import LineStep
from cards.carriers.lookup import WITHOUT_OUTCOME
from cards.carriers.models import Drift, Line
from cards.models import Card, CardRequest, QuarantinedReading
from cards.paging import CountUpTo, count_label, counted_together
from cards.state_counts import COUNTED

MOST_IN_MENU = 99
PERSONS_REMEMBERED = 1_000

_of_persons: dict = {}  # the statements of `_counts_for_one`


@dataclass(frozen=True)
class Waits:
    """Something that waits for whoever has the permission `asks`, at a link of the menu (`at`) or at none.

    `rows()` is a queryset of what waits, the same for everybody and on any day; or with `is_personal`, `rows(user)` are
    querysets of what waits for them, the same all day and for as long as they may do the same. What is too dear to
    count for each visitor is `kept`, under this name, with the figures of the fleet. What is a tile too has a title,
    and is listed at `url`.
    """

    at: str
    asks: str
    rows: Callable
    title: str | Promise = ""
    page: str = ""
    query: str = ""
    is_urgent: bool = True
    is_personal: bool = False
    kept: str = ""

    @property
    def url(self):
        return reverse(self.page or self.at) + self.query

    def counts(self, user, most):
        """How many wait for this person, in parts, each up to `most` + 1."""
        return _counts_for_one(self.rows, user, most) if self.is_personal else [_count_for_all(self.rows, most)]

    def is_for(self, user):
        return user.has_perm(self.asks)


@dataclass(frozen=True)
class WaitingTile:
    """How many wait, and where, as a `Queue` of the cards says it; `as_of` which instant, unless it is now."""

    title: str
    count: int
    url: str
    is_urgent: bool
    as_of: datetime | None = None

    @property
    def count_label(self):
        return count_label(self.count, COUNTED)

    @property
    def tone(self):
        if not self.count:
            return "is-none"
        return "is-urgent" if self.is_urgent else ""


@cache
def _count_for_all(rows, most):
    """Every page of the console shows the menu: to write these statements anew took a quarter of its time."""
    return CountUpTo.of(rows(), most)


def _counts_for_one(rows, user, most):
    """The same for what is personal: it depends on who looks, on what they may, and on the day."""
    may = None if user.is_superuser else frozenset(user.get_all_permissions())  # who may do all is not asked for each
    key = (rows, user.pk, user.is_superuser, may, timezone.localdate(), most)
    counts = _of_persons.get(key)
    if counts is None:
        counts = [CountUpTo.of(waiting, most) for waiting in rows(user)]
        if len(_of_persons) >= PERSONS_REMEMBERED:
            _of_persons.clear()
        _of_persons[key] = counts
    return counts


WAITS = {
    "requests": Waits(
        "console:requests", "cards.answer_cardrequest", CardRequest.objects.waiting, _("Requests to answer")
    ),
    "jobs": Waits(
        "console:job-list",
        "cards.view_job",
        lambda user: jobs_waiting_for(user).values(),
        query="?waits=any",
        is_personal=True,
    ),
    "real_name": Waits("console:queues", "cards.approve_real_name_card", Card.objects.waiting_for_real_name),
    "parked": Waits("console:queues", "cards.unpark_card", Card.objects.parked),
    "quarantine": Waits("console:queues", "cards.decide_quarantinedreading", QuarantinedReading.objects.waiting),
    "braked": Waits("console:sweep", "cards.sweep_card", braked_days),
    "drift": Waits(
        "carriers:accounts",
        "carriers.decide_drift",
        Drift.objects.open,
        _("Differences from the carriers"),
        "carriers:drift",
    ),
    "no_outcome": Waits(
        "carriers:accounts",
        "carriers.decide_drift",
        lambda: Line.objects.filter(WITHOUT_OUTCOME),
        _("Orders without an outcome"),
        "console:card-list",
        f"?step={LineStep.UNKNOWN}",
    ),
    "orders_of_menu": Waits(
        "money:order-list",
        "billing.view_order",
        lambda user: [orders_waiting_for(user)],
        query="?waits=any",
        is_personal=True,
    ),
    "orders": Waits(
        "",
        "billing.pay_order",
        Order.objects.to_pay,
        _("Orders to pay"),
        "money:order-list",
        "?to_pay=1",
        is_urgent=False,
    ),
    "stuck_orders": Waits(
        "",
        "billing.place_order",
        Order.objects.stuck,
        _("Orders that could not be completed"),
        "money:order-list",
        "?stuck=1",
    ),
    "unmatched": Waits(
        "money:unmatched-list",
        "billing.add_receipt",
        UnmatchedPayment.objects.waiting,
        _("Payments to clear"),
    ),
    "bills": Waits(
        "bills:bills",
        "bills.settle_bill",
        BillLine.objects.open,
        _("Differences from payment providers"),
        "bills:queue",
    ),
    "payer_refunds": Waits(
        "money:payer-refund-list",
        "billing.settle_payerrefund",
        PayerRefund.objects.failed,
        _("Failed refunds to payers"),
        query="?show=failed",
    ),
    "withdrawals": Waits(
        "money:withdrawal-list",
        "billing.pay_withdrawal",
        Withdrawal.objects.to_transfer,
        _("Withdrawals to transfer"),
    ),
    "not_paid": Waits(
        "",
        "billing.pay_order",
        not_paid,
        _("Openings not paid"),
        "money:not-paid",
        is_urgent=False,
        kept="not_paid",
    ),
    "owing": Waits(
        "",
        "billing.change_customeraccount",
        lambda: CustomerAccount.objects.filter(balance__lt=0),
        _("Customers with a negative balance"),
        "money:customer-list",
        "?owes=1",
        is_urgent=False,
    ),
    "approvals": Waits("money:approvals", "billing.view_proposal", decided_by, query="?mine=1", is_personal=True),
}


def waiting_in_menu(user):
    """How many things wait for this person at each link of the menu, up to one more than it says: one statement."""
    waits = [each for each in WAITS.values() if each.at and each.is_for(user)]
    counts = Counter()
    for each, count in zip(waits, _counted(waits, user, MOST_IN_MENU), strict=True):
        counts[each.at] += count
    return counts


def waiting_at(user, at):
    """Where what waits for this person at a link of the menu is listed: the page of the link, if that is several
    things."""
    urls = {each.url for each in WAITS.values() if each.at == at and each.is_for(user)}
    return urls.pop() if len(urls) == 1 else reverse(at)


def waiting_tiles(user, names, snapshot=None):
    """Tiles of these things, of those that are for this person; `snapshot` has the counts that are kept."""
    shown = [WAITS[name] for name in names if WAITS[name].is_for(user)]
    counts = iter(_counted([each for each in shown if not each.kept], user, COUNTED))
    return [
        WaitingTile(each.title, snapshot.brought[each.kept], each.url, each.is_urgent, snapshot.brought_as_of)
        if each.kept
        else WaitingTile(each.title, next(counts), each.url, each.is_urgent)
        for each in shown
    ]


def _counted(waits, user, most):
    """How many of each of these wait for this person, each part up to `most` + 1: one statement."""
    parts = [each.counts(user, most) for each in waits]
    numbers = iter(counted_together([count for counts in parts for count in counts]))
    return [sum(next(numbers) for _count in counts) for counts in parts]
