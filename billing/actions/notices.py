"""Notices to customers: rows, once for each thing, card, day that it is about, and step.

An occasion finds its cards anew each time and leaves out those that have their notice. The step is the narrowest window
in which the day lies. A renewal that is on order and not paid keeps no card from being told of: it may never be paid.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Value, When

from billing.actions import reminders, renewals_ahead
from billing.actions.looks import AT_ALL
from billing.actions.wallets_below import low_wallets
from billing.choices import NoticeKind
from billing.models import CustomerAccount, Notice
from cards.actions.events import take_number
from cards.actions.write import chunked
from cards.models import Card

NOTICES_PER_STATEMENT = 2_000
WINDOWS = (1, 7, 30)  # days ahead
FURTHEST = WINDOWS[-1]


@dataclass(frozen=True)
class Occasion:
    """What cards give cause for: `cards(today)` are those, `on` is the column with the day that it is about.

    `step(today)` says how near it is; each step gives one notice.
    """

    kind: NoticeKind
    cards: Callable
    on: str
    step: Callable


def gather(today, look=AT_ALL):
    """Write the notices that are due as of today, except those of kinds that the customer has muted.

    Of cards, only of those that are looked at.
    """
    muted = defaultdict(list)
    for customer_id, kinds in CustomerAccount.objects.exclude(muted=[]).values_list("pk", "muted"):
        for kind in kinds:
            muted[kind].append(customer_id)
    _gather_of_cards(today, look, muted)
    low = [
        Notice(
            kind=NoticeKind.WALLET_LOW,
            customer_id=account.pk,
            on=account.since,
            facts={"balance": str(account.balance), "low_below": str(account.low_below)},
        )
        for account in _low_wallets(muted[NoticeKind.WALLET_LOW])
    ]
    _write(low)
    reminders.remind(today, muted)


def _gather_of_cards(today, look, muted):
    for occasion in OCCASIONS:
        is_by_usage = occasion.kind == NoticeKind.ALLOWANCE and look.at_usage
        if not (is_by_usage or look.is_at_cards):
            continue
        cards = occasion.cards(today) if is_by_usage else look.among(occasion.cards(today))
        # Asked for part by part, each part would look again at all that were told before it.
        for found in chunked(_unsent(occasion, cards, today, muted[occasion.kind]), NOTICES_PER_STATEMENT):
            due = [
                Notice(kind=occasion.kind, customer_id=customer_id, card_id=card_id, on=on, step=step)
                for customer_id, card_id, on, step in found
            ]
            _write(due)
    if look.is_at_cards:
        renewals_ahead.tell_changed_prices(today, muted[NoticeKind.PRICE_CHANGED], look)
        renewals_ahead.announce(today, muted[NoticeKind.RENEWING], look)


def _write(notices):
    """What somebody else wrote at the same moment is there already."""
    if not notices:
        return
    with transaction.atomic():
        take_number()  # programs are told of them in the order of their keys
        Notice.objects.bulk_create(notices, ignore_conflicts=True)


def _unsent(occasion, cards, today, muted):
    """(customer, card, day, step) of the notices not written yet; cards in stock have no customer to notify."""
    cards = cards.exclude(customer=None).exclude(customer__among=muted)
    sent = Notice.objects.filter(
        kind=occasion.kind,
        customer=OuterRef("customer"),
        card=OuterRef("pk"),
        on=OuterRef(occasion.on),
        step=OuterRef("step"),
    )
    unsent = cards.annotate(step=occasion.step(today)).exclude(Exists(sent))
    return unsent.values_list("customer", "pk", occasion.on, "step")


def _window(column):
    """The fewest days of `WINDOWS` within which the day in this column lies."""

    def step(today):
        within = {days: {f"{column}__lte": today + timedelta(days=days)} for days in WINDOWS}
        return Case(*[When(**condition, then=Value(days)) for days, condition in within.items()])

    return step


def _expiring(today):
    return Card.objects.ending(today, FURTHEST, also_ordered=True)


def _cancelling(today):
    return Card.objects.cancelling(today, FURTHEST, also_ordered=True).filter(cancel_on__gt=today)


def _forcing(today):
    return Card.objects.forced_in(today + timedelta(days=1), today + timedelta(days=FURTHEST + 1))


OCCASIONS = (
    Occasion(NoticeKind.EXPIRING, _expiring, "service_until", _window("service_until")),
    Occasion(NoticeKind.CANCELLING, _cancelling, "cancel_on", _window("cancel_on")),
    Occasion(NoticeKind.FORCING, _forcing, "forced_activation_on", _window("forced_activation_on")),
    # Two, for each level has an index of its own.
    Occasion(NoticeKind.ALLOWANCE, Card.objects.low, "cycle_from", lambda today: F("usage_level")),
    Occasion(NoticeKind.ALLOWANCE, Card.objects.used_up, "cycle_from", lambda today: F("usage_level")),
)


def _low_wallets(muted):
    """Those of `low_wallets` that have had no notice since they became low."""
    sent = Notice.objects.filter(kind=NoticeKind.WALLET_LOW, customer=OuterRef("pk"), on=OuterRef("since"))
    return low_wallets().exclude(pk__in=muted).exclude(Exists(sent))
