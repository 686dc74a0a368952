"""Money that came through the bank, as staff recorded it, and reversing what was recorded wrongly."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.actions.ledger import post_entry, reverse, transfer, wallet_locked
from billing.choices import Account, EntryKind
from billing.models import Receipt
from billing.money import LARGEST, yuan
from billing.permissions import actor_for
from cards.actions.once import once
from cards.calendar import civil_today, this_moment
from cards.errors import BadInput


def record(customer, amount, reference, received_on, *, user, payer="", note="", key=None):
    """Put a transfer into the customer's wallet, once for each reference of the bank.

    The same `key` twice is the same receipt. Raises `BadInput` for a reference that stands already, a day that has not
    come, or more than a wallet can hold; then nothing was moved.
    """
    key = f"receipt:{key or uuid.uuid4()}"
    reference = " ".join(reference.split())
    try:
        with wallet_locked(customer.pk) as account:

            def make(key):
                _check(account, amount, reference, received_on)
                entry_lines = transfer(amount, Account.CASH, Account.WALLET)
                return Receipt.objects.create(
                    customer=customer,
                    reference=reference,
                    amount=amount,
                    received_on=received_on,
                    payer=payer,
                    note=note,
                    entry=post_entry(
                        key, EntryKind.RECEIPT, customer.pk, *entry_lines, actor=actor_for(user), memo=note
                    ),
                    recorded_by=user,
                )

            return once(Receipt, key, make, column="entry", recorded_by=user)
    except IntegrityError:  # recorded for another customer at this very moment
        _check_reference(reference)
        raise


def reverse_receipt(receipt, *, user, reason):
    """Reverse a receipt that was wrong; `MoneyRefused` when it is reversed already or the wallet has not that much."""
    with transaction.atomic():
        entry = reverse(receipt.entry, actor=actor_for(user), memo=reason)
        Receipt.objects.filter(pk=receipt.pk).update(reversed_at=this_moment())
        return entry


def _check(account, amount, reference, received_on):
    _check_reference(reference)
    if received_on > civil_today():
        raise BadInput("received_on", _("this date is in the future"))
    if account.balance + amount > LARGEST:
        raise BadInput("amount", _("a wallet can hold at most {most}").format(most=yuan(LARGEST)))


def _check_reference(reference):
    known = Receipt.objects.filter(reference=reference, reversed_at=None).select_related("customer").first()
    if known:
        sentence = _("this reference is already recorded, for {customer} on {day}")
        raise BadInput("reference", sentence.format(customer=known.customer, day=known.received_on))
