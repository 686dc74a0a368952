"""What cards would renew for by themselves, read for all cards of a customer at once."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from django.db.models import F

from billing.choices import OrderKind
from billing.models import Order, PriceBook
from billing.rules import check_is_not_blocked, offer
from cards.errors import Refused
from cards.models import Plan


@dataclass(frozen=True, slots=True)
class RenewalQuote:
    """What the next term of a card costs on the day on which it is due (`due_on`), with its own plan again.

    `refused` says why it would not renew as things stand; then `price` is None. `term` is the number of the term that
    runs until `ends_on`.
    """

    card_id: int
    term: int
    plan: Plan
    ends_on: date
    due_on: date
    price: Decimal | None
    refused: Refused | None


def quote_renewals(cards, customer_id, due_on):
    """A `RenewalQuote` for each of these cards that is the customer's, soonest end first, then by key.

    `due_on` gives the day of the charge from the day on which service ends.
    """
    running = cards.filter(customer=customer_id, terms__number=F("term_number"))
    rows = list(
        running.order_by("service_until", "pk").values_list(
            "pk", "term_number", "terms__plan", "service_until", "state", "holds"
        )
    )
    plans, book = Plan.objects.in_bulk({row[2] for row in rows}), PriceBook.read([customer_id])
    order = Order(kind=OrderKind.RENEWAL, customer_id=customer_id)

    @cache
    def price_of(plan_id, day):
        return offer(order, plans[plan_id], book, day).quote.amount

    for pk, term, plan_id, ends_on, state, holds in rows:
        day, price, refused = due_on(ends_on), None, None
        try:
            price = price_of(plan_id, day)
            check_is_not_blocked(state, holds)
        except Refused as reason:
            price, refused = None, reason
        yield RenewalQuote(pk, term, plans[plan_id], ends_on, day, price, refused)
