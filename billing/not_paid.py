"""Service without money: the cards whose opening is not paid, though they serve their customer or wait to do so.

The rules of a card do not ask for money: it works all the same, so the portal has to show it. An opening is paid once,
whoever had the card then; an order that waits or was refunded is the business of the customer who has the card now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, CharField, Count, Exists, F, Max, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from billing.choices import LineState, OrderKind, OrderState, Unpaid
from billing.models import Order, OrderLine, PriceBook
from billing.money import ZERO
from cards.models import Card, CardEvent, Customer
from cards.origins import opened_here
from cards.querysets import NOT_OVER, CardQuerySet

_OPENINGS = OrderLine.objects.filter(card=OuterRef("pk"), order__kind=OrderKind.OPENING)
_OF_ITS_CUSTOMER = _OPENINGS.filter(order__customer=OuterRef("customer"))
# Alone an opening is served without a record of its card; this finds it by an index that has no other lines.
_SERVED = _OPENINGS.filter(seq=None, state=LineState.FULFILLED)
_PAID = _OPENINGS.filter(state=LineState.OPEN, order__state=OrderState.PAID)
_ORDERED = _OF_ITS_CUSTOMER.filter(order__state=OrderState.PLACED)
_REFUNDED = _OF_ITS_CUSTOMER.filter(seq=None, state=LineState.REFUNDED)

_WHY = Case(
    When(Exists(_ORDERED), then=Value(Unpaid.ORDERED)),
    When(Exists(_REFUNDED), then=Value(Unpaid.REFUNDED)),
    default=Value(Unpaid.NOT_ORDERED),
    output_field=CharField(),
)
_BECAME_THEIRS = CardEvent.objects.filter(card=OuterRef("pk"), seq=OuterRef("owned_from_seq")).values("effective_on")
_GIVEN_BACK = _REFUNDED.order_by().values("card").annotate(last=Max("refunded_on")).values("last")
# From which day on: when its money went back, or else since the card has been its customer's.
_SINCE = Coalesce(Subquery(_GIVEN_BACK), Subquery(_BECAME_THEIRS), F("opened_on"))


@dataclass
class Owing:
    """What a customer has not paid: how many openings, what they cost today, and how many of them have no price."""

    customer: Customer
    cards: int = 0
    value: Decimal = ZERO
    unpriced: int = 0


@dataclass(frozen=True)
class Group:
    """Cards of one customer that were opened with one plan and are not paid for the same reason."""

    customer_id: int
    plan_id: int
    why: str
    cards: int


def not_paid() -> CardQuerySet:
    """The cards of customers that serve or wait to, and whose opening nobody has paid.

    Each says `why`, and `since` which day. Cards in stock have no customer yet; cards that were taken over were opened
    by somebody else.
    """
    cards = opened_here(Card.objects.filter(NOT_OVER, customer__isnull=False))
    return cards.filter(~Exists(_SERVED), ~Exists(_PAID)).annotate(why=_WHY, since=_SINCE)


def opening_groups(cards: CardQuerySet) -> list[Group]:
    """How many of these cards, by customer, plan and reason: one statement, however many they are."""
    groups = cards.order_by().values("customer", "plan", reason=_WHY).annotate(count=Count("pk"))
    return [Group(*row) for row in groups.values_list("customer", "plan", "reason", "count")]


def owing(groups: Sequence[Group], today: date) -> list[Owing]:
    """What each customer has not paid, the most money first, at what the opening plans cost them today.

    A plan that is not sold any more keeps its price here: the card was opened with it.
    """
    customers = Customer.objects.in_bulk({group.customer_id for group in groups})
    book = PriceBook.read(customers)
    found = {pk: Owing(customer) for pk, customer in customers.items()}
    for group in groups:
        quote, owes = book.quote(group.customer_id, group.plan_id, today), found[group.customer_id]
        owes.cards += group.cards
        owes.value += quote.amount * group.cards if quote else ZERO
        owes.unpriced += 0 if quote else group.cards
    return sorted(found.values(), key=lambda owes: (-owes.value, -owes.cards, owes.customer.name))


def opening_orders(cards: Sequence[Card]) -> dict[int | None, Order]:
    """By the cards' keys: the order of an opening that waits to be paid, or else the last one that was refunded."""
    lines = OrderLine.objects.filter(card__among=[card.pk for card in cards], order__kind=OrderKind.OPENING)
    of_its_customer = lines.filter(order__customer=F("card__customer")).select_related("order")
    told = of_its_customer.filter(Q(order__state=OrderState.PLACED) | Q(state=LineState.REFUNDED))
    return {line.card_id: line.order for line in sorted(told, key=lambda line: (line.order.is_placed, line.pk))}
