"""The one way into the books: an entry with its postings, written whole or not at all, once for each key."""

from contextlib import contextmanager
from typing import NamedTuple

from django.db import transaction

from billing.choices import Account, EntryKind
from billing.errors import Refused
from billing.models import CustomerAccount, Entry, Posting
from billing.money import ZERO, yuan
from cards.calendar import civil_today, this_moment

REVERSIBLE = (EntryKind.RECEIPT, EntryKind.ONLINE)


class Leg(NamedTuple):
    """What an entry does to one account: credit where the amount is positive."""

    account: str
    amount: object


def account_of(customer_id):
    """The account of a customer, made when it is first asked for."""
    return CustomerAccount.objects.get_or_create(customer_id=customer_id)[0]


@contextmanager
def wallet_locked(customer_id):
    """A transaction in which nobody else moves this wallet; the account as it is now."""
    account_of(customer_id)
    with transaction.atomic():
        yield CustomerAccount.objects.select_for_update().get(pk=customer_id)


def enter(key, kind, customer_id, *legs, actor, order=None, reverses=None, memo=""):
    """Write an entry; one that is there already under this key is returned as it is, and nothing is moved.

    What moves nothing is no entry (None). Raises `Refused` when the wallet would fall below its credit limit; then
    nothing was written. All in one transaction, or in the caller's.
    """
    legs = [leg for leg in legs if leg.amount]
    if not legs:
        return None
    with wallet_locked(customer_id) as account:
        known = Entry.objects.filter(pk=key).first()
        return known or _write(account, key, kind, legs, actor, order, reverses, memo)


def move(amount, source, target):
    """The two legs of an amount that goes from one account to another."""
    return Leg(source, -amount), Leg(target, amount)


def reverse(entry, *, actor, memo):
    """Take back a receipt or an online payment by an entry that does the opposite; the entry itself stays.

    Raises `Refused` for any other entry, for one that is reversed already, and when the wallet has not that much.
    """
    if entry.kind not in REVERSIBLE:
        raise Refused("not_reversible")
    key = f"reverse:{entry.pk}"
    with wallet_locked(entry.customer_id):
        if Entry.objects.filter(pk=key).exists():
            raise Refused("reversed_already")
        legs = [Leg(posting.account, -posting.amount) for posting in entry.postings.all()]
        return enter(
            key, EntryKind.REVERSAL, entry.customer_id, *legs, actor=actor, reverses=entry, order=entry.order, memo=memo
        )


def _write(account, key, kind, legs, actor, order, reverses, memo):
    postings = [_posting(account, key, leg) for leg in legs]
    account.save(update_fields=["balance"])
    Posting.objects.bulk_create(postings)  # before the entry, which seals them
    return Entry.objects.create(
        key=key,
        kind=kind,
        customer_id=account.pk,
        order=order,
        reverses=reverses,
        booked_on=civil_today(),
        booked_at=this_moment(),
        actor_kind=actor.kind,
        actor_name=actor.name,
        memo=memo,
    )


def _posting(account, key, leg):
    if leg.account != Account.WALLET:
        customer_id = account.pk if leg.account == Account.RECEIVABLES else None
        return Posting(entry_id=key, account=leg.account, customer_id=customer_id, amount=leg.amount)
    if leg.amount < ZERO and account.available + leg.amount < ZERO:
        raise Refused("short", available=yuan(account.available), needed=yuan(-leg.amount))
    account.balance += leg.amount
    return Posting(
        entry_id=key, account=leg.account, customer_id=account.pk, amount=leg.amount, balance=account.balance
    )
