"""What people without an account pay for a customer's cards, plan by plan, beside what the customer pays."""

from dataclasses import dataclass
from decimal import Decimal

from billing.actions.ledger import account_of
from billing.actions.providers import provider_names
from billing.choices import PriceKind
from billing.forms import RetailPriceForm
from billing.models import Price, PriceBook
from cards.calendar import civil_today
from cards.models import Plan


@dataclass(frozen=True)
class RetailLine:
    """A plan or pack today: `own` is what the customer pays, `public` what somebody without an account does.

    `is_retail` where that is a price of the customer's own setting; `coming` are those of later days.
    """

    plan: Plan
    own: Decimal | None
    public: Decimal | None
    is_retail: bool
    coming: list[Price]


def selling_context(customer, form=None):
    """What the page shows; `form` is one that was sent and is not well."""
    return {
        "customer": customer,
        "is_on": account_of(customer.pk).guests_may_pay,
        "pays_online": bool(provider_names()),
        "lines": retail_lines(customer),
        "form": form or RetailPriceForm(),
    }


def retail_lines(customer):
    """A line for each plan on sale that somebody can buy."""
    today, book = civil_today(), PriceBook.read([customer.pk])
    coming = list(Price.objects.filter(customer=customer, kind=PriceKind.RETAIL, valid_from__gt=today))
    lines = []
    for plan in Plan.objects.filter(is_sold=True):
        own, public = book.quote(customer.pk, plan.pk, today), book.guest_quote(customer.pk, plan.pk, today)
        later = sorted((price for price in coming if price.plan_id == plan.pk), key=lambda price: price.valid_from)
        if own or public or later:
            is_retail = bool(public and public.kind == PriceKind.RETAIL)
            lines.append(RetailLine(plan, own and own.amount, public and public.amount, is_retail, later))
    return lines
