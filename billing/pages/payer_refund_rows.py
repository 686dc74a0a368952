"""Refunds to payers as staff see them: what each is for, how far it has come, and where more is to be seen."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.actions.providers import provider_label
from billing.models import PayerRefund
from billing.pages.order_labels import money_badge
from billing.pages.wallet_lines import moved_by
from cards.pages.badges import Badge
from cards.pages.frames import CONSOLE

PAYER_REFUND_WITH = (
    *("payment__customer", "payment__order__customer", "unmatched", "withdrawal__customer", "decided_by"),
    "entry",
)


@dataclass(frozen=True)
class PayerRefundRow:
    """A refund to a payer; `what` is what the money was paid for, at the address `url`."""

    refund: PayerRefund
    badge: Badge
    provider: str
    what: str
    url: str


def payer_refund_row(refund):
    return PayerRefundRow(refund, money_badge(refund), provider_label(refund.provider), *_what_for(refund))


def payer_refund_headings():
    """The headings of the file of refunds, in the reader's language."""
    return [
        _("Created at"),
        _("State"),
        pgettext("money", "Amount"),
        _("Reason"),
        _("Payment"),
        _("Paid through"),
        _("Provider's reference"),
        _("Bank's reference"),
        _("Provider's words"),
        pgettext("clearing", "Decided by"),
        pgettext("text", "Note"),
    ]


def payer_refund_cells(row):
    """A line of the file."""
    refund = row.refund
    return [
        f"{refund.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
        refund.get_state_display(),
        refund.amount,
        refund.get_cause_display(),
        row.what,
        row.provider,
        refund.reference,
        refund.bank_reference,
        refund.words,
        refund.decided_by.get_username() if refund.decided_by else "",
        refund.note,
    ]


def payer_refund_context(refund):
    """What the page of one shows: what it is for, its history, and its entry."""
    entry = refund.entry
    return {
        "row": payer_refund_row(refund),
        "refund": refund,
        "entries": [(entry, moved_by(entry, to_staff=True), list(entry.postings.all()))] if entry else [],
    }


def _what_for(refund):
    if refund.withdrawal:
        return str(refund.withdrawal), CONSOLE.money_url("withdrawal", refund.withdrawal_id)
    if refund.unmatched:
        return refund.unmatched.reference, CONSOLE.money_url("unmatched", refund.unmatched_id)
    if refund.payment.order:
        return refund.payment.order.number, CONSOLE.money_url("order", refund.payment.order_id)
    return refund.payment.provider_reference, CONSOLE.money_url("payment", refund.payment_id)
