"""Money that came online and fits no payment: it waits in a queue until somebody of finance decides whose it is.

In the books it stands in suspense until then: assigned, it is in a customer's wallet; returned, it goes to the payer,
by hand or by the provider. What somebody may not do alone waits for a second person (`second_person.py`).
"""

from django.db import transaction

from billing.actions.ledger import check_reversible, lock_wallet, post_entry, reverse, transfer
from billing.actions.paying_back import pay_back_unmatched
from billing.actions.second_person import count_alone, needs_second, propose, waiting_for
from billing.choices import Account, ClearingState, Deed, EntryKind
from billing.errors import MoneyRefused
from billing.models import Entry, UnmatchedPayment
from billing.permissions import actor_for, may_clear, provider_actor, require
from cards.actions.alone import acting_alone
from cards.calendar import this_moment


def keep_unmatched(notification, facts):
    """Keep for a decision, and in suspense, what a provider has taken, once however often it says so."""
    row, is_new = UnmatchedPayment.objects.get_or_create(
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
    if is_new:
        lines, actor = transfer(row.amount, Account.PROVIDERS, Account.SUSPENSE), provider_actor(row.provider)
        row.kept_entry = post_entry(f"suspense:{row.pk}", EntryKind.SUSPENSE, None, *lines, actor=actor)
        row.save(update_fields=["kept_entry"])


def kept_of(provider, facts):
    """The row in which this money stands already; None where it came for the first time. It is booked nowhere else for
    the payment that it was meant for, whatever becomes of that. One of the same number of ours goes first."""
    known = UnmatchedPayment.objects.filter(provider=provider, reference=facts.reference, amount=facts.amount)
    rows = known.filter(reopened_at=None)
    return rows.filter(payment_key=facts.key).first() or rows.first()


def assign_to(unmatched, customer, *, user, reason):
    """Put the money into a customer's wallet, once; what is more than `user` may alone waits for a second person.

    The row as it is now, or the `Proposal`. Raises `MoneyRefused` where something else was decided, or the wallet
    cannot hold so much more.
    """
    require(may_clear, user)
    with acting_alone(user):
        row = _locked(unmatched.pk)
        if row.is_assigned_to(customer):
            return row
        _refuse_unless(row.waits, "cleared_already")
        if needs_second(row.amount, user=user, customer=customer):
            return _propose(row, customer, user, reason=reason)
        _assign(row, customer, reason, by=user, signed_by=user)
        count_alone(Deed.CLEARING, row.amount, user=user, customer=customer, unmatched=row)
        return row


def mark_returned(unmatched, *, user, reason):
    """Note that the payer has the money back, given by hand at the provider; twice is once.

    `MoneyRefused` where something else was decided.
    """
    return _return(unmatched, Account.PROVIDERS, user=user, reason=reason)


def return_by_provider(unmatched, *, user, reason):
    """Have the provider give the money back, which is owed to the payer until it has (`paying_back.py`); twice is once.

    `MoneyRefused` where something else was decided.
    """
    return _return(unmatched, Account.PAYBACK, user=user, reason=reason)


def reopen(unmatched, *, user, reason):
    """Take a wrong decision back: the money waits anew, as the row that is returned; or the `Proposal`, as above.

    Raises `MoneyRefused` where there is no decision to take back, the provider gives the money back, or the wallet has
    not that much any more.
    """
    require(may_clear, user)
    with acting_alone(user):
        row = _locked(unmatched.pk)
        _refuse_unless(row.is_decided, "not_cleared")
        _refuse_unless(not row.is_sent_back, "sent_back")
        if row.entry is None:
            return _reopen(row, reason, by=user, signed_by=user)
        if needs_second(row.amount, user=user, customer=row.customer):
            check_reversible(row.entry, lock_wallet(row.customer_id))
            return _propose(row, row.customer, user, reason=reason, takes_back=True)
        count_alone(Deed.CLEARING, row.amount, user=user, customer=row.customer, unmatched=row)
        return _reopen(row, reason, by=user, signed_by=user)


def clear_proposed(proposal, user):
    """Do with the money what a second person has approved: they sign the entry, who asked for it the decision."""
    row = _locked(proposal.after["unmatched"])
    how = {"reason": proposal.after["reason"], "by": proposal.asked_by, "signed_by": user}
    if "takes_back" in proposal.after:
        _refuse_unless(row.is_decided, "not_cleared")
        _reopen(row, **how)
    else:
        _refuse_unless(row.waits, "cleared_already")
        _assign(row, proposal.customer, **how)


def clearing_that_waits(unmatched):
    """What waits for a second person about this money, or None."""
    return waiting_for(_subject(unmatched))


def _propose(row, customer, user, **after):
    after |= {"unmatched": row.pk, "reference": row.reference}
    waits = clearing_that_waits(row)
    if waits and (waits.asked_by, waits.customer) == (user, customer):
        return waits
    return propose(Deed.CLEARING, row.amount, user=user, subject=_subject(row), customer=customer, after=after)


def _subject(row):
    return f"unmatched:{row.pk}"


def _assign(row, customer, reason, *, by, signed_by):
    row.customer, row.entry = (
        customer,
        post_entry(
            f"unmatched:{row.pk}",
            EntryKind.ONLINE,
            customer.pk,
            *transfer(row.amount, Account.SUSPENSE if row.kept_entry_id else Account.CASH, Account.WALLET),
            actor=actor_for(signed_by),
            memo=reason,
        ),
    )
    _decide(row, ClearingState.ASSIGNED, reason, by=by)


def _return(unmatched, account, *, user, reason):
    """Out of suspense, where it stands there, to the payer; nothing was posted of rows of before."""
    require(may_clear, user)
    with transaction.atomic():
        row = _locked(unmatched.pk)
        is_sent = account == Account.PAYBACK
        if row.is_returned and row.is_sent_back == is_sent:
            return row
        _refuse_unless(row.waits, "cleared_already")
        source = Account.SUSPENSE if row.kept_entry_id else Account.PROVIDERS
        if source != account:
            lines, actor = transfer(row.amount, source, account), actor_for(user)
            post_entry(_returned_key(row), EntryKind.SUSPENSE, None, *lines, actor=actor, memo=reason)
        if is_sent:
            pay_back_unmatched(row, f"unmatched:{row.pk}")
        _decide(row, ClearingState.RETURNED, reason, by=user)
        return row


def _returned_key(row):
    return f"unmatched_returned:{row.pk}"  # `returned:` are withdrawals


def _decide(row, state, reason, *, by):
    row.state, row.reason, row.decided_by, row.decided_at = state, reason, by, this_moment()
    row.save(update_fields=["state", "customer", "entry", "reason", "decided_by", "decided_at"])


def _reopen(row, reason, *, by, signed_by):
    if moved := row.entry or Entry.objects.filter(pk=_returned_key(row)).first():
        reverse(moved, actor=actor_for(signed_by), memo=reason)
    row.reopened_by, row.reopened_at, row.reopen_reason = by, this_moment(), reason
    row.save(update_fields=["reopened_by", "reopened_at", "reopen_reason"])
    columns = (
        "provider",
        "reference",
        "payment_key",
        "amount",
        "why",
        "payment",
        "notification",
        "came_at",
        "kept_entry",
    )
    return UnmatchedPayment.objects.create(**{name: getattr(row, name) for name in columns})


def _refuse_unless(is_so, code):
    if not is_so:
        raise MoneyRefused(code)


def _locked(pk):
    """The row as it is now: without its relations, which a join would give as they were before the lock."""
    return UnmatchedPayment.objects.select_for_update().get(pk=pk)
