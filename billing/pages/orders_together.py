"""The page of orders that were drafted together: a row for each with what it needs, and what became of them."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.actions.placing import why_not_placed
from billing.actions.shown import terms_by_job
from billing.actions.together import TOGETHER_STEPS
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, Order, OrderLine
from billing.money import LARGEST, ZERO, tax_within
from billing.pages.order_labels import money_badge, state_label
from billing.rules import Shown, digest_of
from cards.models import JobChunk
from cards.pages.badges import Badge
from cards.pages.job_labels import job_badge
from cards.pages.job_outcomes import groups_of_checks
from cards.scope import Scope


@dataclass
class TogetherRow:
    """One order: its cards, those that cannot by reason, what it comes to, the wallet that pays, and what is missing
    there (`short`) once the rows before it are paid. `shown` is what somebody sees of a checked draft.

    `total` is None as long as it is not known.
    """

    order: Order
    account: CustomerAccount
    badge: Badge
    not_placed: MoneyRefused | None
    cards: int = 0
    groups: list = field(default_factory=list)
    unserved: int = 0
    total: Decimal | None = None
    tax: Decimal = ZERO
    short: Decimal = ZERO
    shown: Shown | None = None

    @property
    def can_be_placed(self):
        return self.shown is not None and self.cards > 0 and self.total <= LARGEST

    @property
    def is_open(self):
        """Whether it waits for anything: to be placed, or to be paid."""
        return self.order.is_draft or self.order.is_placed

    @property
    def is_chosen(self):
        """Whether it is meant unless somebody says otherwise."""
        return self.can_be_placed or self.order.is_placed

    @property
    def cannot(self):
        return sum(group.count for group in self.groups)


def together_rows(orders):
    """The rows of these orders, which have their customers and jobs, with as many queries for many as for one."""
    jobs = {order.job_id for order in orders}
    terms = terms_by_job({order.job_id for order in orders if order.is_draft and order.job.is_waiting})
    groups, unserved = groups_of_checks(jobs, MoneyRefused), _unserved(jobs)
    first_lines = OrderLine.objects.filter(order__in=[order.pk for order in orders], number=1)
    rates = dict(first_lines.values_list("order", "tax_rate"))
    accounts = CustomerAccount.objects.in_bulk({order.customer_id for order in orders})
    rows = []
    for order in orders:
        account = accounts.get(order.customer_id) or CustomerAccount(customer=order.customer)
        badge = job_badge(order.job) if order.is_draft and order.job.is_at_work else money_badge(order)
        row = TogetherRow(order, account, badge, why_not_placed(order), unserved=unserved[order.job_id])
        if order.job_id in terms:
            _tell_of_draft(row, terms[order.job_id])
        elif not order.is_draft:
            row.cards, row.total = order.size, order.total
            row.tax = tax_within(order.total, rates.get(order.pk, ZERO))
        if row.total is not None:
            row.groups = groups[order.job_id]
        rows.append(row)
    _tell_what_is_short(rows)
    return rows


def _tell_of_draft(row, terms):
    sold = {each: count for each, count in terms.items() if count}
    row.cards = sum(sold.values())
    row.total = sum((Decimal(each.price) * count for each, count in sold.items()), ZERO)
    row.tax = tax_within(row.total, Decimal(next(iter(terms)).tax_rate)) if terms else ZERO
    row.shown = Shown(row.total, digest_of(terms))


def _tell_what_is_short(rows):
    needed = defaultdict(lambda: ZERO)
    for row in rows:
        if row.is_chosen:
            needed[row.order.customer_id] += row.total
            row.short = min(row.total, max(needed[row.order.customer_id] - row.account.available, ZERO))


def _unserved(jobs):
    """How many cards of a paid order could not be served, by the key of its job."""
    counted = Counter()
    chunks = JobChunk.objects.filter(job__in=jobs, done_at__isnull=False)
    for pk, counts in chunks.values_list("job", "result__counts"):
        counted[pk] += (counts or {}).get("refused", 0) + (counts or {}).get("parked", 0)
    return counted


def together_sums(rows):
    """What the rows come to that are not over: cards, money, and what is short."""
    counted = [row for row in rows if row.total is not None and not row.order.is_over]
    return {
        "cards": sum(row.cards for row in counted),
        "total": sum((row.total for row in counted), ZERO),
        "short": sum((row.short for row in counted), ZERO),
    }


def together_steps(rows, user):
    """The steps that this person may take on some of these rows."""
    acts_for = Scope.of(user).acts_for
    own = [row for row in rows if acts_for is None or row.order.customer_id in acts_for]
    to_place, placed = [row for row in own if row.can_be_placed], [row for row in own if row.order.is_placed]
    open_to = {"place-and-pay": to_place, "place": to_place, "pay": placed, "discard": [r for r in own if r.is_open]}
    steps = {name for name, step in TOGETHER_STEPS.items() if any(step.may(user, row.order) for row in open_to[name])}
    return steps - {"pay"} if "place-and-pay" in steps else steps


def tell_of_answers(request, step, answers, gone):
    """Say what became of the orders, those that are alike together, and of each that was refused why.

    `gone` of those that were chosen are not there any more.
    """
    changed, left, before = Counter(), 0, 0
    for answer in answers:
        if answer.now is None:
            left += 1
        elif not answer.is_as_before:
            changed[state_label(answer.now)] += 1
        elif not answer.refused:
            before += 1
    discarded, gone = (left, gone) if step == "discard" else (0, gone + left)
    for state, count in changed.items():
        said = ngettext("{state}: {count} order.", "{state}: {count} orders.", count)
        messages.success(request, said.format(state=state, count=count))
    if discarded:
        said = ngettext("{count} draft was discarded.", "{count} drafts were discarded.", discarded)
        messages.success(request, said.format(count=discarded))
    if before:
        said = ngettext(
            "{count} order is as it was: there was nothing left to do.",
            "{count} orders are as they were: there was nothing left to do.",
            before,
        )
        messages.info(request, said.format(count=before))
    if gone:
        said = ngettext(
            "{count} draft is no longer there: it has been discarded.",
            "{count} drafts are no longer there: they have been discarded.",
            gone,
        )
        messages.warning(request, said.format(count=gone))
    for answer in answers:
        if answer.refused:
            said = _("{customer}, order {number}: {why}")
            told = {"customer": answer.order.customer, "number": answer.order.number, "why": answer.refused}
            messages.error(request, said.format(**told))
