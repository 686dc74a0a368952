from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import PriceKind
from billing.models.fields import MoneyField


class PriceTier(models.Model):
    """Customers who pay the same, such as resellers."""

    name = models.CharField(_("name"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("price tier")
        verbose_name_plural = _("price tiers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What a plan, or a card itself (`plan` empty), costs from a day on: for all, a tier or a customer; or the dealer.

    A price is never edited: a change is a new row with a later `valid_from`. Without an `amount` the special price
    ends on that day, and the wider one applies.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=PriceKind, default=PriceKind.LIST)
    plan = models.ForeignKey(
        "cards.Plan", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("plan")
    )
    tier = models.ForeignKey(
        PriceTier, models.PROTECT, null=True, blank=True, related_name="prices", verbose_name=_("tier")
    )
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    amount = MoneyField(pgettext_lazy("money", "amount"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["plan", "kind", "-valid_from"]
        default_permissions = ("add", "view")
        constraints = [
            models.UniqueConstraint(
                Coalesce("plan", 0),
                "kind",
                Coalesce("tier", 0),
                Coalesce("customer", 0),
                "valid_from",
                name="one_price_per_day",
                violation_error_message=_("There is already a price from this date."),
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(kind=PriceKind.TIER, tier__isnull=False, customer=None)
                    | models.Q(kind=PriceKind.CUSTOMER, tier=None, customer__isnull=False)
                    | models.Q(kind__in=[PriceKind.LIST, PriceKind.COST], tier=None, customer=None)
                ),
                name="price_is_for_whom_its_kind_says",
                violation_error_message=_("A tier price needs a tier; a customer price needs a customer."),
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="price_is_not_negative"),
        ]

    def __str__(self) -> str:
        what = self.plan or pgettext_lazy("product", "Card")
        return f"{what} {self.get_kind_display()} {self.valid_from}"


@dataclass(frozen=True)
class Quote:
    """What something costs somebody on a day: the amount, by which kind of price, and the dealer's cost, if known."""

    amount: Decimal
    kind: str
    cost: Decimal | None
    since: date


class PriceBook:
    """Prices, read once: what a plan costs a customer on a day."""

    def __init__(self, prices: Iterable[Price], tiers: Mapping[int, int | None]) -> None:
        self._tiers = tiers
        self._dated: dict[tuple[str, int | None, int | None], list[Price]] = {}
        for price in sorted(prices, key=lambda price: price.valid_from):
            key = price.kind, price.plan_id, price.tier_id or price.customer_id
            self._dated.setdefault(key, []).append(price)

    @classmethod
    def read(cls, customers: Iterable[int]) -> Self:
        """The prices of these customers, given by their keys."""
        from billing.models.account import CustomerAccount

        mine = models.Q(customer=None) | models.Q(customer__in=customers)
        accounts = CustomerAccount.objects.filter(customer__in=customers)
        return cls(Price.objects.filter(mine), dict(accounts.values_list("customer_id", "tier_id")))

    def quote(self, customer_id: int, plan_id: int | None, day: date) -> Quote | None:
        """The `Quote` for a plan (None: for a card), or None if it is not sold to the customer on that day.

        The customer's own price goes before that of the tier, and that before the list price.
        """
        tier_id = self._tiers.get(customer_id)
        wanted = [(PriceKind.CUSTOMER, customer_id), (PriceKind.TIER, tier_id), (PriceKind.LIST, None)]
        for kind, whose in wanted:
            price = self._in_force(kind, plan_id, whose, day) if whose or kind == PriceKind.LIST else None
            if price and price.amount is not None:
                cost = self._in_force(PriceKind.COST, plan_id, None, day)
                return Quote(price.amount, price.kind, cost.amount if cost else None, price.valid_from)
        return None

    def _in_force(self, kind: str, plan_id: int | None, whose: int | None, day: date) -> Price | None:
        dated = [price for price in self._dated.get((kind, plan_id, whose), ()) if price.valid_from <= day]
        return dated[-1] if dated else None
