"""What is printed of money: an order with all its lines, a receipt, and a month's statement, with the tax data of both
sides.

Of 100,000 lines no page is put together in memory: they are written block by block into the middle of it.
"""

from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from billing.actions.ledger import account_of
from billing.choices import Account, EntryKind, OrderKind
from billing.items import items_of, served_items, taxed
from billing.models import MoneyRules, Posting
from billing.pages.order_labels import money_badge
from billing.pages.statement import statement_context
from cards.actions.write import chunked
from cards.calendar import civil_today

LINES_PER_BLOCK = 1_000
LINES = "<!-- lines -->"


def order_on_paper(order, request, frame):
    """The answer with an order that was placed, all its lines, and the wallet's balance once it was paid."""
    context = _context(order.customer, frame) | {
        "order": order,
        "badge": money_badge(order),
        **_items(items_of(order.lines.all())),
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


def statement_on_paper(customer, month, request, frame):
    """The answer with a customer's statement of a month: the wallet's, and what was delivered in it."""
    context = statement_context(customer, month, frame)
    context |= _context(customer, frame) | _items(served_items(customer.pk, month))
    context["back_url"] = f"{frame.money_url('statement', customer.pk)}?month={month:%Y-%m}"
    return render(request, "billing/paper/statement.html", context)


def _items(items):
    return {"items": [_row(item) for item in items], "taxed": taxed(items)}


def _context(customer, frame):
    rules, account = MoneyRules.read(), account_of(customer.pk)
    return {
        "frame": frame,
        "rules": rules,
        "buyer": customer,
        "account": account,
        "printed_on": civil_today(),
        "missing": list(_missing(rules, account, frame)) if frame.for_staff else [],
    }


def _missing(rules, account, frame):
    """What an accountant would miss on the paper: (where staff enter it, the sentence that says so)."""
    if not (rules.seller and rules.seller_tax_number and rules.seller_address):
        sentence = _("The seller's name, taxpayer number or address is not set: enter them in the billing settings.")
        yield reverse("admin:billing_moneyrules_changelist"), sentence
    if not account.tax_number:
        sentence = _("The buyer's taxpayer number is not set: enter it in the agreement.")
        yield f"{frame.money_url('customer', account.customer_id)}#agreement", sentence


def _row(item):
    """An item of a table: what it is called, when it serves, and the item itself."""
    return item.plan.title if item.plan else OrderKind(item.kind).label, _period(item), item


def _period(item):
    """When an item serves, or was delivered; for how long, where nothing has begun. In parts that no line breaks."""
    if item.since is None:
        months = item.months and ngettext("{months} month", "{months} months", item.months).format(months=item.months)
        return [months] if months else []
    days = [str(item.since)] if item.since == item.through else [f"{item.since} –", str(item.through)]
    not_begun = ngettext("{count} not started", "{count} not started", item.waiting).format(count=item.waiting)
    return [*days, not_begun] if item.waiting else days


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
