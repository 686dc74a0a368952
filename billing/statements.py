"""What the books say of a customer: the wallet's postings with their running balance, month by month. Pure reading."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.choices import Account, EntryKind
from billing.models import Posting
from billing.money import ZERO
from cards.calendar import add_months, first_of_month


@dataclass(frozen=True)
class Statement:
    """A month of a wallet: what it began with, each posting, and what it ended with."""

    month: date
    opening: Decimal
    postings: list
    served: Decimal

    @property
    def money_in(self):
        return sum((posting.amount for posting in self.postings if posting.amount > 0), ZERO)

    @property
    def money_out(self):
        return sum((posting.amount for posting in self.postings if posting.amount < 0), ZERO)

    @property
    def closing(self):
        return self.postings[-1].balance if self.postings else self.opening


def wallet_of(customer_id):
    """The postings of a customer's wallet, in the order in which they were made."""
    wallet = Posting.objects.filter(customer=customer_id, account=Account.WALLET).order_by("pk")
    return wallet.select_related("entry__order", "entry__receipt", "entry__payment")


def statement(customer_id, day):
    """The statement of the month of `day`."""
    month = first_of_month(day)
    wallet = wallet_of(customer_id)
    before = wallet.filter(entry__booked_on__lt=month).last()
    during = wallet.filter(entry__booked_on__gte=month, entry__booked_on__lt=add_months(month, 1))
    return Statement(month, before.balance if before else ZERO, list(during), _served(customer_id, month))


def months_of(customer_id, today):
    """The months for which there is a statement, the newest first: from the first posting to today."""
    first = wallet_of(customer_id).first()
    month, months = first_of_month(today), []
    while first and month >= first_of_month(first.entry.booked_on):
        months.append(month)
        month = add_months(month, -1)
    return months or [month]


def _served(customer_id, month):
    """What was delivered to the customer in the month, by the day on which it was."""
    served = Posting.objects.filter(
        customer=customer_id,
        account=Account.RECEIVABLES,
        entry__kind=EntryKind.FULFILMENT,
        entry__booked_on__gte=month,
        entry__booked_on__lt=add_months(month, 1),
    )
    return -sum(served.values_list("amount", flat=True), ZERO)
