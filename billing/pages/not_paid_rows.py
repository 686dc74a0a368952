"""The cards that are not paid, as the list and its file show them: why, since when, by which order, and their value."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext as _

from billing.choices import Unpaid
from billing.models import Order, PriceBook
from billing.not_paid import opening_orders
from cards.actions.write import chunked
from cards.choices import label_of
from cards.files.writing import as_text
from cards.models import Card
from cards.pages.badges import Badge
from cards.pages.downloads import csv_response
from cards.templatetags.cards import shown_label

CARDS_PER_FETCH = 2_000
WHY_TONES = {Unpaid.NOT_ORDERED: "bad", Unpaid.ORDERED: "warning", Unpaid.REFUNDED: "bad"}


@dataclass(frozen=True)
class NotPaidRow:
    """One card: the order that waits or was refunded, and what its opening plan costs its customer today, if known."""

    card: Card
    badge: Badge
    order: Order | None
    value: Decimal | None

    @property
    def may_be_ordered(self):
        """Whether no order of it waits to be paid."""
        return self.order is None or not self.order.is_placed


def not_paid_rows(cards, today):
    """The rows of these cards, which have their `why` and `since`, with as many queries for many as for one."""
    found, book = opening_orders(cards), PriceBook.read({card.customer_id for card in cards})
    rows = []
    for card in cards:
        quote = book.quote(card.customer_id, card.plan_id, today)
        badge = Badge(label_of(Unpaid, card.why), WHY_TONES[card.why])
        rows.append(NotPaidRow(card, badge, found.get(card.pk), quote and quote.amount))
    return rows


def not_paid_file(cards, today, *, by):
    """The cards as a CSV for people, in the order in which they are given."""
    headings = [
        *("ICCID", "MSISDN", _("Customer"), _("State"), _("Opening plan"), _("Opened on")),
        *(_("Reason"), _("Not paid since"), pgettext("orders", "Order"), pgettext("money", "Value")),
    ]
    return csv_response(_("not-paid"), headings, _cells(cards, today, get_language()), by=by)


def _cells(cards, today, language):
    for chunk in chunked(cards.select_related("customer", "plan").iterator(CARDS_PER_FETCH)):
        with override(language):
            rows = [_cells_of(row) for row in not_paid_rows(chunk, today)]
        yield from rows


def _cells_of(row):
    card = row.card
    return [
        *(as_text(card.iccid), as_text(card.msisdn), card.customer.name, shown_label(card.shown)),
        *(str(card.plan), card.opened_on, row.badge.label, card.since),
        *(row.order.number if row.order else "", row.value),
    ]
