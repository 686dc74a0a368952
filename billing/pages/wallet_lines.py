"""A line of a wallet's account: what it was for, and where more is to be seen.

Who of the staff did it and what they noted stands on the staff's own pages alone; the customer reads what was written
for them. A statement is the customer's, whoever prints it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.actions.fulfilment import UNSERVED
from billing.actions.providers import provider_label
from billing.actions.withdrawals import RETURNED_KEY
from billing.choices import EntryKind, OrderKind
from billing.permissions import AUTO_RENEWAL
from cards.choices import ActorKind

TOLD_BY_PROVIDERS = {EntryKind.ONLINE, EntryKind.SUSPENSE, EntryKind.PAID_BACK, EntryKind.FEE, EntryKind.PAYOUT}


@dataclass(frozen=True)
class WalletLine:
    """One line of a wallet's account. `told` is what the customer reads of why, `memo` what the staff noted."""

    on: date
    what: str
    reference: str
    url: str
    amount: Decimal
    balance: Decimal
    told: str
    memo: str
    by: str


def wallet_line(posting, frame, to_staff):
    """The posting as people read it, with the address of what it was for in this frame."""
    entry = posting.entry
    reference, url = _what_for(entry, frame)
    return WalletLine(
        entry.booked_on,
        kind_of(entry),
        reference,
        url,
        posting.amount,
        posting.balance,
        told_of(entry),
        entry.memo if to_staff else "",
        moved_by(entry, to_staff),
    )


def kind_of(entry):
    """What the entry is called; paying an adjustment is making it."""
    if entry.kind == EntryKind.PAYMENT and entry.order.kind == OrderKind.ADJUSTMENT:
        return entry.order.get_kind_display()
    return entry.get_kind_display()


def told_of(entry):
    """Why, as the customer reads it; empty where the kind of the entry says it all."""
    if entry.key.startswith(RETURNED_KEY):
        return _("could not be paid out")
    return entry.told or (_("could not be delivered") if entry.key.startswith(UNSERVED) else "")


def moved_by(entry, to_staff):
    """Who moved the money: a provider or the portal itself as people call it, a member by name, staff as the dealer, a
    guest as somebody."""
    if entry.actor_kind == ActorKind.GUEST:
        return _("someone without an account")
    if entry.actor_kind == ActorKind.SYSTEM and entry.actor_name == AUTO_RENEWAL.name:
        return _("Auto-renewal")
    if entry.kind in TOLD_BY_PROVIDERS and entry.actor_kind == ActorKind.SYSTEM:
        return provider_label(entry.actor_name)
    return entry.actor_name if to_staff or entry.actor_kind == ActorKind.CUSTOMER else _("your dealer")


def _what_for(entry, frame):
    if entry.order:
        return entry.order.number, frame.money_url("order", entry.order_id)
    came = entry.reverses or entry
    if receipt := getattr(came, "receipt", None):
        return receipt.reference, frame.money_url("receipt" if frame.for_staff else "receipt-print", receipt.pk)
    if unmatched := getattr(came, "unmatched", None):
        return unmatched.reference, frame.money_url("unmatched", unmatched.pk) if frame.for_staff else ""
    if withdrawal := _withdrawal_of(came):
        return str(withdrawal), frame.money_url("withdrawal", withdrawal.pk) if frame.for_staff else ""
    if payment := _payment_of(came):
        return payment.provider_reference, frame.money_url("payment", payment.pk) if frame.for_staff else ""
    return "", ""


def _withdrawal_of(entry):
    """The withdrawal by which money left the wallet, or that came back into it, whole or in part."""
    refund = getattr(entry, "payer_refund", None)
    ended = getattr(entry, "ended_withdrawal", None) or (refund and refund.withdrawal)
    return getattr(entry, "withdrawal", None) or ended


def _payment_of(entry):
    chargeback = getattr(entry, "chargeback", None)
    return chargeback.payment if chargeback else getattr(entry, "payment", None)
