"""Money out of a wallet: asked for by the customer or by finance, approved by a second person, and paid out.

What was approved is owed (`Account.PAYBACK`) until it has arrived: by the bank transfer that finance makes, or by
refunds of the payments that it goes back through.
"""

import unicodedata
from contextlib import contextmanager
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.ledger import post_entry, transfer, wallet_locked
from billing.actions.left_of_payments import payments_with_left
from billing.actions.paying_back import pay_back
from billing.actions.second_person import propose, proposed, waiting_for
from billing.actions.transfers import transfer_reference, transferred_once
from billing.choices import (
    Account,
    Deed,
    EntryKind,
    PayerRefundCause,
    PayerRefundState,
    WithdrawalState,
    WithdrawalWay,
)
from billing.errors import MoneyRefused
from billing.models import Withdrawal
from billing.models.account import BANK_ACCOUNT_NUMBER, BETWEEN_DIGITS
from billing.money import ZERO, yuan
from billing.permissions import actor_for, may_pay_withdrawals, may_withdraw_money, require
from cards.calendar import this_moment
from cards.errors import BadInput

RETURNED_KEY = "returned:"  # the key of an entry that puts a withdrawal back into the wallet begins so


class PayeeAccount(NamedTuple):
    """The bank account that a withdrawal goes to; empty for one that goes back to where it came from."""

    bank: str = ""
    account_name: str = ""
    account_number: str = ""


def payee_account(bank, name, number):
    """A bank account as somebody typed it, its number in digits. Raises `BadInput` for what cannot be one."""
    digits = BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", number))
    said = PayeeAccount(_on_one_line(bank), _on_one_line(name), digits)
    for field, value in said._asdict().items():
        if not value:
            raise BadInput(field, _("is missing; a bank transfer needs the bank, the account name and the number"))
    if not BANK_ACCOUNT_NUMBER.fullmatch(digits):
        raise BadInput("account_number", _("A bank account number has 8 to 30 digits and no letters."))
    return said


def returnable(customer_id):
    """How much of a wallet's money can go back to where it came from."""
    return sum((left for _payment, left in payments_with_left(customer_id)), ZERO)


def ask_withdrawal(customer, amount, way, *, user, account=None, key=None):
    """Ask for money out of a wallet: the `Proposal`, for it always takes a second person, whatever it comes to.

    `account` is where a bank transfer goes (`payee_account`). The same `key` twice is the same request. Raises
    `MoneyRefused` where one waits already, the balance is not that much (credit is none), or less came online.
    """
    require(lambda user: may_withdraw_money(user, customer.pk), user)
    with wallet_locked(customer.pk) as wallet:
        if known := key and proposed(key, user):
            return known
        if waiting_withdrawal(customer):
            raise MoneyRefused("withdrawal_waits")
        _check(wallet, amount, way)
        after = {"way": WithdrawalWay(way).value} | (account or PayeeAccount())._asdict()
        keyed = {"key": key} if key else {}
        what = {"subject": _subject(customer), "customer": customer, "after": after}
        return propose(Deed.WITHDRAWAL, amount, user=user, **what, **keyed)


def waiting_withdrawal(customer):
    """The withdrawal of a customer that waits for a second person, or None."""
    return waiting_for(_subject(customer))


def forget_account(proposal):
    """Of a withdrawal that is decided the request keeps its way: the bank account stands with the withdrawal, if there
    is one."""
    proposal.after = {"way": proposal.after["way"]}


def withdraw_proposed(proposal, user):
    """Take out of the wallet what a second person has approved, and owe it to the payer."""
    customer_id, amount = proposal.customer_id, proposal.amount
    with wallet_locked(customer_id) as wallet:
        _check(wallet, amount, proposal.after["way"])
        entry_lines, actor = transfer(amount, Account.WALLET, Account.PAYBACK), actor_for(user)
        entry = post_entry(f"withdrawal:{proposal.pk}", EntryKind.WITHDRAWAL, customer_id, *entry_lines, actor=actor)
        what = {"customer_id": customer_id, "amount": amount, "entry": entry}
        withdrawal = Withdrawal.objects.create(proposal=proposal, **what, **proposal.after)
        if not withdrawal.is_by_bank:
            _send_back(withdrawal)


def record_transfer(withdrawal, reference, *, user):
    """Write that a withdrawal was transferred at the bank, by its reference there; the same twice is once.

    Raises `BadInput` for a reference that says nothing or paid something else, `MoneyRefused` where nothing is to be
    transferred any more.
    """
    require(may_pay_withdrawals, user)
    reference = transfer_reference(reference)
    with _locked(withdrawal) as withdrawal:
        if withdrawal.bank_reference == reference:
            return withdrawal
        _refuse_unless_to_transfer(withdrawal)
        with transferred_once(reference):
            withdrawal.bank_reference = reference
            return _end(withdrawal, WithdrawalState.DONE, f"paid_out:{withdrawal.pk}", Account.CASH, user)


def return_to_wallet(withdrawal, *, user):
    """Put a withdrawal that could not be transferred back into the wallet; twice is once. Raises as above."""
    require(may_pay_withdrawals, user)
    with _locked(withdrawal) as withdrawal:
        if withdrawal.end_entry and withdrawal.end_entry.key == _returned_key(withdrawal):
            return withdrawal
        _refuse_unless_to_transfer(withdrawal)
        return _end(withdrawal, WithdrawalState.RETURNED, _returned_key(withdrawal), Account.WALLET, user)


def end_with_its_refunds(withdrawal):
    """A withdrawal to where it came from is over once all its refunds are; None has no refunds to wait for.

    Call it, within the transaction, whenever a refund of a withdrawal is over.
    """
    if withdrawal is None:
        return
    withdrawal = Withdrawal.objects.select_for_update(of=("self",)).get(pk=withdrawal.pk)
    refunds = withdrawal.refunds.all()
    if withdrawal.is_over or refunds.filter(ended_at=None).exists():
        return
    all_kept = not refunds.exclude(state=PayerRefundState.KEPT).exists()
    withdrawal.state = WithdrawalState.RETURNED if all_kept else WithdrawalState.DONE
    withdrawal.ended_at = this_moment()
    withdrawal.save(update_fields=["state", "ended_at"])


def _on_one_line(text):
    return " ".join(text.split())


def _subject(customer):
    return f"withdrawal:{customer.pk}"


def _check(wallet, amount, way):
    """Raise `MoneyRefused` for more than is there, or more than can go back to where it came from."""
    if amount > wallet.balance:
        raise MoneyRefused("not_withdrawable", needed=yuan(amount), balance=yuan(wallet.balance))
    if way == WithdrawalWay.ORIGIN and amount > (most := returnable(wallet.pk)):
        raise MoneyRefused("origin_short", needed=yuan(amount), most=yuan(most))


def _send_back(withdrawal):
    """Through the newest payments first, of each what is left of it."""
    rest = withdrawal.amount
    for payment, left in payments_with_left(withdrawal.customer_id):
        part = min(rest, left)
        if part > ZERO:
            key = f"withdrawal:{withdrawal.pk}:{payment.pk}"
            pay_back(payment, part, PayerRefundCause.WITHDRAWAL, key, withdrawal)
            rest -= part


@contextmanager
def _locked(withdrawal):
    """A transaction in which nobody else ends this withdrawal; the withdrawal as it is now."""
    with transaction.atomic():
        found = Withdrawal.objects.select_for_update(of=("self",)).select_related("end_entry")
        yield found.get(pk=withdrawal.pk)


def _returned_key(withdrawal):
    return f"{RETURNED_KEY}{withdrawal.pk}"


def _refuse_unless_to_transfer(withdrawal):
    if not withdrawal.is_to_be_transferred:
        raise MoneyRefused("withdrawal_over")


def _end(withdrawal, state, key, target, user):
    kind = EntryKind.WITHDRAWAL if target == Account.WALLET else EntryKind.PAID_BACK
    entry_lines = transfer(withdrawal.amount, Account.PAYBACK, target)
    withdrawal.end_entry = post_entry(key, kind, withdrawal.customer_id, *entry_lines, actor=actor_for(user))
    withdrawal.state, withdrawal.paid_by, withdrawal.ended_at = state, user, this_moment()
    withdrawal.save(update_fields=["state", "paid_by", "ended_at", "end_entry", "bank_reference"])
    return withdrawal
