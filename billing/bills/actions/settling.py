"""What finance does about lines that do not agree: have the provider asked, or settle them with a note."""

from django.db import transaction
from django.utils.translation import gettext as _

from billing.bills.actions.judging import ask_what_became
from billing.bills.models import BillLine
from billing.bills.permissions import may_settle
from billing.permissions import require
from cards.calendar import this_moment
from cards.errors import BadInput


def settle_line(line, *, user, note):
    """Nothing is left to do about a line, and the note says why; a second time changes nothing.

    It moves no money. Raises `BadInput` without a note.
    """
    require(may_settle, user)
    if not note.strip():
        raise BadInput("note", _("Say in a few words how it was settled."))
    with transaction.atomic():
        line = BillLine.objects.select_for_update().get(pk=line.pk)
        if line.is_open:
            line.settled_at, line.decided_by, line.note = this_moment(), user, note.strip()[:200]
            line.save(update_fields=["settled_at", "decided_by", "note"])
    return line


def ask_about(line, *, user):
    """Have the provider asked about the payment or refund of a line; whether there is anything to ask."""
    require(may_settle, user)
    payments = [line.payment_id] if line.payment_id else []
    refunds = [line.payer_refund_id] if line.payer_refund_id else []
    return bool(ask_what_became(payments, refunds))
