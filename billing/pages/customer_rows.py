"""Customers as staff have them in a file: with what their wallets hold and how many cards they have."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import CustomerAccount
from cards.actions.write import chunked
from cards.models import Customer
from cards.state_counts import cards_of_customers

CUSTOMER_WITH = ("account__tier", "merged_into")


@dataclass(frozen=True)
class CustomerRow:
    """A customer, the account that they have in the books if any, and how many cards are theirs."""

    customer: Customer
    account: CustomerAccount | None
    cards: int


CUSTOMER_COLUMNS = (
    (_("Customer"), lambda row: str(row.customer)),
    (capfirst(_("merged into")), lambda row: str(row.customer.merged_into or "")),
    (_("Wallet"), lambda row: row.account and row.account.balance),
    (_("Credit limit"), lambda row: row.account and row.account.credit_limit),
    (_("Tier"), lambda row: str((row.account and row.account.tier) or "")),
    (pgettext_lazy("count", "Cards"), lambda row: row.cards),
    (_("Contact"), lambda row: row.customer.contact),
    (pgettext_lazy("customer", "Phone"), lambda row: row.customer.phone),
)


def customers_counted(customers: Iterable[Customer]) -> Iterator[CustomerRow]:
    """These customers with how many cards they have, some hundred in a statement."""
    for chunk in chunked(customers, 500):
        cards = cards_of_customers(customer.pk for customer in chunk)
        for customer in chunk:
            yield CustomerRow(customer, getattr(customer, "account", None), cards[customer.pk])
