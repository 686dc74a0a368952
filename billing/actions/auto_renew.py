"""Automatic renewals: what ends within its customer's days ahead becomes one order a day, paid whole or not at all.

A run goes from step to step, and each step is a transaction that a second worker, or the one after a killed one, finds
as it was left: the order is drafted under the run's key, its job checks it, and then it is placed, paid and noted down
with the terms that it renews. A run has no lease: what takes long is its order's job, and each step locks the run.
"""

import logging
import time
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Coalesce

from billing.actions import orders
from billing.actions.ledger import account_of, wallet_locked
from billing.choices import NoticeKind, OrderKind
from billing.errors import MoneyRefused
from billing.models import CardRenewal, CustomerAccount, Notice, Order, RenewalRun, RenewedTerm
from billing.rules import check_can_renew_itself
from cards.actions.bulk import insert_rows
from cards.actions.events import pull
from cards.actions.write import chunked
from cards.calendar import this_moment
from cards.choices import CHANGES_OWNER, Action, State
from cards.models import Card

logger = logging.getLogger(__name__)

READER = "renewals"
ENDS_WHAT_WAS_SAID = (Action.CANCEL, *CHANGES_OWNER)
RENEWED_COLUMNS = ("card_id", "term", "order_id")


class Overtaken(Exception):
    """Some cards of the order are not to be renewed any more, though nobody else has renewed them."""


def switch(cards, is_on, *, user):
    """Let these cards renew themselves, or not, whatever their customers have set for all their cards.

    Raises `MoneyRefused` if one of them is cancelled or belongs to nobody; then nothing was switched.
    """
    for card in cards:
        check_can_renew_itself(card)
    for customer_id in {card.customer_id for card in cards}:
        account_of(customer_id)  # the days ahead are read there
    said = [
        CardRenewal(card=card, customer_id=card.customer_id, is_on=is_on, said_by=user, said_at=this_moment())
        for card in cards
    ]
    columns = ["customer", "is_on", "said_by", "said_at"]
    CardRenewal.objects.bulk_create(said, update_conflicts=True, unique_fields=["card"], update_fields=columns)


def forget_what_was_said():
    """Take away the switches of cards that were cancelled, or that belong to somebody else now."""
    while pull(READER, _forget, actions=ENDS_WHAT_WAS_SAID):
        pass


def cards_to_renew(day):
    """Cards whose running term is to be renewed on `day`, because nobody has and they are switched on.

    A card's own switch goes before its customer's. A term that was renewed by itself once is not renewed so again,
    whatever became of it.
    """
    renewed_once = RenewedTerm.objects.filter(card=OuterRef("pk"), term=OuterRef("term_number"))
    said_of_it = Case(When(renewal__customer=F("customer"), then="renewal__is_on"))
    switched_on = Coalesce(said_of_it, "customer__account__auto_renews")
    ending = _ending(day).alias(switched_on=switched_on).filter(switched_on=True)
    return ending.exclude(Exists(renewed_once))


def renew_for(today, seconds):
    """Carry today's renewals as far as they go, for about `seconds` seconds; the next tick carries on."""
    give_up_at = time.monotonic() + seconds
    begun = RenewalRun.objects.filter(customer=OuterRef("customer"), day=today)
    customers = cards_to_renew(today).exclude(Exists(begun)).values_list("customer", flat=True).distinct()
    RenewalRun.objects.bulk_create([RenewalRun(customer_id=pk, day=today) for pk in customers], ignore_conflicts=True)
    for run in RenewalRun.objects.filter(finished_at=None).select_related("customer").order_by("pk"):
        if time.monotonic() > give_up_at:
            break
        try:
            _go_on(run, today)
        except Exception:
            logger.exception("The automatic renewals of customer %s failed; the others go on", run.customer_id)


def _forget(events):
    said = CardRenewal.objects.filter(card__among={event.card_id for event in events})
    said.exclude(~Q(card__state=State.CANCELLED), customer=F("card__customer")).delete()


def _ending(day):
    """Cards whose running term ends within the days ahead of their customer, and that are not renewed."""
    ahead = set(CustomerAccount.objects.values_list("renews_days_ahead", flat=True).distinct())
    windows = [
        Q(customer__account__renews_days_ahead=days, service_until__lte=day + timedelta(days=days)) for days in ahead
    ]
    return Card.objects.ending(day, max(ahead, default=0)).filter(reduce(or_, windows, Q()))


def _go_on(run, today):
    """Take a run to its next stop. What its own day did not see done is given up: today's run looks anew."""
    if run.day < today:
        return _give_up(run)
    if _order_of(run) is None:
        card_ids = list(cards_to_renew(run.day).filter(customer=run.customer).values_list("pk", flat=True))
        if card_ids:
            orders.draft_order(OrderKind.RENEWAL, run.customer, card_ids, user=None, key=run.key)
    _settle(run)


@transaction.atomic
def _give_up(run):
    order = _order_of(run) if _lock(run) else None
    if order and order.is_draft:
        orders.withdraw(order, user=None)
    _finish(run)


@transaction.atomic
def _settle(run):
    """Place and pay a checked order. One that cannot be sold is withdrawn; one that was overtaken is drafted anew."""
    order = _order_of(run) if _lock(run) else None
    if order is None or order.job.is_at_work:
        return
    if not order.is_draft:  # somebody moved it on by hand
        return _finish(run, order=order)
    try:
        with transaction.atomic():
            _place_and_pay(run, order)
    except Overtaken:
        orders.withdraw(order, user=None)
    except MoneyRefused:
        orders.withdraw(order, user=None)
        _finish(run)


def _place_and_pay(run, order):
    with orders.locked(order) as order, wallet_locked(run.customer_id) as account:
        due = dict(cards_to_renew(run.day).filter(customer=run.customer).values_list("pk", "term_number"))
        order = orders.place(order, user=None)
        terms = [(card_id, due.get(card_id)) for card_id in order.lines.values_list("card", flat=True)]
        if not all(term for _card_id, term in terms):
            raise Overtaken
        is_short = account.available < order.total
        if is_short:
            orders.withdraw(order, user=None)
            _notify(run, order, account)
        else:
            orders.pay(order, user=None)
            for chunk in chunked(terms):
                insert_rows(RenewedTerm, RENEWED_COLUMNS, [(card_id, term, order.pk) for card_id, term in chunk])
    _finish(run, order=order, is_short=is_short)


def _notify(run, order, account):
    """Let the customer know, once a day, unless they do not want to hear it."""
    if NoticeKind.RENEWAL_FAILED in account.muted:
        return
    facts = {"needed": str(order.total), "available": str(account.available), "cards": order.size}
    Notice.objects.get_or_create(
        customer=run.customer, kind=NoticeKind.RENEWAL_FAILED, card=None, on=run.day, step=0, defaults={"facts": facts}
    )


def _order_of(run):
    return Order.objects.filter(key=run.key).select_related("job").first()


def _lock(run):
    """Whether the run is still open; nobody else moves it on until the transaction ends."""
    return RenewalRun.objects.select_for_update().filter(pk=run.pk, finished_at=None).first() is not None


def _finish(run, **became):
    RenewalRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=this_moment(), **became)
