"""A posting of the wallet in words: what it was for, and where more is to be seen."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Told:
    """One line of a wallet's account."""

    on: date
    what: str
    reference: str
    url: str
    amount: Decimal
    balance: Decimal
    memo: str
    by: str


def told(posting, frame):
    """The posting in words, with the address of what it was for in this frame."""
    entry = posting.entry
    reference, url = _reference(entry, frame)
    return Told(
        entry.booked_on,
        entry.get_kind_display(),
        reference,
        url,
        posting.amount,
        posting.balance,
        entry.memo,
        entry.actor_name,
    )


def _reference(entry, frame):
    if entry.order:
        return entry.order.number, frame.money_url("order", entry.order_id)
    receipt = getattr(entry, "receipt", None)
    if receipt is None:
        return "", ""
    return receipt.reference, frame.money_url("receipt", receipt.pk) if frame.for_staff else ""
