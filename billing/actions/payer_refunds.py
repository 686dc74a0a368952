"""What a person decides about money that a provider does not give back to whoever paid: again, by bank, or kept.

What the provider gives back by itself is `asking.py`'s.
"""

from contextlib import contextmanager

from django.db import transaction

from billing.actions.ledger import post_entry, transfer
from billing.actions.transfers import transfer_reference, transferred_once
from billing.actions.withdrawals import RETURNED_KEY, end_with_its_refunds
from billing.choices import Account, EntryKind, PayerRefundState
from billing.errors import MoneyRefused
from billing.models import PayerRefund
from billing.permissions import actor_for, may_settle_payer_refunds, require
from cards.calendar import this_moment


def send_again(refund, *, user):
    """Have the provider try once more, by the same number: it is the same refund there, so that nobody is paid twice.

    Where the provider has closed that one, the refund has another number since. Twice is once. Raises `MoneyRefused`
    where the refund is over.
    """
    require(may_settle_payer_refunds, user)
    with _locked(refund) as refund:
        if refund.is_over:
            raise MoneyRefused("payer_refund_settled")
        if refund.has_failed:
            refund.state, refund.ask_at, refund.tries = PayerRefundState.OPEN, this_moment(), 0
            refund.decided_by = user
            refund.save(update_fields=["state", "ask_at", "tries", "decided_by"])
        return refund


def record_paid_by_bank(refund, reference, *, user, note=""):
    """Write that the payer has the money by a bank transfer, of this reference; the same twice is once.

    `note` says where it went, as the payer told. Raises `BadInput` for a reference that says nothing or paid something
    else, `MoneyRefused` where the refund does not wait for a decision.
    """
    require(may_settle_payer_refunds, user)
    reference = transfer_reference(reference)
    with _locked(refund) as refund:
        if refund.bank_reference == reference:
            return refund
        _refuse_unless_failed(refund)
        with transferred_once(reference):
            refund.bank_reference, refund.note = reference, note
            key = f"paid_by_bank:{refund.pk}"
            return _settle(refund, PayerRefundState.BY_BANK, key, EntryKind.PAID_BACK, Account.CASH, user)


def keep_in_wallet(refund, *, user, note=""):
    """Put it back into the wallet that it came out of, once.

    Raises `MoneyRefused` for money that was never in one, and where the refund does not wait for a decision.
    """
    require(may_settle_payer_refunds, user)
    with _locked(refund) as refund:
        key = f"{RETURNED_KEY}refund:{refund.pk}"
        if refund.entry_id == key:
            return refund
        _refuse_unless_failed(refund)
        if not refund.is_out_of_a_wallet:
            raise MoneyRefused("not_out_of_a_wallet")
        refund.note = note
        return _settle(refund, PayerRefundState.KEPT, key, EntryKind.WITHDRAWAL, Account.WALLET, user)


@contextmanager
def _locked(refund):
    """A transaction in which nobody else moves this refund on; the refund as it is now."""
    with transaction.atomic():
        refunds = PayerRefund.objects.select_for_update(of=("self",))
        yield refunds.select_related("payment", "withdrawal").get(pk=refund.pk)


def _refuse_unless_failed(refund):
    if not refund.has_failed:
        raise MoneyRefused("payer_refund_settled")


def _settle(refund, state, key, kind, target, user):
    customer_id = refund.withdrawal.customer_id if refund.withdrawal else refund.payment and refund.payment.customer_id
    entry_lines = transfer(refund.amount, Account.PAYBACK, target)
    refund.entry = post_entry(key, kind, customer_id, *entry_lines, actor=actor_for(user), memo=refund.note)
    refund.state, refund.decided_by, refund.ended_at, refund.ask_at = state, user, this_moment(), None
    columns = ["state", "entry", "decided_by", "ended_at", "ask_at", "bank_reference", "note"]
    refund.save(update_fields=columns)
    end_with_its_refunds(refund.withdrawal)
    return refund
