"""The lines of an order: what each card is sold, for how much, and why some are not sold anything."""

from collections import defaultdict
from decimal import Decimal

from billing.actions.delivery import work_of
from billing.choices import LineState, OrderKind
from billing.models import MoneyRules, OrderLine, PriceBook
from billing.money import ZERO
from billing.rules import effect, offer, terms_of
from cards.actions.action_requests import rehearse
from cards.actions.alike import Representative, Unlike, classes_of
from cards.actions.bulk import insert_rows
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.calendar import civil_today
from cards.errors import Refused
from cards.guards import renewed_by
from cards.models import Card, OrderedTerm, Plan, ServiceTerm

# What an order asks of a card beside what the rules do.
ASKED_OF_CARDS = ("customer_id", "stray_usage_on")
COLUMNS_WRITTEN = (
    "card_id",
    "number",
    "order_id",
    "plan_id",
    "months",
    "alignment",
    "quota_mb",
    "unit_price",
    "cost",
    "tax_rate",
    "state",
)


class Offers:
    """What an order offers to cards today, with the prices read once."""

    def __init__(self, order):
        self.order, self.today = order, civil_today()
        self.book, self.tax_rate = PriceBook.read([order.customer_id]), MoneyRules.read().tax_on(order.kind)
        self.works = {}

    def of(self, cards):
        """For each of these cards (with their queues) its plan, read with one query for all of them."""
        self.plans = plans_of(self.order, [card.pk for card in cards])
        return self.plans

    def quotes_for(self, card_ids):
        """For these cards, in classes where they are alike: (keys, plan, `Offer`, effect, None), or at the end the
        refusal, and neither an offer nor an effect."""
        self.plans, done = plans_of(self.order, card_ids), set()
        for card in self._classes(card_ids):
            try:
                quoted = self._quoted(card)
            except Unlike:
                continue
            done.update(card.keys)
            yield card.keys, *quoted
        others = attach_queues(list(Card.objects.filter(pk__among=set(card_ids) - done).order_by("pk")))
        self.load(others)
        for card in others:
            yield (card.pk,), *self._quoted(card)

    def _quoted(self, card):
        plan = self.plan_of(card)
        try:
            made, after = self.quote_for(card)
        except Refused as refused:
            return plan, None, "", refused
        return plan, made, effect(card, after), None

    def _classes(self, card_ids):
        """Cards that are alike, get the same plan, and have nothing on order; none where a card's own key is asked."""
        if self.order.kind == OrderKind.OPENING:
            return
        apart = set(OrderedTerm.objects.filter(card__among=card_ids).values_list("card_id", flat=True))
        for card in classes_of(card_ids, self.today, ASKED_OF_CARDS):
            by_plan = defaultdict(dict)
            for key, version in zip(card.keys, card.versions, strict=True):
                if key not in apart:
                    by_plan[self.plans.get(key)][key] = version
            for versions in by_plan.values():
                alike = card.of_some(versions)
                alike.on_order = ()
                yield alike

    def quote_for(self, card):
        """(the `Offer`, the card as it would be), or the refusal raised: the price first, then the card itself."""
        plan = self.plan_of(card)
        made = offer(self.order, plan, self.book, self.today)
        after, refused = rehearse(self._work(plan), card)
        if refused:
            raise refused
        if self.order.leaves_renewed_out and (renewal := renewed_by(card)):
            raise renewal
        return made, after

    def plan_of(self, card):
        return self.plans.get(card.keys[0] if isinstance(card, Representative) else card.pk)

    def price_of(self, plan):
        """What a plan (None: a card itself) costs today; `MoneyRefused` where it is not sold."""
        return offer(self.order, plan, self.book, self.today).quote.amount

    def terms_of(self, plan):
        """On what `Terms` a plan (None: a card itself) is sold today."""
        return terms_of(self.order, plan, self.book, self.today, self.tax_rate)

    def in_line(self, card):
        """The card as it would be, behind all that is on order for it; None where it would refuse that."""
        return rehearse(self._work(self.plan_of(card)), card.with_ordered())[0]

    def _work(self, plan):
        key = plan and plan.pk
        if key not in self.works:
            self.works[key] = work_of(self.order, plan)
        return self.works[key]

    def load(self, cards):
        """What the works look at besides the card itself, and what is on its way to it."""
        attach_ordered(cards)
        for plan in {plan and plan.pk: plan for plan in self.plans.values()}.values():
            self._work(plan).load(cards)


def plans_of(order, card_ids):
    """What an order sells to each of these cards: its plan, or else the card's own again; None for a card itself."""
    if order.kind == OrderKind.SALE:
        return dict.fromkeys(card_ids)
    if order.plan:
        return dict.fromkeys(card_ids, order.plan)
    # In order: the last one stays.
    terms = ServiceTerm.objects.filter(card__among=card_ids).order_by("card_id", "number")
    if order.kind == OrderKind.OPENING:
        terms = terms.filter(number=1)
    latest = dict(terms.values_list("card_id", "plan_id"))
    plans = Plan.objects.in_bulk(set(latest.values()))
    return {card_id: plans[plan_id] for card_id, plan_id in latest.items()}


class Able:
    """The cards that the check of a draft found able, without those that were renewed since, where it leaves these out.

    `renewed` counts those, and `first` is the refusal of the first of them, which says what renews it. With `only`, a
    set of keys, no other card is among them.
    """

    def __init__(self, order, only=None):
        self.order, self.only, self.renewed, self.first = order, only, 0, None

    def __iter__(self):
        """Their keys, chunk by chunk."""
        for payload, checked in self.order.job.chunks.order_by("number").values_list("payload", "check_result"):
            able = able_in(payload, checked)
            if self.only is not None:
                able &= self.only
            if self.order.leaves_renewed_out:
                able -= self._renewed_among(able)
            yield able

    def _renewed_among(self, card_ids):
        renewed = list(Card.objects.filter(pk__among=card_ids).renewed().order_by("pk"))
        if renewed and self.first is None:
            self.first = renewed_by(attach_ordered(attach_queues(renewed[:1]))[0])
        self.renewed += len(renewed)
        return {card.pk for card in renewed}


def able_in(payload, checked):
    """The keys of the cards of a chunk that its check found able."""
    return set(payload["cards"]).difference(checked["cannot"])


def write_lines(order, able):
    """Write a line for each of these cards behind those that are there, at today's prices, and count them (`size`,
    `total`). `able` are their keys, chunk by chunk."""
    book, rate, today = PriceBook.read([order.customer_id]), MoneyRules.read().tax_on(order.kind), civil_today()
    for card_ids in able:
        plans, rows = plans_of(order, card_ids), []
        offered = {plan: offer(order, plan, book, today) for plan in {plans[card_id] for card_id in card_ids}}
        for number, card_id in enumerate(sorted(card_ids), start=order.size + 1):
            plan, quote = plans[card_id], offered[plans[card_id]].quote
            sold = (plan.pk, plan.months, plan.alignment, plan.quota_mb) if plan else (None, None, "", None)
            rows.append((card_id, number, order.pk, *sold, quote.amount, quote.cost, rate, LineState.OPEN.value))
            order.total += quote.amount
        insert_rows(OrderLine, COLUMNS_WRITTEN, rows)
        order.size += len(rows)


def keep_costs(order):
    """What the dealer pays is that of today for every line, whenever each was written."""
    book = PriceBook.read([order.customer_id])
    for plan_id in order.lines.order_by().values_list("plan", flat=True).distinct():
        cost = book.cost(plan_id, civil_today())
        order.lines.filter(plan=plan_id).exclude(cost=cost).update(cost=cost)


def amount_of(lines):
    """What these lines come to."""
    return sum((line.unit_price for line in lines), ZERO)


def sum_of_checks(job):
    """What the check of a job found that its lines come to."""
    amounts = job.chunks.values_list("check_result__amount", flat=True)
    return sum((Decimal(amount) for amount in amounts if amount), ZERO)
