"""What selling to a card comes to: pure decisions about plans, prices and what follows for the card."""

from dataclasses import dataclass
from datetime import date

from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import Order, PriceBook
from billing.models.price import Quote
from cards.choices import PlanKind, State
from cards.models import Card, Plan

# What a card needs for what is sold to it; a card sale sells no plan.
PLAN_KINDS = {OrderKind.OPENING: PlanKind.PLAN, OrderKind.RENEWAL: PlanKind.PLAN, OrderKind.PACK: PlanKind.PACK}


@dataclass(frozen=True)
class Offer:
    """What one card would get in an order: the plan (None for the card itself) and the quote for it."""

    plan: Plan | None
    quote: Quote


def offer(order: Order, plan: Plan | None, book: PriceBook, day: date) -> Offer:
    """What is sold and for how much, as of `day`; `MoneyRefused` where it is not sold or has no price."""
    if plan and not plan.is_sold:
        raise MoneyRefused("not_on_sale", plan=plan.code)
    quote = book.quote(order.customer_id, plan.pk if plan else None, day)
    if quote is None and plan:
        raise MoneyRefused("no_price", plan=plan.code, day=str(day))
    if quote is None:
        raise MoneyRefused("no_card_price", day=str(day))
    return Offer(plan, quote)


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


def check_can_renew_itself(card: Card) -> None:
    """Raise `MoneyRefused` for a card that nothing can renew, or for which nobody would pay."""
    if card.is_final:
        raise MoneyRefused("cancelled")
    if card.customer_id is None:
        raise MoneyRefused("nobodys_card")
