"""Money that came online and fits no payment: it waits in a queue until somebody of finance decides whose it is.

In the books it stands from that decision on: assigned, it is in a customer's wallet; returned, it was never there.
"""

from django.db import transaction

from billing.actions.ledger import post_entry, reverse, transfer
from billing.choices import Account, ClearingState, EntryKind
from billing.errors import MoneyRefused
from billing.models import UnmatchedPayment
from billing.permissions import actor_for, may_clear, require
from cards.calendar import this_moment


def keep_unmatched(notification, facts):
    """Keep for a decision what a provider has taken, once however often it says so."""
    UnmatchedPayment.objects.get_or_create(
        provider=notification.provider,
        reference=facts.reference,
        payment_key=facts.key,
        amount=facts.amount,
        reopened_at=None,
        defaults={
            "why": notification.outcome,
            "payment": notification.payment,
            "notification": notification,
            "came_at": notification.received_at,
        },
    )


def assign_to(unmatched, customer, *, user, reason):
    """Put the money into a customer's wallet; twice is once. `MoneyRefused` where something else was decided."""
    return _decide(unmatched, ClearingState.ASSIGNED, user, reason, customer)


def mark_returned(unmatched, *, user, reason):
    """Note that the payer has the money back; twice is once. `MoneyRefused` where something else was decided."""
    return _decide(unmatched, ClearingState.RETURNED, user, reason)


def reopen(unmatched, *, user, reason):
    """Take a wrong decision back: the money waits anew, as the row that is returned.

    Raises `MoneyRefused` where there is no decision to take back, or the wallet has not that much any more.
    """
    require(may_clear, user)
    with transaction.atomic():
        decided = _locked(unmatched)
        if not decided.can_be_reopened:
            raise MoneyRefused("not_cleared")
        if decided.entry:
            reverse(decided.entry, actor=actor_for(user), memo=reason)
        decided.reopened_by, decided.reopened_at, decided.reopen_reason = user, this_moment(), reason
        decided.save(update_fields=["reopened_by", "reopened_at", "reopen_reason"])
        return UnmatchedPayment.objects.create(
            **{name: getattr(decided, name) for name in ("provider", "reference", "payment_key", "amount", "why")},
            **{name: getattr(decided, name) for name in ("payment", "notification", "came_at")},
        )


def _decide(unmatched, state, user, reason, customer=None):
    require(may_clear, user)
    with transaction.atomic():
        row = _locked(unmatched)
        if (row.state, row.customer_id, row.reopened_at) == (state, customer and customer.pk, None):
            return row
        if not row.waits:
            raise MoneyRefused("cleared_already")
        if customer:
            row.entry = post_entry(
                f"unmatched:{row.pk}",
                EntryKind.ONLINE,
                customer.pk,
                *transfer(row.amount, Account.CASH, Account.WALLET),
                actor=actor_for(user),
                memo=reason,
            )
        row.state, row.customer, row.reason = state, customer, reason
        row.decided_by, row.decided_at = user, this_moment()
        row.save(update_fields=["state", "customer", "entry", "reason", "decided_by", "decided_at"])
        return row


def _locked(unmatched):
    """The row as it is now: without its relations, which a join would give as they were before the lock."""
    return UnmatchedPayment.objects.select_for_update().get(pk=unmatched.pk)
