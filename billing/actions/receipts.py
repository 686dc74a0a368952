"""Money that came through the bank, as staff recorded it, and reversing what was recorded wrongly.

What somebody may not do alone waits for a second person (`second_person.py`).
"""

import uuid
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.actions.ledger import check_reversible, post_entry, reverse, transfer, wallet_locked
from billing.actions.second_person import count_alone, needs_second, propose, proposed, waiting_for
from billing.choices import Account, Deed, EntryKind
from billing.models import Receipt
from billing.money import LARGEST, yuan
from billing.permissions import actor_for
from billing.references import reference_key
from billing.rules import USUAL_DAYS_BACK, is_usual_day, may_be_received_on
from cards.actions.alone import acting_alone
from cards.actions.once import once
from cards.calendar import civil_today, this_moment
from cards.errors import BadInput


def record(customer, amount, reference, received_on, *, user, payer="", note="", key=None, day_confirmed=False):
    """Put a transfer into the customer's wallet, once for each reference of the bank, however it is written.

    The same `key` twice is the same receipt. What is more than `user` may record alone is in no wallet before a second
    person approves it: then the `Proposal`. A day more than 90 days ago or in the future has to be right by the word
    of `user` (`day_confirmed`), who is kept with it. Raises `BadInput` for a reference that stands already or says
    nothing or waits, such a day without a word, a day on which no money came, or more than a wallet can hold; then
    nothing was moved.
    """
    key = key or uuid.uuid4()
    said = {"reference": " ".join(reference.split()), "received_on": received_on, "payer": payer, "note": note}
    try:
        with acting_alone(user), wallet_locked(customer.pk) as account:
            if known := proposed(key, user):
                return known.receipt or known

            def make(entry_key):
                _check_reference(said["reference"])
                _check_day(received_on, day_confirmed)
                _check_room(account, amount)
                if needs_second(amount, user=user, customer=customer):
                    return _propose(customer, amount, said, user=user, key=key)
                receipt = _post(entry_key, customer, amount, said, by=user, signed_by=user)
                count_alone(Deed.RECEIPT, amount, user=user, customer=customer, receipt=receipt)
                return receipt

            return once(Receipt, _entry_key(key), make, column="entry", recorded_by=user)
    except IntegrityError:  # recorded for another customer at this very moment
        _check_reference(said["reference"])
        raise


def record_proposed(proposal, user):
    """Record the transfer that a second person has approved: they sign the entry, who saw the transfer the receipt."""
    with wallet_locked(proposal.customer_id) as account:
        _check_reference(proposal.after["reference"], proposal)
        _check_room(account, proposal.amount)
        said = proposal.after | {"received_on": date.fromisoformat(proposal.after["received_on"])}
        key, who = _entry_key(proposal.key), {"by": proposal.asked_by, "signed_by": user}
        proposal.receipt = _post(key, proposal.customer, proposal.amount, said, **who)


def standing(reference):
    """The receipt under which a reference stands, however it is written; None where there is none."""
    same = Q(reference=reference) | Q(reference_key=reference_key(reference))
    return Receipt.objects.filter(same, reversed_at=None).select_related("customer").order_by("pk").first()


def others_of_its_reference(receipt):
    """The other receipts of this receipt's reference: reversed ones, and what repeats it from before."""
    same = Receipt.objects.filter(reference_key=receipt.reference_key).exclude(reference_key="")
    return same.exclude(pk=receipt.pk).order_by("pk")


def reverse_receipt(receipt, *, user, reason):
    """Reverse a receipt that was wrong; what is more than `user` may alone waits for a second person (`Proposal`).

    Raises `MoneyRefused` when it is reversed already or the wallet has not that much.
    """
    amount, customer = receipt.amount, receipt.customer
    with acting_alone(user), wallet_locked(customer.pk) as account:
        if not needs_second(amount, user=user, customer=customer):
            count_alone(Deed.REVERSAL, amount, user=user, customer=customer, receipt=receipt)
            return _reverse(receipt, user, reason)
        check_reversible(receipt.entry, account)
        about = {"customer": customer, "receipt": receipt, "after": {"reason": reason}}
        return propose(Deed.REVERSAL, amount, user=user, subject=f"reversal:{receipt.pk}", **about)


def reverse_proposed(proposal, user):
    """Reverse the receipt as a second person has approved."""
    _reverse(proposal.receipt, user, proposal.after["reason"])


def _entry_key(key):
    return f"receipt:{key}"


def _post(entry_key, customer, amount, said, *, by, signed_by):
    entry_lines, actor = transfer(amount, Account.CASH, Account.WALLET), actor_for(signed_by)
    entry = post_entry(entry_key, EntryKind.RECEIPT, customer.pk, *entry_lines, actor=actor, memo=said["note"])
    return Receipt.objects.create(
        customer=customer,
        amount=amount,
        entry=entry,
        recorded_by=by,
        reference_key=reference_key(said["reference"]),
        day_confirmed_by=None if is_usual_day(said["received_on"], civil_today()) else by,
        **said,
    )


def _propose(customer, amount, said, *, user, key):
    after = said | {"received_on": str(said["received_on"])}
    subject = _subject(said["reference"])
    return propose(Deed.RECEIPT, amount, user=user, subject=subject, key=key, customer=customer, after=after)


def _subject(reference):
    return f"receipt:{reference_key(reference)}"


def _reverse(receipt, user, reason):
    with transaction.atomic():
        entry = reverse(receipt.entry, actor=actor_for(user), memo=reason)
        Receipt.objects.filter(pk=receipt.pk).update(reversed_at=this_moment())
        return entry


def _check_room(account, amount):
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


def _check_reference(reference, proposal=None):
    """Raise `BadInput` for a reference that is none, stands already, or waits by another proposal than this."""
    if not reference_key(reference):
        raise BadInput("reference", _("a reference needs a letter or a digit"))
    known = standing(reference)
    if known:
        sentence = _("already recorded as “{reference}” for {customer} on {day} (receipt {number})")
        facts = {"reference": known.reference, "customer": known.customer, "number": known.number}
        raise BadInput("reference", sentence.format(day=known.received_on, **facts))
    waiting = waiting_for(_subject(reference))
    if waiting and waiting != proposal:
        sentence = _("a receipt with this reference already waits for approval, for {customer}: #{number}")
        raise BadInput("reference", sentence.format(customer=waiting.customer, number=waiting.pk))
