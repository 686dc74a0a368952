"""The one way into the books: an entry with its postings, written whole or not at all, once for each key."""

from contextlib import contextmanager
from typing import NamedTuple

from django.db import transaction

from billing.choices import Account, EntryKind
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, Entry, Posting
from billing.money import LARGEST, ZERO, yuan
from cards.calendar import civil_today, this_moment

REVERSIBLE = (EntryKind.RECEIPT, EntryKind.ONLINE, EntryKind.SUSPENSE, EntryKind.CHARGEBACK)


class EntryLine(NamedTuple):
    """What an entry does to one account: credit where the amount is positive."""

    account: str
    amount: object


def account_of(customer_id):
    """The account of a customer, made when it is first asked for."""
    return CustomerAccount.objects.get_or_create(customer_id=customer_id)[0]


@contextmanager
def wallet_locked(customer_id):
    """A transaction in which nobody else moves this wallet; the account as it is now."""
    with transaction.atomic():
        yield lock_wallet(customer_id)


def lock_wallet(customer_id):
    """The account as it is now; until the caller's transaction ends nobody else moves its wallet or orders renewals."""
    account_of(customer_id)
    return CustomerAccount.objects.select_for_update().get(pk=customer_id)


@contextmanager
def _books_locked(customer_id):
    """A transaction in which nobody else moves the customer's wallet; of nobody's entry there is none (None)."""
    with transaction.atomic():
        yield None if customer_id is None else lock_wallet(customer_id)


def post_entry(key, kind, customer_id, *entry_lines, actor, order=None, reverses=None, memo="", told=""):
    """Write an entry; one that is there already under this key is returned as it is, and nothing is moved.

    What is nobody's has None for a customer. What moves nothing is no entry (None). Raises `MoneyRefused` when the
    wallet would fall below its credit limit, or hold more than it can; then nothing was written. All in one
    transaction, or in the caller's.
    """
    entry_lines = [line for line in entry_lines if line.amount]
    if not entry_lines:
        return None
    with _books_locked(customer_id) as account:
        known = Entry.objects.filter(pk=key).first()
        if known:
            return known
        postings = [_posting(account, key, line) for line in entry_lines]
        Posting.objects.bulk_create(postings)  # before the wallet, which they move, and the entry, which seals them
        if account:
            account.save(update_fields=["balance"])
        return Entry.objects.create(
            key=key,
            kind=kind,
            customer_id=customer_id,
            order=order,
            reverses=reverses,
            booked_on=civil_today(),
            booked_at=this_moment(),
            actor_kind=actor.kind,
            actor_name=actor.name,
            memo=memo,
            told=told,
        )


def transfer(amount, source, target):
    """The two lines of an amount that goes from one account to another."""
    return EntryLine(source, -amount), EntryLine(target, amount)


def reverse(entry, *, actor, memo):
    """Take back a receipt, an online payment, a chargeback, or what was done with money to clear: by its opposite.

    The entry itself stays. Raises `MoneyRefused` for any other entry, for one that is reversed already, and when the
    wallet has not that much.
    """
    with _books_locked(entry.customer_id) as account:
        check_reversible(entry, account)
        entry_lines = [EntryLine(posting.account, -posting.amount) for posting in entry.postings.all()]
        return post_entry(
            _reversal_key(entry),
            EntryKind.REVERSAL,
            entry.customer_id,
            *entry_lines,
            actor=actor,
            reverses=entry,
            order=entry.order,
            memo=memo,
        )


def check_room(account, amount):
    """Raise `MoneyRefused` where a wallet cannot hold so much more."""
    if account.balance + amount > LARGEST:
        raise MoneyRefused("wallet_full", most=yuan(LARGEST))


def check_reversible(entry, account):
    """Raise `MoneyRefused` where `reverse` would, with the wallet's locked account; what is nobody's has none."""
    if entry.kind not in REVERSIBLE:
        raise MoneyRefused("not_reversible")
    if Entry.objects.filter(pk=_reversal_key(entry)).exists():
        raise MoneyRefused("reversed_already")
    moved = sum(entry.postings.filter(account=Account.WALLET).values_list("amount", flat=True), ZERO)
    if moved > ZERO and account.available < moved:
        raise MoneyRefused("short", available=yuan(account.available), needed=yuan(moved))


def _reversal_key(entry):
    return f"reverse:{entry.pk}"


def _posting(account, key, line):
    if line.account != Account.WALLET:
        customer_id = account.pk if line.account == Account.RECEIVABLES else None
        return Posting(entry_id=key, account=line.account, customer_id=customer_id, amount=line.amount)
    if line.amount < ZERO and account.available + line.amount < ZERO:
        raise MoneyRefused("short", available=yuan(account.available), needed=yuan(-line.amount))
    check_room(account, line.amount)
    account.balance += line.amount
    return Posting(
        entry_id=key, account=line.account, customer_id=account.pk, amount=line.amount, balance=account.balance
    )
