"""A posting of the wallet in words: what it was for, and where more is to be seen."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse


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


def told(posting):
    entry = posting.entry
    reference, url = _reference(entry)
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


def _reference(entry):
    if entry.order:
        return entry.order.number, reverse("money:order", args=[entry.order_id])
    receipt = getattr(entry, "receipt", None)
    return (receipt.reference, reverse("money:receipt", args=[receipt.pk])) if receipt else ("", "")
