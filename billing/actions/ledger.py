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
    locked = CustomerAccount.objects.select_for_update(of=("self",)).select_related("customer")
    return locked.get(pk=customer_id)


def lock_wallets(*customers):
    """The accounts of these customers as they are now, in the same order, locked as `lock_wallet` does.

    Who was merged comes first, as where an entry goes on to the target; the others in the order of their keys.
    """
    in_turn = sorted(customers, key=lambda customer: (customer.merged_into_id is None, customer.pk))
    locked = {customer.pk: lock_wallet(customer.pk) for customer in in_turn}
    return [locked[customer.pk] for customer in customers]


@contextmanager
def _books_locked(customer_id):
    """A transaction in which nobody else moves the customer's wallet; of nobody's entry there is none (None)."""
    with transaction.atomic():
        yield None if customer_id is None else lock_wallet(customer_id)


def post_entry(key, kind, customer_id, *entry_lines, actor, order=None, reverses=None, memo="", told=""):
    """Write an entry; one that is there already under this key is returned as it is, and nothing is moved.

    What is nobody's has None for a customer; what comes to somebody who was merged comes to who has all of theirs. What
    moves nothing is no entry (None). Raises `MoneyRefused` when the wallet would fall below its credit limit, or hold
    more than it can, or is being merged; then nothing was written. All in one transaction, or in the caller's.
    """
    entry_lines = [line for line in entry_lines if line.amount]
    if not entry_lines:
        return None
    with _books_locked(customer_id) as account:
        known = Entry.objects.filter(pk=key).first()
        if known:
            return known
        if account and account.customer.merged_into_id:
            account = _of_target(account, entry_lines)
            customer_id = account.pk
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


def merge_wallets(former, target, *, key, actor, told):
    """One entry that moves what is in a wallet, or what it owes, to the wallet of who has all of theirs from now on.

    Both accounts are locked. Raises `MoneyRefused` where that one's credit does not bear the debt.
    """
    amount = former.balance
    if not amount:
        return None
    check_bears(target, amount)
    former.balance, target.balance = ZERO, target.balance + amount
    Posting.objects.bulk_create(
        Posting(entry_id=key, account=Account.WALLET, customer_id=account.pk, amount=moved, balance=account.balance)
        for account, moved in ((former, -amount), (target, amount))
    )
    for account in (former, target):
        account.save(update_fields=["balance"])
    dated = {"booked_on": civil_today(), "booked_at": this_moment()}
    who = {"actor_kind": actor.kind, "actor_name": actor.name}
    return Entry.objects.create(key=key, kind=EntryKind.MERGE, customer_id=target.pk, told=told, **dated, **who)


def check_bears(account, amount):
    """Raise `MoneyRefused` where a wallet cannot take over so much, or so much of a debt (`amount` is negative)."""
    if account.available + amount < ZERO:
        raise MoneyRefused("debt_too_large", debt=yuan(-amount), available=yuan(account.available))
    check_room(account, amount)


def transfer(amount, source, target):
    """The two lines of an amount that goes from one account to another."""
    return EntryLine(source, -amount), EntryLine(target, amount)


def reverse(entry, *, actor, memo):
    """Take back a receipt, an online payment, a chargeback, or what was done with money to clear: by its opposite.

    The entry itself stays. Raises `MoneyRefused` for any other entry, for one that is reversed already, and when the
    wallet has not that much.
    """
    customer_id = entry.customer and entry.customer.now.pk
    with _books_locked(customer_id) as account:
        check_reversible(entry, account)
        entry_lines = [EntryLine(posting.account, -posting.amount) for posting in entry.postings.all()]
        return post_entry(
            _reversal_key(entry),
            EntryKind.REVERSAL,
            customer_id,
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


def _of_target(account, entry_lines):
    """The locked account of who has what was a merged customer's; `MoneyRefused` for what is paid out of the former."""
    if any(line.account == Account.WALLET and line.amount < ZERO for line in entry_lines):
        raise MoneyRefused("being_merged", customer=account.customer.name, target=account.customer.merged_into.name)
    return lock_wallet(account.customer.merged_into_id)


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
