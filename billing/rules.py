"""What selling to a card comes to: pure decisions about plans, prices and what follows for the card."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from billing.choices import OrderKind, PriceKind
from billing.errors import MoneyRefused
from billing.models import Order, Price, PriceBook
from billing.models.price import Quote
from billing.money import LARGEST, ZERO, yuan
from cards.calendar import exists
from cards.choices import Hold, PlanKind, State
from cards.holds import stopping
from cards.models import Card, Plan

USUAL_DAYS_BACK = 90  # between a transfer and its being recorded
MOST_DAYS_AHEAD = 90

# What a card needs for what is sold to it; a card sale sells no plan.
PLAN_KINDS = {OrderKind.OPENING: PlanKind.PLAN, OrderKind.RENEWAL: PlanKind.PLAN, OrderKind.PACK: PlanKind.PACK}

# What stops a card until somebody has done something about it: nobody is charged for such a card unasked.
BLOCKING_HOLDS = (Hold.ANOMALY, Hold.REAL_NAME)

# Prices are agreed on before the cards are there: a price counts for so many cards at least.
CARDS_AT_LEAST = 100


@dataclass(frozen=True)
class Offer:
    """What one card would get in an order: the plan (None for the card itself) and the quote for it."""

    plan: Plan | None
    quote: Quote


class Terms(NamedTuple):
    """What a card is sold and for how much, as it is kept and compared.

    `plan` is a code, empty for the card itself; without a `price` it is not sold.
    """

    plan: str
    price: str | None
    months: int | None
    alignment: str
    quota_mb: int | None
    tax_rate: str

    @property
    def as_plan(self) -> Plan:
        """The plan as it was sold on these terms, to be described."""
        kind = PlanKind.PLAN if self.months else PlanKind.PACK
        sold = {"months": self.months, "alignment": self.alignment, "quota_mb": self.quota_mb}
        return Plan(code=self.plan, kind=kind, **sold)


class Shown(NamedTuple):
    """What somebody saw before they agreed to an order: its total, and what stands for the terms of all its cards."""

    total: Decimal
    terms: str


def digest_of(cards: Mapping[Terms, int]) -> str:
    """What stands on a form for terms and how many cards are sold on each."""
    told = sorted(repr((*terms, count)) for terms, count in cards.items() if count)
    return sha256("\n".join(told).encode()).hexdigest()[:16]


def offer(order: Order, plan: Plan | None, book: PriceBook, day: date) -> Offer:
    """What is sold and for how much, as of `day`; `MoneyRefused` where it is not sold or has no price.

    A card's opening is to be paid also if its plan was retired since.
    """
    if plan and not plan.is_sold and order.kind != OrderKind.OPENING:
        raise MoneyRefused("not_on_sale", plan=plan.code)
    quote_of = book.guest_quote if order.is_guest else book.quote
    quote = quote_of(order.customer_id, plan.pk if plan else None, day)
    if quote is None and plan:
        raise MoneyRefused("no_price", plan=plan.code, day=str(day))
    if quote is None:
        raise MoneyRefused("no_card_price", day=str(day))
    return Offer(plan, quote)


def terms_of(order: Order, plan: Plan | None, book: PriceBook, day: date, tax_rate: Decimal) -> Terms:
    """On what terms the order sells a plan (None: the card itself) as of `day`; without a price where it does not."""
    try:
        price = str(offer(order, plan, book, day).quote.amount)
    except MoneyRefused:
        price = None
    if plan is None:
        return Terms("", price, None, "", None, str(tax_rate))
    return Terms(plan.code, price, plan.months, plan.alignment, plan.quota_mb, str(tax_rate))


def effect(before: Card, after: Card) -> str:
    """What an order does to a card, as a code: `works_again`, `still_stopped`, `queues` (no change yet), `adds`.

    `queues_again` are terms behind the next one, which the card has already.
    """
    if after.state == State.SUSPENDED and before.state in (State.SUSPENDED, State.SHUT_DOWN):
        return "still_stopped"
    if before.state in (State.SUSPENDED, State.SHUT_DOWN) and after.state != before.state:
        return "works_again"
    if len(after.queue) == len(before.queue):
        return "adds"
    return "queues_again" if before.is_renewed else "queues"


def check_is_not_blocked(state: str, holds: str) -> None:
    """Raise `MoneyRefused` for a card (its state and its holds, as text) that does not renew itself as it stands."""
    for hold in stopping(state, holds):
        if hold in BLOCKING_HOLDS:
            raise MoneyRefused("blocked", hold=str(hold))


def check_total(total: Decimal) -> None:
    """Raise `MoneyRefused` for more than an order can come to, charged or given."""
    if abs(total) > LARGEST:
        raise MoneyRefused("too_large", total=yuan(total), most=yuan(LARGEST))


def is_usual_day(received_on: date, today: date) -> bool:
    """Whether a transfer is recorded without a question: of today, or at most 90 days old."""
    return timedelta(0) <= today - received_on <= timedelta(days=USUAL_DAYS_BACK)


def may_be_received_on(received_on: date, today: date) -> bool:
    """Whether a transfer can be of this day at all, when somebody says that it is."""
    return exists(received_on) and received_on <= today + timedelta(days=MOST_DAYS_AHEAD)


def check_can_renew_itself(card: Card) -> None:
    """Raise `MoneyRefused` for a card that nothing can renew, or for which nobody would pay."""
    if card.is_final:
        raise MoneyRefused("cancelled")
    if card.customer_id is None:
        raise MoneyRefused("nobodys_card")


@dataclass(frozen=True)
class PriceEffect:
    """What is paid before and after a new price, and what that takes off if each card for which it is buys once.

    `because` says why it takes a second person whatever it takes off: `zero` or `below_cost`; else it is empty.
    """

    before: Decimal | None
    after: Decimal | None
    takes_off: Decimal
    because: str = ""


def price_effect(price: Price, book: PriceBook, cards: int) -> PriceEffect:
    """What a price does that is not set yet, to so many cards."""
    before, after = book.before_and_after(price)
    takes_off = _takes_off(before, after, cards)
    is_raised = before is not None and after is not None and after >= before
    if price.kind == PriceKind.COST or price.amount is None or is_raised:
        return PriceEffect(before, after, takes_off)
    cost = book.cost(price.plan_id, price.valid_from)
    because = "zero" if not price.amount else "below_cost" if cost is not None and price.amount < cost else ""
    return PriceEffect(before, after, takes_off, because)


def tier_takes_off(before: PriceBook, after: PriceBook, customer_id: int, cards: int, day: date) -> Decimal:
    """What another tier takes off if each card of the customer buys once: by the plan whose price falls most."""
    sold = [None, *Plan.objects.values_list("pk", flat=True)]
    quotes = [(before.quote(customer_id, plan_id, day), after.quote(customer_id, plan_id, day)) for plan_id in sold]
    return max(_takes_off(old.amount, new.amount, cards) if old and new else ZERO for old, new in quotes)


def _takes_off(before: Decimal | None, after: Decimal | None, cards: int) -> Decimal:
    if before is None or after is None:
        return ZERO
    return max(before - after, ZERO) * max(cards, CARDS_AT_LEAST)
