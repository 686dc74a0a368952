"""Notices that the portal made up for, and that were not true any more when they could be mailed."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q

from billing.actions.notices import OCCASIONS
from billing.actions.reminders import unpaid_orders
from billing.actions.wallets_below import low_wallets, overdrawn_wallets
from billing.choices import TOLD_EACH_TIME, MissedWhy, NoticeKind
from billing.models import MissedRenewal, Notice
from cards.models import Card
from cards.querysets import not_renewed


def leave_out_outdated(today):
    """Keep out of the mail what was to be told on days before yesterday and is not true today."""
    late = Notice.objects.filter(digest=None, outdated=False, day__lt=today - timedelta(days=1))
    if late.exists():
        late.exclude(_still_true(today)).update(outdated=True)


def _still_true(today):
    """The condition, kind by kind: the end is ahead and no nearer, the charge to come, the money still missing."""
    of_cards = [Q(kind=occasion.kind) & _gives_cause(occasion, today) for occasion in OCCASIONS]
    low, overdrawn = (
        wallets.filter(pk=OuterRef("customer"), since=OuterRef("on"))
        for wallets in (low_wallets(), overdrawn_wallets())
    )
    unpaid = unpaid_orders().filter(customer=OuterRef("customer"), due_on=OuterRef("on"))
    conditions = {
        NoticeKind.RENEWING: Q(on__gt=today),
        NoticeKind.PRICE_CHANGED: Q(on__gt=today),
        NoticeKind.WALLET_LOW: Q(Exists(low)),
        NoticeKind.RENEWAL_FAILED: _is_last() & Q(Exists(_still_missed().filter(why=MissedWhy.SHORT))),
        NoticeKind.NOT_RENEWED: Q(Exists(_still_missed().filter(card=OuterRef("card")))),
        NoticeKind.PAYMENT_DUE: Q(Exists(unpaid), on__gt=today),
        NoticeKind.CREDIT_DUE: Q(Exists(overdrawn)),
        **dict.fromkeys(TOLD_EACH_TIME, Q()),
    }
    true = Q(pk__in=[])
    for condition in (*of_cards, *(Q(kind=kind) & condition for kind, condition in conditions.items())):
        true |= condition
    return true


def _gives_cause(occasion, today):
    """Whether the card of a notice would be told of today in the same words."""
    cards = occasion.cards(today).filter(pk=OuterRef("card"), customer=OuterRef("customer"))
    alike = {occasion.on: OuterRef("on"), "told_step": OuterRef("step")}
    return Q(Exists(cards.annotate(told_step=occasion.step(today)).filter(**alike)))


def _still_missed():
    """Terms of the customer that did not renew themselves, and that nobody has renewed since."""
    missed = MissedRenewal.objects.filter(customer=OuterRef("customer"), term=F("card__term_number"))
    return missed.filter(card__in=Card.objects.filter(not_renewed()).values("pk"))


def _is_last():
    later = Notice.objects.filter(kind=OuterRef("kind"), customer=OuterRef("customer"), on__gt=OuterRef("on"))
    return ~Q(Exists(later))
