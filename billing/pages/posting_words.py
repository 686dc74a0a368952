"""A posting of the wallet in words: what it was for, and where more is to be seen."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

OF_STAFF = "money:order"


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


def told(posting, page=OF_STAFF):
    """The posting in words; `page` is the name of the addresses of orders."""
    entry = posting.entry
    reference, url = _reference(entry, page)
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


def _reference(entry, page):
    if entry.order:
        return entry.order.number, reverse(page, args=[entry.order_id])
    receipt = getattr(entry, "receipt", None)
    if receipt is None:
        return "", ""
    return receipt.reference, reverse("money:receipt", args=[receipt.pk]) if page == OF_STAFF else ""
