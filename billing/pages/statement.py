"""A customer's statement of a month: what its page and its file say."""

from datetime import date

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.pages.wallet_lines import wallet_line
from billing.statements import months_of, statement
from cards.calendar import civil_today, exists
from cards.files.writing import as_text
from cards.pages.downloads import csv_response


def statement_context(customer, month, frame):
    """What the statement shows in this frame."""
    found = statement(customer.pk, month)
    return {
        "customer": customer,
        "statement": found,
        "entries": [wallet_line(posting, frame, to_staff=False) for posting in found.postings],
        "months": months_of(customer.pk, civil_today()),
        "made_on": civil_today(),
        "is_over": found.last_day < civil_today(),
    }


def statement_file(customer, month, frame, *, by):
    """The statement as a CSV for people: the opening balance, each posting, the closing balance."""
    found = statement(customer.pk, month)
    headings = [_("Day"), _("Description"), _("Reference"), _("Memo"), pgettext("money", "Amount"), _("Balance")]
    rows = [[month, _("Opening balance"), "", "", "", found.opening]]
    for entry in (wallet_line(posting, frame, to_staff=False) for posting in found.postings):
        rows.append([entry.on, entry.what, as_text(entry.reference), entry.told, entry.amount, entry.balance])
    rows.append(["", _("Closing balance"), "", "", "", found.closing])
    return csv_response(f"{customer.name}-{month:%Y-%m}", headings, rows, by=by, customer=customer)


def month_of(request):
    """The month that the address names, or this one; one that makes no sense or lies ahead is not found."""
    text = request.GET.get("month", "")
    try:
        month = date.fromisoformat(f"{text}-01") if text else civil_today().replace(day=1)
    except ValueError:
        raise Http404 from None
    if not exists(month) or month > civil_today():
        raise Http404
    return month
