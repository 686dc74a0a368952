"""What waits for a second person, as staff read it: what it is, who asked, and what they did alone before."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from billing.actions.lines import sum_of_checks
from billing.actions.second_person import earlier_deeds
from billing.choices import Deed, OrderKind, WithdrawalWay
from billing.models import DoneAlone, MoneyRules, Order, Proposal, Refund
from billing.money import ZERO, yuan
from billing.pages.terms_lines import price_label, proposed_prices, values_of
from billing.permissions import DECIDED_WITH, may_decide
from cards.actions.cancelling import cancelled_alone, expired_since, waiting_for_release
from cards.calendar import civil_today
from cards.models import Customer, JobChunk
from cards.pages.downloads import instant_cell
from cards.pages.frames import CONSOLE
from cards.paging import counts_up_to
from cards.phrases import listed, pair
from cards.state_counts import COUNTED

EXPIRED_SHOWN_DAYS = 30
EXPIRED_TOLD_DAYS = 7


@dataclass(frozen=True)
class Waiting:
    """Something that waits, or waited in vain until `ended_at`: money, or cards to be cancelled.

    `about` is what it is in a few words, `alone` what who asked did alone before.
    """

    deed: Deed
    number: str
    url: str
    about: str
    customer: Customer | None
    size: Decimal | int
    asked_by: User
    asked_at: datetime
    alone: Decimal | int = 0
    ended_at: datetime | None = None

    @property
    def is_of_cards(self):
        return self.deed == Deed.CANCELLING

    @property
    def size_text(self):
        return self._text(self.size)

    @property
    def whole_text(self):
        """What it comes to with what they did alone before."""
        return self._text(self.alone + abs(self.size))

    def _text(self, size):
        if self.is_of_cards:
            return ngettext("{count} card", "{count} cards", size).format(count=f"{size:,}")
        return yuan(size)


APPROVAL_COLUMNS = (
    (pgettext_lazy("approval", "Request"), lambda each: f"{each.deed.label} {each.number}"),
    (gettext_lazy("Details"), lambda each: each.about),
    (gettext_lazy("Customer"), lambda each: str(each.customer or "")),
    (pgettext_lazy("money", "Amount"), lambda each: None if each.is_of_cards else each.size),
    (pgettext_lazy("count", "Cards"), lambda each: each.size if each.is_of_cards else None),
    (gettext_lazy("Requested by"), lambda each: each.asked_by.get_username()),
    (gettext_lazy("Waiting since"), lambda each: instant_cell(each.asked_at)),
    (gettext_lazy("Expired at"), lambda each: instant_cell(each.ended_at)),
)


def everything_waiting(user=None):
    """All that waits for a second person: what was proposed, refunds, adjustments, cards to be cancelled; or of that
    what one person may decide."""
    return _listed(decided_by(user) if user else _waiting(), _sums_alone())


def everything_expired(user=None):
    """All that nobody approved or declined in time in the last weeks; or what one person is told of that."""
    return _listed(_told_as_expired(user) if user else _expired(EXPIRED_SHOWN_DAYS), defaultdict(lambda: ZERO))


def decided_by(user):
    """What waits that this person may decide, as querysets; nobody decides what they asked for."""
    return [rows.filter(may).exclude(**{asked_by: user}) for rows, asked_by, may in _decided_by(user, _waiting())]


def told_as_expired(user):
    """How much has expired lately that this person asked for, or could have decided."""
    return sum(counts_up_to(COUNTED, _told_as_expired(user)))


def about_proposal(proposal, price):
    """What it is about, in a few words; `price` is the one that it would set, if it would."""
    match proposal.deed:
        case Deed.PRICE:
            return price_label(price)
        case Deed.RECEIPT | Deed.CLEARING:
            return proposal.after["reference"]
        case Deed.WITHDRAWAL:
            return WithdrawalWay(proposal.after["way"]).label
        case Deed.MERGE:
            return f"→ {proposal.after['name']}"
        case Deed.CHARGEBACK:
            return pair(proposal.after["reference"], proposal.after["reason"])
        case Deed.REVERSAL:
            return pair(proposal.receipt.reference, proposal.after["reason"])
        case _:
            return listed(label for label, _before, _after in values_of(proposal.deed, proposal.before, proposal.after))


def earlier_context(by, customer, amount):
    """For _earlier.html: what somebody did alone before, one by one, and what it comes to with this."""
    related = ("order", "refund__order", "receipt", "unmatched", "chargeback", "change")
    earlier = [(deed, *_what(deed)) for deed in earlier_deeds(by, customer).select_related(*related)]
    alone = sum((deed.amount for deed, *_where in earlier), ZERO)
    return {"earlier": earlier, "alone": alone, "whole": alone + amount, "rules": MoneyRules.read()}


def _waiting():
    """Proposals, refunds, adjustments and jobs that wait for a second person."""
    return (
        Proposal.objects.waiting(),
        Refund.objects.waiting(),
        Order.objects.placed().filter(kind=OrderKind.ADJUSTMENT),
        waiting_for_release(),
    )


def _expired(days):
    """The same, of what nobody decided in time in the last `days` days."""
    since = timezone.now() - timedelta(days=days)
    return (
        Proposal.objects.expired_since(since),
        Refund.objects.expired_since(since),
        Order.objects.expired_since(since).filter(kind=OrderKind.ADJUSTMENT),
        expired_since(since),
    )


def _told_as_expired(user):
    expired = _expired(EXPIRED_TOLD_DAYS)
    return [rows.filter(may | Q(**{asked_by: user})) for rows, asked_by, may in _decided_by(user, expired)]


def _decided_by(user, kinds):
    """(rows, who asked for them, which of them this person may decide) of proposals, refunds, adjustments and jobs."""
    decided = [deed for deed in DECIDED_WITH if may_decide(user, deed)]
    proposals, *others = kinds
    yield proposals, "asked_by", Q(deed__in=decided)
    asked_by = {Deed.REFUND: "asked_by", Deed.ADJUSTMENT: "created_by", Deed.CANCELLING: "owner"}
    for rows, (deed, who) in zip(others, asked_by.items(), strict=True):
        yield rows, who, Q(pk__isnull=deed not in decided)


def _sums_alone():
    """What each person did alone and counts today, by person and customer, or who that was merged into."""
    sums = defaultdict(lambda: ZERO)
    counting = DoneAlone.objects.counting(civil_today(), MoneyRules.read().second_person_days)
    whose = Coalesce("customer__merged_into", "customer")
    for by, customer, amount in counting.values_list("by", whose, "amount"):
        sums[by, customer] += amount
    return sums


def _what(deed):
    """What was done, and the address of its page."""
    if deed.refund:
        return deed.refund.order.number, CONSOLE.money_url("refund", deed.refund_id)
    if deed.order:
        return deed.order.number, CONSOLE.money_url("order", deed.order_id)
    if deed.receipt:
        return deed.receipt.reference, CONSOLE.money_url("receipt", deed.receipt_id)
    if deed.unmatched:
        return deed.unmatched.reference, CONSOLE.money_url("unmatched", deed.unmatched_id)
    if deed.chargeback:
        return deed.chargeback.reference, CONSOLE.money_url("payment", deed.chargeback.payment_id)
    return f"#{deed.change_id}", f"{CONSOLE.money_url('terms')}?after={deed.change_id + 1}"


def _listed(kinds, alone):
    """Proposals, refunds, adjustments and jobs as they are listed; `alone` is what who asked did alone before."""
    proposals, refunds, adjustments, jobs = kinds
    return [
        *_proposals(proposals, alone),
        *_refunds(refunds, alone),
        *_adjustments(adjustments, alone),
        *_cancellations(jobs),
    ]


def _proposals(proposals, alone):
    proposals = list(proposals.select_related("customer", "asked_by", "receipt").order_by("pk"))
    prices = proposed_prices(proposals)
    for each in proposals:
        yield Waiting(
            Deed(each.deed),
            str(each),
            CONSOLE.money_url("proposal", each.pk),
            about_proposal(each, prices.get(each.pk)),
            each.customer,
            each.amount,
            each.asked_by,
            each.asked_at,
            alone[each.asked_by_id, each.customer_id],
            each.decided_at,
        )


def _refunds(refunds, alone):
    for each in refunds.select_related("order__customer", "asked_by", "job").order_by("pk"):
        yield Waiting(
            Deed.REFUND,
            f"#{each.pk}",
            CONSOLE.money_url("refund", each.pk),
            listed([each.order.number, each.reason]),
            each.order.customer,
            sum_of_checks(each.job),
            each.asked_by,
            each.asked_at,
            alone[each.asked_by_id, each.order.customer_id],
            each.decided_at,
        )


def _adjustments(orders, alone):
    for each in orders.select_related("customer", "created_by").order_by("pk"):
        yield Waiting(
            Deed.ADJUSTMENT,
            each.number,
            CONSOLE.money_url("order", each.pk),
            each.note,
            each.customer,
            each.total,
            each.created_by,
            each.placed_at,
            alone[each.created_by_id, each.customer_id],
            each.ended_at,
        )


def _cancellations(jobs):
    jobs = list(jobs.select_related("owner"))
    cards = defaultdict(int)
    chunks = JobChunk.objects.filter(job__in=jobs)
    for job_id, can in chunks.values_list("job", "check_result__counts__can"):
        cards[job_id] += can or 0
    alone = {owner: cancelled_alone(owner) for owner in {job.owner for job in jobs}}
    for job in jobs:
        yield Waiting(
            Deed.CANCELLING,
            f"#{job.pk}",
            CONSOLE.url("job", job.pk),
            job.reason,
            None,
            cards[job.pk],
            job.owner,
            job.created_at,
            alone[job.owner],
            job.finished_at,
        )
