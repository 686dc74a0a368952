"""Figures of the business: what was earned with which plan, and what is lost if nobody renews. Pure reading."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth

from billing.models import OrderLine, PriceBook
from billing.money import ZERO, rounded
from cards.choices import State
from cards.models import Customer, Plan, ServiceTerm

WEEK = 7
AHEAD_DAYS = 91


@dataclass
class Earned:
    """What a plan (None: cards themselves) brought in a month: lines, prices, what of it went back, and its cost.

    `unknown` is the number of lines whose cost nobody said; they count as if they cost nothing.
    """

    month: date
    plan: str | None
    lines: int = 0
    revenue: Decimal = ZERO
    returned: Decimal = ZERO
    cost: Decimal = ZERO
    unknown: int = 0

    @property
    def margin(self):
        return self.revenue - self.returned - self.cost

    @property
    def per_cent(self):
        kept = self.revenue - self.returned
        return round(100 * self.margin / kept) if kept else None


@dataclass
class AtRisk:
    """What a customer's cards would renew for that are cancelled if nobody does: cards, money, and the first day."""

    customer: Customer
    cards: int
    amount: Decimal
    first_on: date
    unpriced: int


def margins(since, until):
    """What each plan earned in each month from `since` to before `until`, the newest month first.

    A line counts in the month in which it was fulfilled; what was given back later, in the month in which it was.
    """
    found = {}
    served = OrderLine.objects.filter(fulfilled_on__gte=since, fulfilled_on__lt=until)
    for month, plan, lines, revenue, cost, known in _by_month(served, "fulfilled_on"):
        found[month, plan] = Earned(month, plan, lines, revenue, cost=cost, unknown=lines - known)
    returned = OrderLine.objects.filter(fulfilled_on__isnull=False, refunded_on__gte=since, refunded_on__lt=until)
    for month, plan, _lines, revenue, cost, _known in _by_month(returned, "refunded_on"):
        earned = found.setdefault((month, plan), Earned(month, plan))
        earned.returned, earned.cost = revenue, earned.cost - cost
    return sorted(found.values(), key=lambda earned: (-earned.month.toordinal(), earned.plan or ""))


def at_risk(today):
    """(by customer, the dearest first; money by week from today): cards that will be cancelled, at their renewal price.

    A card would be renewed with the plan that it had last. Cards in stock and protected ones are not at risk.
    """
    terms = ServiceTerm.objects.filter(
        number=F("card__term_number"),
        card__state=State.SHUT_DOWN,
        card__protected=False,
        card__customer__isnull=False,
        card__cancel_on__lte=today + timedelta(days=AHEAD_DAYS),
    )
    rows = list(terms.order_by().values_list("card__customer", "plan", "card__cancel_on").annotate(Count("pk")))
    customers = Customer.objects.in_bulk({customer_id for customer_id, *_ in rows})
    sold = set(Plan.objects.filter(is_sold=True).values_list("pk", flat=True))
    book, by_customer, by_week = PriceBook.read(list(customers)), {}, defaultdict(lambda: ZERO)
    for customer_id, plan_id, day, cards in rows:
        quote = book.quote(customer_id, plan_id, today) if plan_id in sold else None
        amount = quote.amount * cards if quote else ZERO
        risk = by_customer.setdefault(customer_id, AtRisk(customers[customer_id], 0, ZERO, day, 0))
        risk.cards, risk.amount, risk.first_on = risk.cards + cards, risk.amount + amount, min(risk.first_on, day)
        risk.unpriced += 0 if quote else cards
        by_week[max(0, (day - today).days) // WEEK] += amount
    weeks = [(today + timedelta(days=WEEK * week), by_week[week]) for week in range(AHEAD_DAYS // WEEK)]
    return sorted(by_customer.values(), key=lambda risk: (-risk.amount, risk.first_on)), weeks


def _by_month(lines, day):
    """(month, plan's code, lines, prices, cost, lines with a cost) of these lines, by the month of a day of theirs."""
    months = lines.order_by().annotate(month=TruncMonth(day)).values("month", "plan__code")
    sums = months.annotate(
        lines=Count("pk"),
        prices=Sum("unit_price"),
        costs=Sum("cost"),
        known=Count("pk", filter=Q(cost__isnull=False)),
    )
    for month, plan, count, prices, costs, with_cost in sums.values_list(
        "month", "plan__code", "lines", "prices", "costs", "known"
    ):
        yield month, plan, count, rounded(prices), rounded(costs or ZERO), with_cost
