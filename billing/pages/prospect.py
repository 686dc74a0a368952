"""What the form of a new order says before anything is drafted: whose the cards are, and what they would pay today."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Subquery, Value

from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import Order, PriceBook
from billing.money import ZERO
from billing.rules import PLAN_KINDS, offer
from cards.calendar import civil_today
from cards.models import Card, Customer, Plan, ServiceTerm


@dataclass(frozen=True)
class Priced:
    """Cards of a customer that would get a plan, each at this price; None where it is not sold to them."""

    customer: Customer
    plan: Plan
    cards: int
    price: Decimal | None

    @property
    def amount(self):
        return self.price and self.price * self.cards


@dataclass(frozen=True)
class Prospect:
    """What cards would cost: `rows`, how many are in stock and so nobody's, and of how many cards in all it tells."""

    rows: list
    in_stock: int
    counted: int

    @property
    def total(self):
        return sum((row.amount for row in self.rows if row.amount), ZERO)

    @property
    def only_customer(self):
        """The customer, where all that are somebody's are of one."""
        customers = {row.customer for row in self.rows}
        return customers.pop() if len(customers) == 1 else None


def prospect_of(kind, plan, card_ids):
    """What these cards would get of a plan, or each of its own again; None where there is nothing to reckon with."""
    if kind not in PLAN_KINDS or (kind == OrderKind.PACK and plan is None) or not card_ids:
        return None
    terms = ServiceTerm.objects.filter(card=OuterRef("pk")).order_by("-number")
    own = terms.filter(number=1) if kind == OrderKind.OPENING else terms
    gets = Value(plan.pk) if plan else Subquery(own.values("plan")[:1])
    cards = Card.objects.filter(pk__among=card_ids).order_by().annotate(gets=gets)
    groups = list(cards.values_list("customer", "gets").annotate(Count("pk")))
    customers = Customer.objects.in_bulk({customer for customer, *_ in groups} - {None})
    plans, book, today = Plan.objects.in_bulk(), PriceBook.read(list(customers)), civil_today()
    rows = [
        Priced(customers[customer], plans[gets], cards, price_of(kind, customers[customer], plans[gets], book, today))
        for customer, gets, cards in groups
        if customer
    ]
    return Prospect(
        sorted(rows, key=lambda row: (row.customer.name, row.plan.code)),
        sum(cards for customer, _gets, cards in groups if customer is None),
        sum(cards for *_, cards in groups),
    )


def preselected(kind, card_ids):
    """The code of the plan that a form begins with: a card's own, and the first pack on sale; empty is each its own."""
    on_sale = Plan.objects.filter(is_sold=True, kind=PLAN_KINDS.get(kind, ""))
    if kind == OrderKind.PACK:
        return getattr(on_sale.first(), "code", "")
    if kind == OrderKind.RENEWAL and len(card_ids) == 1:
        own = ServiceTerm.objects.filter(card=card_ids[0]).order_by("-number").values("plan")[:1]
        return getattr(on_sale.filter(pk=Subquery(own)).first(), "code", "")
    return ""


def prices_for(customer, kind):
    """What each plan and pack on sale costs a customer today, by its key."""
    book, today = PriceBook.read([customer.pk]), civil_today()
    plans = Plan.objects.filter(is_sold=True)
    return {plan.pk: price_of(kind, customer, plan, book, today) for plan in plans}


def price_of(kind, customer, plan, book, day):
    """What a plan costs a customer in an order of this kind; None where it is not sold to them."""
    try:
        return offer(Order(kind=kind, customer=customer), plan, book, day).quote.amount
    except MoneyRefused:
        return None
