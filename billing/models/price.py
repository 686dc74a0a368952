from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Self

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import PriceKind
from billing.models.fields import MoneyField
from cards.models.fields import CharField


class PriceTier(models.Model):
    """Customers who pay the same, such as resellers."""

    name = CharField(_("name"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("price tier")
        verbose_name_plural = _("price tiers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What a plan, or a card itself (`plan` empty), costs from a day on: for all, a tier or a customer; or the dealer.

    A price is never edited: a change is a new row with a later `valid_from`. Without an `amount` the special price
    ends on that day, and the wider one applies. A retail price is what people without an account pay for a customer's
    cards.
    """

    kind = CharField(_("kind"), max_length=8, choices=PriceKind, default=PriceKind.LIST)
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
                    | models.Q(kind__in=[PriceKind.CUSTOMER, PriceKind.RETAIL], tier=None, customer__isnull=False)
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
    def read(cls, customers: Iterable[int], also: Iterable[Price] = ()) -> Self:
        """The prices of these customers, given by their keys; `also` prices that are not saved."""
        from billing.models.account import CustomerAccount

        mine = models.Q(customer=None) | models.Q(customer__in=customers)
        accounts = CustomerAccount.objects.filter(customer__in=customers)
        return cls([*Price.objects.filter(mine), *also], dict(accounts.values_list("customer_id", "tier_id")))

    def with_tier(self, customer_id: int, tier_id: int | None) -> Self:
        """The same prices, if the customer had this tier."""
        book = copy(self)
        book._tiers = {**self._tiers, customer_id: tier_id}
        return book

    def quote(self, customer_id: int, plan_id: int | None, day: date) -> Quote | None:
        """The `Quote` for a plan (None: for a card), or None if it is not sold to the customer on that day.

        The customer's own price goes before that of the tier, and that before the list price.
        """
        price = self._first(self._wanted(PriceKind.CUSTOMER, customer_id), plan_id, day)
        if price is None or price.amount is None:
            return None
        return Quote(price.amount, price.kind, self.cost(plan_id, day), price.valid_from)

    def guest_quote(self, customer_id: int, plan_id: int | None, day: date) -> Quote | None:
        """The `Quote` for somebody without an account who buys for a card of this customer; None if nothing is sold.

        The customer's retail price goes before that of the tier of the public page, and that before the list price.
        Where the customer has set one, it is never less than what they would pay themselves.
        """
        everybodys = self._public_kinds()  # read in any case: how long it takes says nothing of the customer
        retail = self._in_force(PriceKind.RETAIL, plan_id, customer_id, day)
        if retail and retail.amount is not None:
            own = self.quote(customer_id, plan_id, day)
            amount = max(retail.amount, own.amount) if own else retail.amount
            return Quote(amount, PriceKind.RETAIL, self.cost(plan_id, day), retail.valid_from)
        price = self._first(everybodys, plan_id, day)
        if price is None or price.amount is None:
            return None
        return Quote(price.amount, price.kind, self.cost(plan_id, day), price.valid_from)

    def _public_kinds(self) -> list[tuple[str, int | None]]:
        """The prices of the public page where the customer has set none."""
        return [(PriceKind.TIER, self._guest_tier), (PriceKind.LIST, None)]

    @cached_property
    def _guest_tier(self) -> int | None:
        from billing.models.account import MoneyRules

        return MoneyRules.read().guest_tier_id

    def cost(self, plan_id: int | None, day: date) -> Decimal | None:
        """What the dealer pays for a plan (None: for a card) on a day, where anybody has said."""
        return self._amount([(PriceKind.COST, None)], plan_id, day)

    def before_and_after(self, price: Price) -> tuple[Decimal | None, Decimal | None]:
        """What those for whom a new price is pay on its first day without it, and with it; None: it is not sold."""
        wanted = self._wanted(price.kind, price.customer_id or price.tier_id)
        before = self._amount(wanted, price.plan_id, price.valid_from)
        ended = self._amount(wanted[1:], price.plan_id, price.valid_from)
        return before, ended if price.amount is None else price.amount

    def _wanted(self, kind: str, whose: int | None) -> list[tuple[str, int | None]]:
        """Of which kinds and whose prices may be, the narrowest first."""
        list_price: tuple[str, int | None] = PriceKind.LIST, None
        if kind == PriceKind.CUSTOMER and whose is not None:
            return [(kind, whose), (PriceKind.TIER, self._tiers.get(whose)), list_price]
        if kind == PriceKind.RETAIL:
            return [(kind, whose), *self._public_kinds()]
        return [(kind, whose), list_price] if kind == PriceKind.TIER else [(kind, None)]

    def _first(self, wanted: Sequence[tuple[str, int | None]], plan_id: int | None, day: date) -> Price | None:
        in_force = (self._in_force(kind, plan_id, whose, day) for kind, whose in wanted)
        return next((price for price in in_force if price and price.amount is not None), None)

    def _amount(self, wanted: Sequence[tuple[str, int | None]], plan_id: int | None, day: date) -> Decimal | None:
        price = self._first(wanted, plan_id, day)
        return price.amount if price else None

    def list_price(self, plan_id: int, day: date) -> Decimal | None:
        """What a plan cost on that day without any agreement; None where it had no price."""
        price = self._in_force(PriceKind.LIST, plan_id, None, day)
        return price.amount if price else None

    def _in_force(self, kind: str, plan_id: int | None, whose: int | None, day: date) -> Price | None:
        dated = [price for price in self._dated.get((kind, plan_id, whose), ()) if price.valid_from <= day]
        return dated[-1] if dated else None
