"""How orders are labelled: badges, what follows for cards, and the steps that somebody may take."""

from collections import Counter
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.actions.shown import terms_checked
from billing.choices import (
    ClearingState,
    LineState,
    OrderState,
    PayerRefundState,
    PaymentState,
    ProposalState,
    RefundState,
)
from cards.models import Plan
from cards.pages.badges import Badge
from cards.pages.job_labels import job_badge

ORDER_TONES = {
    OrderState.PLACED: "warning",
    OrderState.PAID: "info",
    OrderState.FULFILLED: "good",
    OrderState.REFUNDED: "bad",
    LineState.FULFILLED: "good",
    RefundState.REQUESTED: "warning",
    RefundState.APPROVED: "info",
    RefundState.DONE: "good",
    ProposalState.APPROVED: "good",
    ProposalState.EXPIRED: "bad",
    PaymentState.STARTED: "warning",
    PayerRefundState.FAILED: "bad",
    ClearingState.WAITING: "warning",
    ClearingState.ASSIGNED: "good",
    PayerRefundState.SENT: "info",
    PayerRefundState.FAILED: "bad",
    PayerRefundState.BY_BANK: "good",
}
EFFECTS = {
    "works_again": gettext_lazy("work again immediately"),
    "still_stopped": gettext_lazy("get the service but stay suspended for other reasons"),
    "queues": gettext_lazy("get a new term that starts after the current one"),
    "queues_again": gettext_lazy("get one more term, after the ones that are queued or ordered already"),
    "adds": gettext_lazy("keep working as before"),
}


def money_badge(thing):
    """The state of an order, a line, a refund, an approval, an online payment or money to be cleared."""
    return Badge(thing.get_state_display(), ORDER_TONES.get(thing.state, ""))


def state_label(order):
    """The state of an order after a step; while it is being placed, that of the work on it."""
    return job_badge(order.job).label if order.is_being_placed else order.get_state_display()


def step_taken(before, now):
    """What became of an order by a step, in a sentence; of a draft that was discarded nothing is left (None)."""
    if now is None:
        return _("The draft {number} of {customer} was discarded.").format(number=before, customer=before.customer)
    said = _("Order {number} of {customer}: {state}.")
    return said.format(number=now, customer=before.customer, state=state_label(now))


def effects_of(job):
    """(how many cards, what follows for them), by what follows, from what the check of a draft said."""
    counts = dict.fromkeys(EFFECTS, 0)
    for effects in job.chunks.values_list("check_result__effects", flat=True):
        for code, count in (effects or {}).items():
            counts[code] += count
    return [(counts[code], EFFECTS[code]) for code in EFFECTS if counts[code]]


def prices_of(job):
    """(plan, price, cards, sum) of what a draft's check said that is sold, the most frequent first; no plan: a card."""
    cards = Counter()
    for terms, count in terms_checked(job).items():
        if count:
            cards[terms.plan, Decimal(terms.price)] += count
    plans = Plan.objects.in_bulk({code for code, _price in cards}, field_name="code")
    rows = [(plans.get(code), price, count, price * count) for (code, price), count in cards.items()]
    return sorted(rows, key=lambda row: -row[2])
