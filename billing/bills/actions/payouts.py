"""Payouts: money that goes from a provider to the dealer's bank, posted once for each transfer.

A line of a bill posts it, or somebody records what the bank's statement says. A line that comes after a record of about
the same day and the same amount is that transfer: the bank gives it a reference of its own.
"""

from datetime import timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.actions.ledger import post_entry, transfer
from billing.bills.actions.wanting import provider_of
from billing.bills.choices import LineVerdict
from billing.bills.models import Payout
from billing.bills.permissions import may_settle
from billing.choices import Account, EntryKind
from billing.money import yuan
from billing.permissions import actor_for, provider_actor, require
from cards.calendar import civil_today
from cards.errors import BadInput

SAME_TRANSFER_WITHIN = timedelta(days=3)  # of the provider's day and the bank's
_LONGEST_KEY = 64


def record_payout(account, reference, amount, paid_on, *, user):
    """Post what a provider has paid out by the bank's statement, once for each reference; the `Payout`.

    Raises `BadInput` where it stands there otherwise, or a bill has told it already.
    """
    require(may_settle, user)
    if provider_of(account) is None:
        raise BadInput("account", _("There is no payment account called {name}.").format(name=account))
    if paid_on > civil_today():
        raise BadInput("paid_on", _("The day lies in the future."))
    try:
        with transaction.atomic():
            return _known(account, reference, amount) or _record(account, reference, amount, paid_on, user)
    except IntegrityError:  # somebody else recorded it at this very moment
        if known := _known(account, reference, amount):
            return known
        raise


def post_payout(line):
    """What a line of a bill says was paid out, posted once, whatever bill it stands in, in the caller's transaction."""
    account, paid_on = line.bill.account, timezone.localdate(line.at)
    payout = _of_reference(account, line.reference) or _recorded(account, line.amount, paid_on)
    if payout is None:
        actor = provider_actor(account)
        _post(account, line.reference or line.mark, line.amount, actor, paid_on=paid_on, line=line)
        return
    is_same = payout.amount == line.amount
    if payout.line is None and is_same:
        payout.line = line
        payout.save(update_fields=["line"])
    if payout.line_id != line.pk or payout.recorded_by_id:
        line.verdict = LineVerdict.MATCHED if is_same else LineVerdict.OTHER_AMOUNT
        line.settled_at = line.settled_at if is_same else None
        line.save(update_fields=["verdict", "settled_at"])


def _of_reference(account, reference):
    return Payout.objects.select_for_update().filter(account=account, reference=reference).first()


def _recorded(account, amount, paid_on):
    """What somebody recorded of about that day, of the same amount, and no line has told yet."""
    by_hand = Payout.objects.select_for_update().filter(account=account, amount=amount, line=None)
    return by_hand.filter(recorded_by__isnull=False, **_about(paid_on)).order_by("pk").first()


def _known(account, reference, amount):
    known = Payout.objects.filter(account=account, reference=reference).first()
    if known and known.amount != amount:
        sentence = _("This reference is recorded already, with {amount}: check which is right.")
        raise BadInput("reference", sentence.format(amount=yuan(known.amount)))
    return known


def _record(account, reference, amount, paid_on, user):
    told = Payout.objects.filter(account=account, amount=amount, recorded_by=None, **_about(paid_on)).first()
    if told:
        sentence = _("The bill of {day} has this payout already, as {reference}.")
        raise BadInput("reference", sentence.format(day=told.paid_on, reference=told.reference))
    return _post(account, reference, amount, actor_for(user), paid_on=paid_on, recorded_by=user)


def _post(account, reference, amount, actor, **facts):
    key, lines = _key(account, reference), transfer(amount, Account.CASH, Account.PROVIDERS)
    entry = post_entry(key, EntryKind.PAYOUT, None, *lines, actor=actor, memo=reference)
    return Payout.objects.create(account=account, reference=reference, amount=amount, entry=entry, **facts)


def _key(account, reference):
    key = f"payout:{account}:{reference}"
    return key if len(key) <= _LONGEST_KEY else f"payout:{sha256(key.encode()).hexdigest()[:48]}"


def _about(day):
    return {"paid_on__gte": day - SAME_TRANSFER_WITHIN, "paid_on__lte": day + SAME_TRANSFER_WITHIN}
