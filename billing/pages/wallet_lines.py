"""A line of a wallet's account: what it was for, and where more is to be seen."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.choices import EntryKind
from billing.payments import provider_label
from billing.permissions import AUTO_RENEWAL


@dataclass(frozen=True)
class WalletLine:
    """One line of a wallet's account."""

    on: date
    what: str
    reference: str
    url: str
    amount: Decimal
    balance: Decimal
    memo: str
    by: str


def wallet_line(posting, frame):
    """The posting as people read it, with the address of what it was for in this frame."""
    entry = posting.entry
    reference, url = "", ""
    if entry.order:
        reference, url = entry.order.number, frame.money_url("order", entry.order_id)
    elif receipt := getattr(entry, "receipt", None):
        reference, url = receipt.reference, frame.money_url("receipt", receipt.pk) if frame.for_staff else ""
    return WalletLine(
        entry.booked_on,
        entry.get_kind_display(),
        reference,
        url,
        posting.amount,
        posting.balance,
        entry.memo,
        moved_by(entry),
    )


def moved_by(entry):
    """Who moved the money: a person by name, a provider or the portal itself as people call it."""
    if entry.actor_name == AUTO_RENEWAL.name:
        return _("Auto-renewal")
    return provider_label(entry.actor_name) if entry.kind == EntryKind.ONLINE else entry.actor_name
