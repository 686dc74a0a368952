"""What waits for a second person, as staff read it: what it is, who asked, and what they did alone before."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from billing.actions.lines import sum_of_checks
from billing.actions.second_person import earlier_deeds
from billing.choices import Deed, OrderKind
from billing.models import DoneAlone, MoneyRules, Order, Proposal, Refund
from billing.money import ZERO
from billing.pages.terms_lines import price_label, proposed_price, values_of
from cards.calendar import civil_today
from cards.models import Customer
from cards.pages.frames import CONSOLE
from cards.phrases import listed, pair


@dataclass(frozen=True)
class Waiting:
    """Something that waits: `about` in a few words, `alone` what who asked did alone for this customer before."""

    label: str
    number: str
    url: str
    about: str
    customer: Customer | None
    amount: Decimal
    asked_by: User
    asked_at: datetime
    alone: Decimal

    @property
    def whole(self):
        """What it comes to with what they did alone before."""
        return self.alone + self.amount


def everything_waiting():
    """All that waits for a second person, the oldest of each kind first: what was proposed, refunds, adjustments."""
    proposals = Proposal.objects.waiting().select_related("customer", "asked_by", "receipt").order_by("pk")
    refunds = Refund.objects.waiting().select_related("order__customer", "asked_by", "job").order_by("pk")
    placed = Order.objects.placed().filter(kind=OrderKind.ADJUSTMENT).order_by("pk")
    adjustments = placed.select_related("customer", "created_by")
    alone = _sums_alone()
    return [
        *(_proposal(proposal, alone) for proposal in proposals),
        *(_refund(refund, alone) for refund in refunds),
        *(_adjustment(order, alone) for order in adjustments),
    ]


def about_proposal(proposal):
    """What it is about, in a few words."""
    match proposal.deed:
        case Deed.PRICE:
            return price_label(proposed_price(proposal))
        case Deed.RECEIPT:
            return proposal.after["reference"]
        case Deed.REVERSAL:
            return pair(proposal.receipt.reference, proposal.after["reason"])
        case _:
            return listed(label for label, _before, _after in values_of(proposal.deed, proposal.before, proposal.after))


def earlier_context(by, customer, amount):
    """For _earlier.html: what somebody did alone before, one by one, and what it comes to with this."""
    related = ("order", "refund__order", "receipt", "change")
    earlier = [(deed, *_what(deed)) for deed in earlier_deeds(by, customer).select_related(*related)]
    alone = sum((deed.amount for deed, *_where in earlier), ZERO)
    return {"earlier": earlier, "alone": alone, "whole": alone + amount, "rules": MoneyRules.read()}


def _sums_alone():
    """What each person did alone and counts today, by person and customer."""
    sums = defaultdict(lambda: ZERO)
    counting = DoneAlone.objects.counting(civil_today(), MoneyRules.read().second_person_days)
    for by, customer, amount in counting.values_list("by", "customer", "amount"):
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
    return f"#{deed.change_id}", f"{CONSOLE.money_url('terms')}?after={deed.change_id + 1}"


def _proposal(proposal, alone):
    return Waiting(
        proposal.get_deed_display(),
        str(proposal),
        CONSOLE.money_url("proposal", proposal.pk),
        about_proposal(proposal),
        proposal.customer,
        proposal.amount,
        proposal.asked_by,
        proposal.asked_at,
        alone[proposal.asked_by_id, proposal.customer_id],
    )


def _refund(refund, alone):
    order = refund.order
    return Waiting(
        _("Refund"),
        f"#{refund.pk}",
        CONSOLE.money_url("refund", refund.pk),
        listed([order.number, refund.reason]),
        order.customer,
        sum_of_checks(refund.job),
        refund.asked_by,
        refund.asked_at,
        alone[refund.asked_by_id, order.customer_id],
    )


def _adjustment(order, alone):
    return Waiting(
        order.get_kind_display(),
        order.number,
        CONSOLE.money_url("order", order.pk),
        order.note,
        order.customer,
        order.total,
        order.created_by,
        order.placed_at,
        alone[order.created_by_id, order.customer_id],
    )
