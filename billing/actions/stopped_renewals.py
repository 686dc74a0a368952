"""Which cards renew themselves with a plan, and which would not any more if it were retired or lost its price."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Min, OuterRef, Subquery

from billing.actions.auto_renew import switched_on
from billing.choices import PriceKind
from billing.models import PriceBook
from cards.calendar import civil_today
from cards.models import Card, ServiceTerm
from cards.querysets import NOT_OVER, renewed


@dataclass(frozen=True)
class StoppedRenewals:
    """How many cards of how many customers would not renew themselves any more, and when the next would have.

    `next_on` is None where no term of theirs runs yet, or all are renewed.
    """

    cards: int
    customers: int
    next_on: date | None

    def __bool__(self):
        return self.cards > 0


def renewing_cards():
    """Cards that renew themselves, now or once their terms run, with the plan of their last term as `renews_with`."""
    last = ServiceTerm.objects.filter(card=OuterRef("pk")).order_by("-number").values("plan")[:1]
    return switched_on(Card.objects.filter(NOT_OVER)).annotate(renews_with=Subquery(last))


def stopped_by_retiring(plan):
    """What stops if this plan is not sold any more."""
    return _counted(renewing_cards().filter(renews_with=plan.pk))


def stopped_by_price(price):
    """What stops if this price, which is not saved yet, ends the last one that some customers have of its plan."""
    if price.amount is not None or price.kind == PriceKind.COST or price.plan is None:
        return StoppedRenewals(0, 0, None)
    renewing = renewing_cards().filter(renews_with=price.plan_id)
    customers = list(renewing.order_by().values_list("customer", flat=True).distinct())
    before, after = PriceBook.read(customers), PriceBook.read(customers, also=[price])
    asked = price.plan_id, price.valid_from
    unpriced = [pk for pk in customers if before.quote(pk, *asked) and not after.quote(pk, *asked)]
    return _counted(renewing.filter(customer__among=unpriced))


def charge_day(ends_on, days_ahead):
    """When a running term is charged that nobody has renewed: some days before its end, or today if that is over."""
    return max(ends_on - timedelta(days=days_ahead), civil_today())


def _counted(cards):
    sums = cards.aggregate(cards=Count("pk"), customers=Count("customer", distinct=True))
    ends = cards.filter(~renewed(), service_until__isnull=False).order_by()
    by_days_ahead = ends.values_list("customer__account__renews_days_ahead").annotate(Min("service_until"))
    days = [charge_day(ends_on, days_ahead) for days_ahead, ends_on in by_days_ahead]
    return StoppedRenewals(**sums, next_on=min(days, default=None))
