"""Money that came through the bank, as staff recorded it, and reversing what was recorded wrongly."""

import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.actions.ledger import post_entry, reverse, transfer, wallet_locked
from billing.choices import Account, EntryKind
from billing.models import Receipt
from billing.money import LARGEST, yuan
from billing.permissions import actor_for
from billing.references import reference_key
from billing.rules import USUAL_DAYS_BACK, is_usual_day, may_be_received_on
from cards.actions.once import once
from cards.calendar import civil_today, this_moment
from cards.errors import BadInput


def record(customer, amount, reference, received_on, *, user, payer="", note="", key=None, day_confirmed=False):
    """Put a transfer into the customer's wallet, once for each reference of the bank, however it is written.

    The same `key` twice is the same receipt. A day more than 90 days ago or in the future has to be right by the word
    of `user` (`day_confirmed`), who is kept with it. Raises `BadInput` for a reference that stands already or says
    nothing, such a day without a word, a day on which no money came, or more than a wallet can hold; then nothing was
    moved.
    """
    key = f"receipt:{key or uuid.uuid4()}"
    reference = " ".join(reference.split())
    try:
        with wallet_locked(customer.pk) as account:

            def make(key):
                _check(account, amount, reference, received_on, day_confirmed)
                entry_lines = transfer(amount, Account.CASH, Account.WALLET)
                return Receipt.objects.create(
                    customer=customer,
                    reference=reference,
                    reference_key=reference_key(reference),
                    amount=amount,
                    received_on=received_on,
                    day_confirmed_by=None if is_usual_day(received_on, civil_today()) else user,
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


def standing(reference):
    """The receipt under which a reference stands, however it is written; None where there is none."""
    same = Q(reference=reference) | Q(reference_key=reference_key(reference))
    return Receipt.objects.filter(same, reversed_at=None).select_related("customer").order_by("pk").first()


def others_of_its_reference(receipt):
    """The other receipts of this receipt's reference: reversed ones, and what repeats it from before."""
    same = Receipt.objects.filter(reference_key=receipt.reference_key).exclude(reference_key="")
    return same.exclude(pk=receipt.pk).order_by("pk")


def reverse_receipt(receipt, *, user, reason):
    """Reverse a receipt that was wrong; `MoneyRefused` when it is reversed already or the wallet has not that much."""
    with transaction.atomic():
        entry = reverse(receipt.entry, actor=actor_for(user), memo=reason)
        Receipt.objects.filter(pk=receipt.pk).update(reversed_at=this_moment())
        return entry


def _check(account, amount, reference, received_on, day_confirmed):
    _check_reference(reference)
    _check_day(received_on, day_confirmed)
    if account.balance + amount > LARGEST:
        raise BadInput("amount", _("a wallet can hold at most {most}").format(most=yuan(LARGEST)))


def _check_day(received_on, day_confirmed):
    today = civil_today()
    if not may_be_received_on(received_on, today):
        sentence = _("a receipt cannot be of {day}; check the date")
        raise BadInput("received_on", sentence.format(day=received_on))
    if is_usual_day(received_on, today) or day_confirmed:
        return
    if received_on > today:
        raise BadInput("received_on", _("this date is in the future; check it and confirm it"))
    sentence = _("this date is more than {days} days ago; check it and confirm it")
    raise BadInput("received_on", sentence.format(days=USUAL_DAYS_BACK))


def _check_reference(reference):
    if not reference_key(reference):
        raise BadInput("reference", _("a reference needs a letter or a digit"))
    known = standing(reference)
    if known:
        sentence = _("already recorded as “{reference}” for {customer} on {day} (receipt {number})")
        facts = {"reference": known.reference, "customer": known.customer, "number": known.number}
        raise BadInput("reference", sentence.format(day=known.received_on, **facts))
