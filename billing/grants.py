"""What was given free: by whom, to whom and why, and what it would have cost by the list prices of its day.

Pure reading. The records are the cards', who know no price.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from billing.models import PriceBook
from billing.money import ZERO
from cards.choices import Action
from cards.models import CardEvent, PlanBook
from cards.models.event import GIVES_SERVICE, GRANTED

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class AlikeGrants:
    """Grants of the same plan by the same person on a day; `price` is the list price of one, None where none was.

    `are_undone` says that they were taken back, and so came to nothing.
    """

    on: date
    plan: str
    person: tuple[str, str]
    are_undone: bool
    count: int
    price: Decimal | None


@dataclass
class Given:
    """What grants come to: how many stand, their list value, how many of them had no price, how many were undone."""

    grants: int = 0
    value: Decimal = ZERO
    unpriced: int = 0
    undone: int = 0

    def add(self, alike: AlikeGrants) -> None:
        if alike.are_undone:
            self.undone += alike.count
            return
        self.grants += alike.count
        self.value += (alike.price or ZERO) * alike.count
        self.unpriced += alike.count if alike.price is None else 0


class ListPrices:
    """The list prices of all days, by the codes of plans that records have."""

    def __init__(self) -> None:
        self.book, self.plans = PriceBook.read([]), PlanBook()

    def of(self, code: str, day: date) -> Decimal | None:
        plan = self.plans.get(code)
        return self.book.list_price(plan.pk, day) if plan else None


def granted(since: date, until: date) -> QuerySet[CardEvent]:
    """The grants from `since` to before `until`, each with its plan's code (`plan_code`), whose its card was then
    (`customer_then`, a key or None) and whether it was taken back (`is_undone`)."""
    term = Cast(KeyTextTransform("term", "evidence"), IntegerField())
    records = CardEvent.objects.filter(card=OuterRef("card"))
    undone = records.filter(action=Action.UNRENEW, seq__gt=OuterRef("seq")).annotate(gave=term)
    grants = CardEvent.objects.filter(
        GRANTED, action__in=GIVES_SERVICE, effective_on__gte=since, effective_on__lt=until
    )
    return grants.annotate(
        plan_code=KeyTextTransform("plan", "evidence"),
        gave=term,
        is_undone=Exists(undone.filter(gave=OuterRef("gave"))),
        customer_then=_customer_then(records),
    )


def _customer_then(records: QuerySet[CardEvent]) -> Case:
    """The card's customer, if it was theirs already; else the one whom the last record before it says."""
    told = records.filter(seq__lt=OuterRef("seq"), evidence__has_key="customer_id").order_by("-seq")
    said = told.annotate(whose=Cast(KeyTextTransform("customer_id", "evidence"), BigIntegerField()))
    is_theirs = Q(card__owned_from_seq=None) | Q(card__owned_from_seq__lte=F("seq"))
    return Case(When(is_theirs, then=F("card__customer")), default=Subquery(said.values("whose")[:1]))


def alike_grants(grants: QuerySet[CardEvent], prices: ListPrices) -> list[AlikeGrants]:
    """These grants with their list prices, those that are alike together."""
    columns = ("effective_on", "plan_code", "actor_kind", "actor_name", "is_undone")
    groups = grants.order_by().values_list(*columns).annotate(Count("pk"))
    return [
        AlikeGrants(on, plan, (kind, name), is_undone, count, prices.of(plan, on))
        for on, plan, kind, name, is_undone, count in groups
    ]


def summed(grants: Iterable[AlikeGrants], by: Callable[[AlikeGrants], Key]) -> dict[Key, Given]:
    """What grants come to, by what `by` says of them."""
    found: dict[Key, Given] = {}
    for alike in grants:
        found.setdefault(by(alike), Given()).add(alike)
    return found
