"""Money that came through the bank, as staff recorded it, and taking back what was recorded wrongly."""

from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.ledger import enter, move, reverse, wallet_locked
from billing.choices import Account, EntryKind
from billing.models import Receipt
from billing.permissions import who
from cards.errors import BadInput


def record(customer, amount, reference, received_on, *, user, payer="", note=""):
    """Put a transfer into the customer's wallet, once for each reference of the bank.

    Raises `BadInput` for a reference that is recorded already; then nothing was moved.
    """
    reference = " ".join(reference.split())
    with wallet_locked(customer.pk):
        known = Receipt.objects.filter(reference=reference).select_related("customer").first()
        if known:
            sentence = _("this reference is recorded already, for {customer} on {day}")
            raise BadInput("reference", sentence.format(customer=known.customer, day=known.received_on))
        legs = move(amount, Account.CASH, Account.WALLET)
        entry = enter(f"receipt:{reference}", EntryKind.RECEIPT, customer.pk, *legs, actor=who(user), memo=note)
        return Receipt.objects.create(
            customer=customer,
            reference=reference,
            amount=amount,
            received_on=received_on,
            payer=payer,
            note=note,
            entry=entry,
            recorded_by=user,
        )


def take_back(receipt, *, user, reason):
    """Reverse a receipt that was wrong; `Refused` when it is reversed already or the wallet has not that much."""
    with transaction.atomic():
        return reverse(receipt.entry, actor=who(user), memo=reason)
