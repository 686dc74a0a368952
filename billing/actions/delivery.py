"""What a fulfilled line does to its card, and what returning it undoes: always through the cards' own actions."""

from collections import defaultdict
from dataclasses import replace

from billing.choices import ACTIONS, UNDONE_BY, LineState, OrderKind, OrderState
from billing.errors import MoneyRefused
from billing.models import OrderLine
from billing.permissions import actor_for
from cards.actions.action_requests import ActionRequest, RequestedAction
from cards.actions.write import Signature, Work, change, in_classes, one_by_one
from cards.calendar import civil_today, this_moment
from cards.catalogue import CATALOGUE
from cards.choices import Action
from cards.models import CardEvent, Plan, PolicyBook
from cards.permissions import Actor


def seller(order):
    """Who signs what an order does to cards: who placed it, for the customer's cards (or stock) alone.

    They had to be allowed it when they placed it; what they may now makes no difference. While customers are merged,
    the cards are the target's before the order is.
    """
    whose = {None} if order.kind == OrderKind.SALE else {order.customer_id, order.customer.now.pk}
    return _only(ACTIONS.get(order.kind), whose, actor_for(order.placer, order))


def _only(action, customer_ids, signs):
    """Somebody who may do this alone, to the cards of these customers (None: stock) alone."""
    return Actor(signs.kind, signs.name, frozenset({action} - {None}), frozenset(customer_ids))


def sold_plan(line):
    """The plan as it was sold, whatever has become of it since."""
    if line.plan_id is None:
        return None
    plan = Plan(pk=line.plan_id, code=line.plan.code, kind=line.plan.kind)
    plan.months, plan.alignment, plan.quota_mb = line.months, line.alignment, line.quota_mb
    return plan


def deliver(order, lines, job):
    """Give the cards of these lines what was sold; an outcome for each card, or class of cards."""
    signature = Signature(seller(order), job.reason, this_moment(), job.pk)
    by_plan, outcomes = defaultdict(list), []
    for line in lines:
        by_plan[line.plan_id, line.months, line.alignment, line.quota_mb].append(line)
    for alike in by_plan.values():
        work = work_of(order, sold_plan(alike[0]), job.reason)
        how = in_classes if isinstance(work, RequestedAction) else one_by_one
        outcomes += change([line.card_id for line in alike], work, signature, how)
    return outcomes


def work_of(order, plan, reason=None):
    """The work of selling a plan (or the card itself) to cards of this order; without a reason, to be rehearsed."""
    request = ActionRequest(seller(order), civil_today(), PolicyBook.read(), reason)
    match order.kind:
        case OrderKind.OPENING:
            return Opening(order, request)
        case OrderKind.SALE:
            request.params = {"customer": order.customer}
            return Sale(CATALOGUE[Action.ASSIGN], request)
    request.params = {"plan": plan}
    return Service(CATALOGUE[ACTIONS[order.kind]], request)


class Service(RequestedAction):
    """A term or a pack for a card of the order's customer."""

    def steps(self, card):
        if not self.request.actor.owns(card):
            raise MoneyRefused("anothers_card")
        yield from super().steps(card)


class Sale(RequestedAction):
    """A card out of stock becomes the customer's."""

    def steps(self, card):
        if card.customer_id is not None:
            raise MoneyRefused("not_in_stock")
        yield from super().steps(card)


class Opening(Work):
    """The plan that a card was opened with: the card has its term already, and now it is paid, once."""

    def __init__(self, order, request):
        self.order, self.request = order, request

    def load(self, cards):
        others = OrderLine.objects.filter(card__among=[card.pk for card in cards], order__kind=OrderKind.OPENING)
        others = others.exclude(order=self.order).select_related("order")
        self.paid = set(others.filter(state=LineState.FULFILLED).values_list("card_id", flat=True))
        waiting = others.filter(
            state=LineState.OPEN,
            order__state__in=(OrderState.PLACED, OrderState.PAID),
            order__customer=self.order.customer_id,
        )
        self.ordered = {line.card_id: line.order.number for line in waiting.order_by("pk")}

    def steps(self, card):
        if not self.request.actor.owns(card):
            raise MoneyRefused("anothers_card")
        if card.is_final:
            raise MoneyRefused("cancelled")
        if card.pk in self.paid:
            raise MoneyRefused("opening_paid")
        if self.request.is_preview and card.pk in self.ordered:  # of two that are placed, the first one paid counts
            raise MoneyRefused("opening_ordered", order=self.ordered[card.pk])
        yield from ()


def return_lines(refund, lines, job):
    """Undo on the cards of these fulfilled lines what they got, as long as it was not used; an outcome for each."""
    numbers = {line.card_id: line.seq for line in lines}
    work = Returning(refund, numbers)
    return change(numbers, work, Signature(work.request.actor, job.reason, this_moment(), job.pk))


class Returning(Work):
    """The work of a return: a queued term leaves its queue, a card that was never used goes back to stock.

    It is signed by the person who requested the refund, who had to be allowed it then.
    """

    def __init__(self, refund, records):
        self.order, self.records = refund.order, records
        self.action = UNDONE_BY.get(self.order.kind)
        actor = _only(self.action, {self.order.customer_id}, actor_for(refund.asked_by))
        self.request = ActionRequest(actor, civil_today(), PolicyBook.read(), reason="")

    def load(self, cards):
        events = CardEvent.objects.filter(card__among=[card.pk for card in cards], seq__in=set(self.records.values()))
        self.terms = {
            event.card_id: event.evidence.get("term") for event in events if self.records[event.card_id] == event.seq
        }

    def steps(self, card):
        match self.order.kind:
            case OrderKind.RENEWAL:
                yield from self._do(card, term=self.terms.get(card.pk))
            case OrderKind.SALE:
                if card.activated_on or card.customer_id != self.order.customer_id:
                    raise MoneyRefused("service_used")
                yield from self._do(card)
            case OrderKind.OPENING:
                if card.activated_on:
                    raise MoneyRefused("service_used")
            case _:
                raise MoneyRefused("service_used")

    def _do(self, card, **params):
        yield from RequestedAction(CATALOGUE[self.action], replace(self.request, params=params)).steps(card)
