"""Revenue: what was earned with which plan, and what is lost if nobody renews. Pure reading."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.functional import Promise

from billing.choices import OrderKind
from billing.models import OrderLine, PriceBook
from billing.money import ZERO, rounded
from cards.calendar import WEEK
from cards.models import Card, Customer, Plan, ServiceTerm

AHEAD_DAYS = 91  # the last of them is at risk too, and begins a week of its own


@dataclass
class Earned:
    """What a plan brought in a month: lines, prices, what of it went back, and its cost.

    `plan` is a code, or the kind of order that sells no plan: a card sale or an adjustment. `unknown` is the number
    of lines whose cost nobody said; they count as if they cost nothing.
    """

    month: date
    plan: str
    lines: int = 0
    revenue: Decimal = ZERO
    returned: Decimal = ZERO
    cost: Decimal = ZERO
    unknown: int = 0

    @property
    def label(self) -> str | Promise:
        return OrderKind(self.plan).label if self.plan in OrderKind.values else self.plan

    @property
    def margin(self) -> Decimal:
        return self.revenue - self.returned - self.cost

    @property
    def per_cent(self) -> int | None:
        """The margin in per cent of what was kept; None where nothing was, or more went back than was earned."""
        kept = self.revenue - self.returned
        return round(100 * self.margin / kept) if kept > ZERO else None


@dataclass
class AtRisk:
    """What a customer's cards would renew for that are cancelled if nobody does: cards, money, and the first day."""

    customer: Customer
    cards: int
    amount: Decimal
    first_on: date
    unpriced: int


def margins(since: date, until: date) -> list[Earned]:
    """What each plan earned in each month from `since` to before `until`, the newest month first.

    A line counts in the month in which it was fulfilled; what was given back later, in the month in which it was.
    """
    found: dict[tuple[date, str], Earned] = {}
    served = OrderLine.objects.filter(fulfilled_on__gte=since, fulfilled_on__lt=until)
    for month, plan, lines, revenue, cost, unknown in _by_month(served, "fulfilled_on"):
        found[month, plan] = Earned(month, plan, lines, revenue, cost=cost, unknown=unknown)
    returned = OrderLine.objects.filter(fulfilled_on__isnull=False, refunded_on__gte=since, refunded_on__lt=until)
    for month, plan, _lines, revenue, cost, _unknown in _by_month(returned, "refunded_on"):
        earned = found.setdefault((month, plan), Earned(month, plan))
        earned.returned, earned.cost = revenue, earned.cost - cost
    return sorted(found.values(), key=lambda earned: (-earned.month.toordinal(), earned.plan))


def at_risk(today: date) -> tuple[list[AtRisk], list[tuple[date, Decimal]]]:
    """(by customer, the dearest first; money by week from today): cards that will be cancelled, at their renewal price.

    A card would be renewed with the plan that it had last. Cards in stock, protected ones and those of which a term is
    on order are not at risk.
    """
    at_risk = Card.objects.cancelling(today, AHEAD_DAYS).exclude(customer=None)
    terms = ServiceTerm.objects.filter(number=F("card__term_number"), card__in=at_risk)
    rows = list(terms.order_by().values_list("card__customer", "plan", "card__cancel_on").annotate(Count("pk")))
    customers = Customer.objects.in_bulk({customer_id for customer_id, *_ in rows})
    sold = set(Plan.objects.filter(is_sold=True).values_list("pk", flat=True))
    book = PriceBook.read(list(customers))
    by_customer: dict[int, AtRisk] = {}
    by_week: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for customer_id, plan_id, day, cards in rows:
        quote = book.quote(customer_id, plan_id, today) if plan_id in sold else None
        amount = quote.amount * cards if quote else ZERO
        risk = by_customer.setdefault(customer_id, AtRisk(customers[customer_id], 0, ZERO, day, 0))
        risk.cards, risk.amount, risk.first_on = risk.cards + cards, risk.amount + amount, min(risk.first_on, day)
        risk.unpriced += 0 if quote else cards
        by_week[max(0, (day - today).days) // WEEK] += amount
    weeks = [(today + timedelta(days=WEEK * week), by_week[week]) for week in range(AHEAD_DAYS // WEEK + 1)]
    return sorted(by_customer.values(), key=lambda risk: (-risk.amount, risk.first_on)), weeks


def _by_month(lines: QuerySet[OrderLine], day: str) -> Iterator[tuple[date, str, int, Decimal, Decimal, int]]:
    """(month, plan, lines, prices, cost, lines without a cost) of these lines, by the month of a day of theirs."""
    sold = Coalesce("plan__code", "order__kind")
    months = lines.order_by().annotate(month=TruncMonth(day), sold=sold).values("month", "sold")
    sums = months.annotate(
        lines=Count("pk"),
        prices=Sum("unit_price"),
        costs=Sum("cost"),
        unknown=Count("pk", filter=Q(cost=None) & ~Q(order__kind=OrderKind.ADJUSTMENT)),
    )
    for month, plan, count, prices, costs, unknown in sums.values_list(
        "month", "sold", "lines", "prices", "costs", "unknown"
    ):
        yield month, plan, count, rounded(prices), rounded(costs or ZERO), unknown
