"""Automatic renewals: what ends within its customer's days ahead becomes one order a day, as far as the wallet pays.

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
from billing.actions.looks import AT_ALL
from billing.actions.missed_renewals import record_missed, tell_shortage
from billing.actions.paying import locked
from billing.actions.renewal_quotes import quote_renewals
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import CardRenewal, CustomerAccount, MissedRenewal, Order, RenewalRun, RenewedTerm
from billing.money import yuan
from billing.rules import check_can_renew_itself
from cards.actions.bulk import insert_rows
from cards.actions.events import pull
from cards.actions.write import chunked
from cards.calendar import civil_today, this_moment
from cards.choices import CHANGES_OWNER, Action, State
from cards.models import Card

logger = logging.getLogger(__name__)

READER = "renewals"
ENDS_WHAT_WAS_SAID = (Action.CANCEL, *CHANGES_OWNER)
RENEWED_COLUMNS = ("card_id", "term", "order_id")


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
    """Cards whose running term is to be renewed on `day`, because nobody has and they are switched on."""
    ahead = _days_ahead()
    running = Card.objects.ending(day, max(ahead, default=0))
    return _not_renewed_once(switched_on(running.filter(_due_by(day, ahead))))


def cards_to_renew_within(day, days):
    """Cards that `cards_to_renew` will have on some day after `day`, within `days` days, as things stand."""
    ahead = _days_ahead()
    running = Card.objects.ending(day, max(ahead, default=0) + days)
    due = running.filter(_due_by(day + timedelta(days=days), ahead)).exclude(_due_by(day, ahead))
    return _not_renewed_once(switched_on(due))


def switched_on(cards):
    """Those of these cards that renew themselves: a card's own switch goes before its customer's."""
    said_of_it = Case(When(renewal__customer=F("customer"), then="renewal__is_on"))
    is_on = Coalesce(said_of_it, "customer__account__auto_renews")
    return cards.alias(switched_on=is_on).filter(switched_on=True)


def missed_renewals(today):
    """What did not renew and is to be made good: neither renewed since, nor switched off, nor over."""
    still = MissedRenewal.objects.filter(customer=F("card__customer"), term=F("card__term_number"))
    return still.filter(card__in=cards_to_renew(today).values("pk"))


def begin_runs(day, look=AT_ALL):
    """Begin a run for each customer with cards to renew on a day, among those that are looked at, who has none yet.

    Who is being merged pays nothing: their cards renew once they are the target's.
    """
    if not look.is_at_cards:
        return
    begun = RenewalRun.objects.filter(customer=OuterRef("customer"), day=day)
    due = look.among(cards_to_renew(day)).filter(customer__merged_into=None).exclude(Exists(begun))
    customers = due.order_by("customer").values_list("customer", flat=True).distinct()
    RenewalRun.objects.bulk_create([RenewalRun(customer_id=pk, day=day) for pk in customers], ignore_conflicts=True)


def carry_runs_on(day, seconds):
    """Carry the runs that were begun as far as they go, for about `seconds` seconds; the next tick carries on.

    Earlier days are over: what is left of them is given up, and this day looks anew. What went wrong with the last
    customer whose renewals failed, or None.
    """
    failed = None
    give_up_at = time.monotonic() + seconds
    still_open = RenewalRun.objects.filter(finished_at=None, customer__merged_into=None)
    for run in still_open.select_related("customer").order_by("pk"):
        if time.monotonic() > give_up_at:
            break
        try:
            _go_on(run, day)
        except Exception as error:
            failed = error
            logger.exception("The automatic renewals of customer %s failed; the others go on", run.customer_id)
    return failed


def runs_left(day):
    """Whether some customers' renewals of this day are neither made nor missed yet."""
    return RenewalRun.objects.filter(day=day, finished_at=None).exists()


def _forget(events):
    said = CardRenewal.objects.filter(card__among={event.card_id for event in events})
    said.exclude(~Q(card__state=State.CANCELLED), customer=F("card__customer")).delete()


def _not_renewed_once(cards):
    """Those of these cards whose running term has not renewed itself: none does so again, whatever became of it."""
    return cards.exclude(Exists(RenewedTerm.objects.filter(card=OuterRef("pk"), term=OuterRef("term_number"))))


def _due_by(day, ahead):
    """The condition that a card's running term ends within the days ahead of its customer, counted from `day`."""
    windows = [
        Q(customer__account__renews_days_ahead=days, service_until__lte=day + timedelta(days=days)) for days in ahead
    ]
    return reduce(or_, windows, Q())


def _days_ahead():
    """What customers have agreed on, each number once."""
    return set(CustomerAccount.objects.order_by().values_list("renews_days_ahead", flat=True).distinct())


def _go_on(run, day):
    """Take a run to its next stop; one of a day before is given up."""
    if run.day < day:
        return _give_up(run)
    if _order_of(run) is None:
        card_ids = list(cards_to_renew(run.day).filter(customer=run.customer).values_list("pk", flat=True))
        if card_ids:
            orders.draft_order(OrderKind.RENEWAL, run.customer, card_ids, user=None, key=run.key, day=run.day)
    _settle(run)


@transaction.atomic
def _give_up(run):
    order = _order_of(run) if _lock(run) else None
    if order and order.is_draft and not order.is_being_placed:  # or it is whose who has placed it
        orders.withdraw(order, user=None)
    _finish(run)


@transaction.atomic
def _settle(run):
    """Place and pay what a checked draft can renew and the wallet pays for; what is missed is kept and told.

    Nothing is left of a draft that renews nothing.
    """
    if not _lock(run):
        return
    order = _order_of(run)
    if order is None:  # nothing is to be renewed any more
        return _finish(run)
    if order.is_draft and order.job.is_at_work:
        return
    with locked(order) as order, wallet_locked(run.customer_id) as account:
        if not order.is_draft:  # somebody moved it on by hand, and it is theirs
            return _finish(run, order=order)
        renewed, missed, left = _divided(run, order, account.available)
        record_missed(account, run.day, missed)
        tell_shortage(account, run.day, len(renewed), missed, left)
        if renewed:
            _place_and_pay(order, renewed)
        else:
            orders.withdraw(order, user=None)
        is_short = any(refused.code == "short" for _quote, refused in missed)
        _finish(run, order=order if renewed else None, is_short=is_short)


def _divided(run, order, available):
    """(quotes of what is renewed, (quote, refusal) of what is not, what is left to spend), soonest end first.

    A card that was renewed or switched off since the draft is neither. What is left after one card that is too dear
    pays for the next that is not.
    """
    refusals, renewed, missed = _refusals(order), [], []
    for quote in quote_renewals(cards_to_renew(run.day), run.customer_id, lambda _ends_on: civil_today()):
        if quote.card_id not in refusals:
            continue
        refused = quote.refused or refusals[quote.card_id]
        if not refused and quote.price > available:
            refused = MoneyRefused("short", needed=yuan(quote.price), available=yuan(available))
        if refused:
            missed.append((quote, refused))
        else:
            renewed.append(quote)
            available -= quote.price
    return renewed, missed, available


def _refusals(order):
    """For each card of a draft what the check found in its way, or None; all are refused if there was no check."""
    unchecked = None if order.job.is_waiting else MoneyRefused("not_checked")
    refusals = {}
    for payload, check in order.job.chunks.values_list("payload", "check_result"):
        refusals |= dict.fromkeys(payload["cards"], unchecked)
        refusals |= {pk: MoneyRefused.read(written) for pk, written in (check or {}).get("why_not", ())}
    return refusals


def _place_and_pay(order, quotes):
    """Sell the cards of these quotes their next term, and note that these terms have renewed themselves."""
    orders.pay(orders.place(order, user=None, only={quote.card_id for quote in quotes}), user=None)
    for chunk in chunked(quotes):
        insert_rows(RenewedTerm, RENEWED_COLUMNS, [(quote.card_id, quote.term, order.pk) for quote in chunk])


def _order_of(run):
    return Order.objects.filter(key=run.key).select_related("job").first()


def _lock(run):
    """Whether the run is still open; nobody else moves it on until the transaction ends."""
    return RenewalRun.objects.select_for_update().filter(pk=run.pk, finished_at=None).first() is not None


def _finish(run, **became):
    RenewalRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=this_moment(), **became)
