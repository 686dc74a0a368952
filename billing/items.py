"""What was sold, as invoices list it: on the same terms together, with tax and the time for which it serves."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat

from billing.choices import EntryKind, OrderKind
from billing.models import Entry, OrderLine
from billing.money import ZERO, tax_within
from cards.calendar import add_months, last_day
from cards.models import CardEvent, Customer, Plan, ServiceTerm

TOGETHER = ("order__kind", "plan", "months", "unit_price", "tax_rate")

_RECORD = CardEvent.objects.filter(card=OuterRef("card"), seq=OuterRef("seq"))
_TERM_TOLD = _RECORD.annotate(told=Cast(KeyTextTransform("term", "evidence"), IntegerField())).values("told")
# Of order lines: the number of the term that each added to its card; None where it added none.
_TERM = Case(When(order__kind=OrderKind.OPENING, then=1), default=Subquery(_TERM_TOLD[:1]))
_SERVES = ServiceTerm.objects.filter(card=OuterRef("card"), number=OuterRef("term"))

# Of order lines: the entries that say whom they were served to, and whom they were given back. No order is served, and
# no refund made, partly before and partly after a merging.
_SERVED = Entry.objects.filter(order=OuterRef("order"), kind=EntryKind.FULFILMENT)
_OF_REFUND = Concat(Value("refund:"), OuterRef("refund"), Value(":"), output_field=CharField())
_RETURNED = Entry.objects.filter(order=OuterRef("order"), key__startswith=_OF_REFUND)


@dataclass(frozen=True)
class Item:
    """What was sold on the same terms: how often, at which price in CNY, tax included, and at which rate in per cent.

    `plan` is None for a card itself and for an adjustment. What was given back has a negative `count`. Terms that have
    begun serve from `since` to `through`, the first day of the first to the last day of the last; `waiting` have not
    begun. What has no term (`months` is None) was delivered on the days from `since` to `through`.
    """

    kind: str
    plan: Plan | None
    months: int | None
    price: Decimal
    rate: Decimal
    count: int
    since: date | None = None
    through: date | None = None
    waiting: int = 0

    @property
    def amount(self) -> Decimal:
        return self.price * self.count

    @property
    def tax(self) -> Decimal:
        """The tax that the amount contains."""
        return tax_within(self.amount, self.rate)


@dataclass(frozen=True)
class Taxed:
    """What items come to at one rate of tax, in per cent.

    The tax is of the sum and rounded once, as the page of an order says it: it may be a few fen more or less than the
    taxes of the items together.
    """

    rate: Decimal
    gross: Decimal

    @property
    def tax(self) -> Decimal:
        return tax_within(self.gross, self.rate)

    @property
    def net(self) -> Decimal:
        return self.gross - self.tax


def items_of(lines: QuerySet[OrderLine], sign: int = 1) -> list[Item]:
    """These lines of orders as items, the most frequent first; with the sign -1, as what was given back."""
    told = lines.order_by().annotate(term=_TERM)
    told = told.annotate(
        starts=Subquery(_SERVES.values("starts_on")[:1]), ends=Subquery(_SERVES.values("service_until")[:1])
    )
    rows = told.values(*TOGETHER).annotate(
        *(Count("pk"), Count("starts"), Min("starts"), Max("ends"), Min("fulfilled_on"), Max("fulfilled_on"))
    )
    counted = ("pk__count", "starts__count", "starts__min", "ends__max", "fulfilled_on__min", "fulfilled_on__max")
    found = list(rows.values_list(*TOGETHER, *counted))
    plans = Plan.objects.in_bulk({plan for _kind, plan, *_rest in found if plan})
    items = []
    for kind, plan, months, price, rate, count, begun, first, until, *delivered in found:
        if months:
            since, through, waiting = first, until and last_day(until), count - begun
        else:
            (since, through), waiting = delivered, 0
        items.append(Item(kind, plans.get(plan), months, price, rate, count * sign, since, through, waiting))
    return sorted(items, key=lambda item: (-abs(item.count), -item.price, item.kind, str(item.plan)))


def served_items(customer_id: int, month: date) -> list[Item]:
    """What a customer was served in the month that begins on this day, and at the end what was given back in it.

    A line counts in the month in which it was fulfilled, and in the one in which it was given back, each time for who
    was the customer in the books: an order goes along when customers are merged, and no entry does. What people without
    an account paid for is on their own receipts.
    """
    who_has_it = Coalesce("merged_into_id", "pk", output_field=BigIntegerField())
    now = Customer.objects.filter(pk=customer_id).values_list(who_has_it)[:1]
    merged = Customer.objects.filter(Q(pk=Subquery(now)) | Q(merged_into=Subquery(now)))
    lines = OrderLine.objects.filter(order__customer__in=merged, order__is_guest=False, fulfilled_on__isnull=False)
    until = add_months(month, 1)
    served = lines.filter(fulfilled_on__gte=month, fulfilled_on__lt=until)
    returned = lines.filter(refunded_on__gte=month, refunded_on__lt=until)
    served, returned = _booked_for(customer_id, served, _SERVED), _booked_for(customer_id, returned, _RETURNED)
    return items_of(served) + items_of(returned, sign=-1)


def _booked_for(customer_id: int, lines: QuerySet[OrderLine], entries: QuerySet[Entry]) -> QuerySet[OrderLine]:
    """Those of the lines that were this customer's in the books; what cost nothing has no entry and goes along."""
    whose = Coalesce(
        Subquery(entries.order_by().values("customer")[:1]), F("order__customer"), output_field=BigIntegerField()
    )
    return lines.alias(whose=whose).filter(whose=customer_id)


def taxed(items: Iterable[Item]) -> list[Taxed]:
    """The sums at each rate of tax, the lowest rate first."""
    sums: defaultdict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    for item in items:
        sums[item.rate] += item.amount
    return [Taxed(rate, gross) for rate, gross in sorted(sums.items())]
