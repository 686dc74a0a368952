"""What the card list offers with one click: the quick filters, and the orders that an index has ready."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.calendar import EARLIEST, LATEST, WEEK, add_months, first_of_next_month, midnight
from cards.choices import State
from cards.paging import NEWEST, OLDEST, SortOrder
from cards.querysets import ONCE_READ, CardQuerySet

ENDING_WITHIN_DAYS = 30
CANCELLING_WITHIN_DAYS = 14
LATE_AFTER_DAYS = 3


@dataclass(frozen=True)
class Quick:
    """A quick filter: `cards(cards, today)` are those that it finds, in its order unless another is asked for; all of
    them are in the `state`, where it says one."""

    label: str | Promise
    cards: Callable[[CardQuerySet, date], CardQuerySet]
    order: SortOrder = NEWEST
    state: State | None = None


def _forced_next_month(cards: CardQuerySet, today: date) -> CardQuerySet:
    first = first_of_next_month(today)
    return cards.forced_in(first, add_months(first, 1))


def _instant(text: str) -> datetime:
    """An instant as an address has it; `ValueError` for whatever else."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or not EARLIEST <= instant.date() <= LATEST:
        raise ValueError(text)
    return instant


LONGEST_NOT_READ = SortOrder("not_read__read_at", read_value=_instant)


def _last_read(label: Promise, over: int, since: Callable[[date], datetime]) -> Quick:
    """Cards in use that were last read more than `over` civil days ago, and not before `since(today)`."""
    return Quick(label, lambda cards, today: cards.not_read(_days_ago(today, over), since(today)), LONGEST_NOT_READ)


def _days_ago(today: date, days: int) -> datetime:
    return midnight(today - timedelta(days=days))


# How long ago cards in use were last read, of those that were not read yesterday or today: for the dashboard's figures.
LAST_READ = {
    "2-3": _last_read(_("2 to 3 days ago"), 1, lambda today: _days_ago(today, LATE_AFTER_DAYS)),
    "4-7": _last_read(_("4 to 7 days ago"), LATE_AFTER_DAYS, lambda today: _days_ago(today, WEEK)),
    "8": _last_read(_("more than 7 days ago"), WEEK, lambda _today: ONCE_READ),
    "never": Quick(_("never"), lambda cards, _today: cards.not_read(ONCE_READ), LONGEST_NOT_READ),
}

QUICK = {
    "low": Quick(_("Allowance nearly used up"), lambda cards, today: cards.low(today)),
    "used_up": Quick(pgettext_lazy("usage", "Allowance used up"), lambda cards, today: cards.used_up(today)),
    "expiring": Quick(
        _("Service ends within 30 days"),
        lambda cards, today: cards.ending(today, ENDING_WITHIN_DAYS),
        SortOrder("service_until"),
    ),
    "expired": Quick(_("Term has ended"), lambda cards, today: cards.ended(), state=State.SHUT_DOWN),
    "cancelling": Quick(
        _("Cancelled within 14 days"),
        lambda cards, today: cards.cancelling(today, CANCELLING_WITHIN_DAYS),
        SortOrder("cancel_on"),
        State.SHUT_DOWN,
    ),
    "unpaid": Quick(_("Renewal ordered, not paid"), lambda cards, today: cards.to_be_paid()),
    "forced": Quick(_("Forced activation next month"), _forced_next_month, SortOrder("forced_activation_on")),
    "real_name": Quick(_("ID verification pending"), lambda cards, today: cards.waiting_for_real_name()),
    "no_real_name": Quick(_("ID verification not submitted"), lambda cards, today: cards.lacking_real_name()),
    "parked": Quick(_("Parked"), lambda cards, today: cards.parked()),
    "late": Quick(
        _("No usage reading for 3 days"),
        lambda cards, today: cards.not_read(_days_ago(today, LATE_AFTER_DAYS)),
        LONGEST_NOT_READ,
    ),
    "stray": Quick(_("Usage after end of service"), lambda cards, today: cards.used_after_the_end()),
}
# What is of use to the customer whose cards they are.
FOR_CUSTOMERS = ("low", "used_up", "expiring", "expired", "cancelling", "unpaid", "real_name", "no_real_name")

RISING = {
    "newest": (_("Newest first"), NEWEST),
    "oldest": (_("Oldest first"), OLDEST),
    "expiry": (_("Last day of service"), SortOrder("service_until", has_value=Q(service_until__isnull=False))),
    "cancel": (_("Cancelled on"), SortOrder("cancel_on", has_value=Q(state=State.SHUT_DOWN, cancel_on__isnull=False))),
    "forced": (
        _("Forced activation on"),
        SortOrder("forced_activation_on", has_value=Q(activated_on=None, forced_activation_on__isnull=False)),
    ),
    "due": (_("Next due on"), SortOrder("next_due_on", has_value=Q(next_due_on__isnull=False))),
    "iccid": ("ICCID", SortOrder("iccid", read_value=str)),
    "msisdn": ("MSISDN", SortOrder("msisdn", has_value=~Q(msisdn=""), read_value=str)),
    "imsi": ("IMSI", SortOrder("imsi", has_value=~Q(imsi=""), read_value=str)),
}
# The same from the other end of the index: those without a value stay last.
FALLING = {
    f"-{name}": (format_lazy(_("{order}, descending"), order=label), replace(order, is_descending=True))
    for name, (label, order) in RISING.items()
    if order.column
}
SORTS = RISING | FALLING
# The other filters whose cards lie side by side in the index of a column.
SORTED_BY_THEMSELVES = {
    **dict.fromkeys(("expiring", "ends_since", "ends_through"), SortOrder("service_until")),
    **dict.fromkeys(("cancels_since", "cancels_through"), SortOrder("cancel_on")),
    **dict.fromkeys(("cancelled_since", "cancelled_through"), SortOrder("cancel_on")),
    **dict.fromkeys(("due", "due_since", "due_through"), SortOrder("next_due_on")),
    "reading": LONGEST_NOT_READ,
}
# Columns by which an index has each state in order by itself.
SORTED_IN_EACH_STATE = ("service_until", "next_due_on", "forced_activation_on")
