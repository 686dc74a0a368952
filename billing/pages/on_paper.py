"""What is printed of money: an order with all its lines, and a receipt, with the tax data of both sides.

Of 100,000 lines no page is put together in memory: they are written block by block into the middle of it.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum
from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language, override

from billing.actions.ledger import account_of
from billing.choices import Account, EntryKind
from billing.models import MoneyRules, Posting
from billing.money import rounded, tax_within
from billing.pages.order_labels import money_badge
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.models import Plan

LINES_PER_BLOCK = 1_000
LINES = "<!-- lines -->"


@dataclass(frozen=True)
class Item:
    """What was sold at one price, and how often."""

    what: str
    price: Decimal
    count: int

    @property
    def amount(self) -> Decimal:
        return self.price * self.count


@dataclass(frozen=True)
class Taxed:
    """What an order comes to at one rate of tax."""

    rate: Decimal
    gross: Decimal

    @property
    def tax(self) -> Decimal:
        return tax_within(self.gross, self.rate)

    @property
    def net(self) -> Decimal:
        return self.gross - self.tax


def order_on_paper(order, request, frame):
    """The answer with an order that was placed, all its lines, and the wallet's balance once it was paid."""
    context = _context(order.customer, frame) | {
        "order": order,
        "badge": money_badge(order),
        "items": _items(order),
        "taxed": _taxed(order),
        "kept": order.total - order.refunded,
        "posting": _wallet_posting(entry__order=order, entry__kind=EntryKind.PAYMENT),
        "back_url": frame.money_url("order", order.pk),
    }
    head, _mark, tail = render_to_string("billing/paper/order.html", context, request).partition(LINES)
    lines = order.lines.select_related("card", "plan").order_by("number")
    return StreamingHttpResponse(_page(head, _blocks(order, lines, get_language()), tail))


def receipt_on_paper(receipt, request, frame):
    """The answer with a receipt, and the balance of the wallet into which it went."""
    back_url = frame.money_url("receipt", receipt.pk) if frame.for_staff else frame.money_url("wallet")
    context = _context(receipt.customer, frame) | {
        "receipt": receipt,
        "posting": _wallet_posting(entry=receipt.entry_id),
        "back_url": back_url,
    }
    return render(request, "billing/paper/receipt.html", context)


def _context(customer, frame):
    return {
        "frame": frame,
        "rules": MoneyRules.read(),
        "buyer": customer,
        "account": account_of(customer.pk),
        "printed_on": civil_today(),
    }


def _items(order):
    counts = order.lines.order_by().values_list("plan", "unit_price").annotate(Count("pk"))
    rows = sorted(counts, key=lambda row: (-row[2], -row[1]))
    plans = Plan.objects.in_bulk({plan_id for plan_id, *_rest in rows if plan_id})
    titles = {pk: plan.title for pk, plan in plans.items()}
    return [Item(titles.get(plan_id, order.get_kind_display()), price, count) for plan_id, price, count in rows]


def _taxed(order):
    rates = order.lines.order_by("tax_rate").values_list("tax_rate").annotate(Sum("unit_price"))
    return [Taxed(rate, rounded(gross)) for rate, gross in rates]


def _wallet_posting(**of):
    return Posting.objects.filter(account=Account.WALLET, **of).select_related("entry").first()


def _page(head, blocks, tail):
    yield head
    yield from blocks
    yield tail


def _blocks(order, lines, language):
    for block in chunked(lines.iterator(LINES_PER_BLOCK), LINES_PER_BLOCK):
        with override(language):
            yield render_to_string("billing/paper/_lines.html", {"order": order, "lines": block})
