"""What the books say of a customer: the wallet's postings with their running balance, month by month. Pure reading."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from billing.choices import Account
from billing.models import Posting
from billing.money import ZERO
from cards.calendar import add_months, first_of_month, last_of_month


@dataclass(frozen=True)
class Statement:
    """A month of a wallet: what it began with, each posting, and what it ended with.

    `served` is what was delivered in the month, less what was given back of it or of an earlier month's.
    """

    month: date
    opening: Decimal
    postings: list[Posting]
    served: Decimal

    @property
    def last_day(self) -> date:
        return last_of_month(self.month)

    @property
    def money_in(self) -> Decimal:
        return sum((posting.amount for posting in self.postings if posting.amount > 0), ZERO)

    @property
    def money_out(self) -> Decimal:
        return sum((posting.amount for posting in self.postings if posting.amount < 0), ZERO)

    @property
    def closing(self) -> Decimal:
        last = self.postings[-1].balance if self.postings else self.opening
        return last  # type: ignore[return-value]  # every posting of a wallet has its balance


def wallet_of(customer_id: int) -> QuerySet[Posting]:
    """The postings of a customer's wallet, in the order in which they were made."""
    wallet = Posting.objects.filter(customer=customer_id, account=Account.WALLET).order_by("pk")
    came = ("order", "receipt", "unmatched", "payment", "reverses__receipt", "reverses__chargeback__payment")
    went = ("withdrawal", "ended_withdrawal", "payer_refund__withdrawal", "chargeback__payment")
    return wallet.select_related(*(f"entry__{relation}" for relation in (*came, *went)))


def statement(customer_id: int, day: date) -> Statement:
    """The statement of the month of `day`."""
    month = first_of_month(day)
    wallet = wallet_of(customer_id)
    opening = wallet.filter(entry__booked_on__lt=month).values_list("balance", flat=True).last()
    during = wallet.filter(entry__booked_on__gte=month, entry__booked_on__lt=add_months(month, 1))
    return Statement(month, opening or ZERO, list(during), _served(customer_id, month))


def months_of(customer_id: int, today: date) -> list[date]:
    """The months for which there is a statement, the newest first: from the first posting to today."""
    first = wallet_of(customer_id).values_list("entry__booked_on", flat=True).first()
    month, months = first_of_month(today), []
    while first and month >= first_of_month(first):
        months.append(month)
        month = add_months(month, -1)
    return months or [month]


def _served(customer_id: int, month: date) -> Decimal:
    """What was delivered to the customer in the month, less what was given back of it: by the day on which it was.

    What people without an account paid for never touched the wallet, of which this is the statement.
    """
    served = Posting.objects.filter(
        entry__customer=customer_id,
        account__in=(Account.REVENUE, Account.REFUNDS),
        entry__booked_on__gte=month,
        entry__booked_on__lt=add_months(month, 1),
    ).exclude(entry__order__is_guest=True)
    return sum(served.values_list("amount", flat=True), ZERO)
