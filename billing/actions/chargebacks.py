"""What a provider or the bank takes back of an online payment: recorded as they say it, borne by the wallet and then
by the dealer, and reversed where it was won.

What somebody may not do alone waits for a second person (`second_person.py`).
"""

from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.ledger import EntryLine, lock_wallet, post_entry, reverse
from billing.actions.left_of_payments import left_of
from billing.actions.second_person import count_alone, needs_second, propose
from billing.choices import Account, Deed, EntryKind
from billing.errors import MoneyRefused
from billing.models import Chargeback, Payment
from billing.money import ZERO, yuan
from billing.permissions import actor_for, may_settle_payer_refunds, require
from billing.references import reference_key
from cards.actions.alone import acting_alone
from cards.errors import BadInput


def record_chargeback(payment, amount, reference, *, user, reason):
    """Write that so much of a payment was taken back, once for each reference: the `Chargeback`, or the `Proposal`.

    The wallet bears it as far as its balance goes, never on credit; a guest's customer bears nothing. Raises `BadInput`
    for a reference that says nothing, `MoneyRefused` for more than is left of the payment.
    """
    require(may_settle_payer_refunds, user)
    reference = " ".join(reference.split())
    with acting_alone(user), _locked(payment) as (payment, wallet):
        if known := _recorded(payment, reference):
            if known.amount == amount:
                return known
            raise MoneyRefused("charged_back_already")
        _check(payment, amount, reference)
        customer, after = payment.customer, {"payment": payment.pk, "reference": reference, "reason": reason}
        if needs_second(amount, user=user, customer=customer):
            subject = f"chargeback:{payment.pk}:{reference_key(reference)}"
            return propose(Deed.CHARGEBACK, amount, user=user, subject=subject, customer=customer, after=after)
        made = _charge_back(payment, wallet, amount, reference, reason, by=user, signed_by=user)
        count_alone(Deed.CHARGEBACK, amount, user=user, customer=customer, chargeback=made)
        return made


def charge_back_proposed(proposal, user):
    """Record what a second person has approved: they sign the entry, who asked for it the chargeback."""
    reference, reason = proposal.after["reference"], proposal.after["reason"]
    with _locked(Payment(pk=proposal.after["payment"])) as (payment, wallet):
        if _recorded(payment, reference):
            raise MoneyRefused("charged_back_already")
        _check(payment, proposal.amount, reference)
        who = {"by": proposal.asked_by, "signed_by": user}
        _charge_back(payment, wallet, proposal.amount, reference, reason, **who)


def record_won(chargeback, *, user, reason):
    """Write that the money came back to the dealer: the wallet has again what it bore. Twice is once."""
    require(may_settle_payer_refunds, user)
    with _locked(chargeback.payment):
        chargeback = Chargeback.objects.select_related("entry__reversed_by").get(pk=chargeback.pk)
        if not chargeback.is_won:
            reverse(chargeback.entry, actor=actor_for(user), memo=reason)
        return Chargeback.objects.select_related("entry__reversed_by").get(pk=chargeback.pk)


@contextmanager
def _locked(payment):
    """A transaction in which nobody else takes of this payment; the payment, and the wallet that bears it (None:
    nobody's does)."""
    with transaction.atomic():
        # Not its key: a refund of it refers to that, in a transaction that may hold the wallet already.
        payments = Payment.objects.select_for_update(of=("self",), no_key=True).select_related("customer", "order")
        locked = payments.get(pk=payment.pk)
        wallet = lock_wallet(locked.customer_id) if locked.customer else None
        yield locked, None if locked.is_of_guest else wallet


def _recorded(payment, reference):
    return payment.chargebacks.filter(reference_key=reference_key(reference)).first()


def _check(payment, amount, reference):
    if not reference_key(reference):
        raise BadInput("reference", _("a reference needs a letter or a digit"))
    if not payment.is_paid:
        raise MoneyRefused("not_paid_online")
    if amount > (most := left_of(payment)):
        raise MoneyRefused("charged_back_too_much", most=yuan(most))


def _charge_back(payment, wallet, amount, reference, reason, *, by, signed_by):
    borne = max(min(amount, wallet.balance), ZERO) if wallet else ZERO
    key = reference_key(reference)
    entry = post_entry(
        f"chargeback:{payment.pk}:{payment.chargebacks.count() + 1}",
        EntryKind.CHARGEBACK,
        payment.customer_id,
        EntryLine(Account.WALLET, -borne),
        EntryLine(Account.LOSSES, borne - amount),
        EntryLine(Account.PROVIDERS, amount),
        actor=actor_for(signed_by),
        order=payment.order,
        memo=reason,
    )
    said = {"payment": payment, "amount": amount, "reference": reference, "reference_key": key, "reason": reason}
    return Chargeback.objects.create(**said, entry=entry, recorded_by=by)
