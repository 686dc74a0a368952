"""What does not agree between bills and books, in the console, and what finance does about it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.bills.actions.settling import ask_about, settle_line
from billing.bills.choices import LineVerdict
from billing.bills.forms import SettleForm
from billing.bills.models import BillLine
from billing.bills.pages.bill_rows import open_lines_file, shown_bill_line, shown_bill_lines
from billing.bills.permissions import MAY_SETTLE_BILLS, may_settle
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import console_page, permitted
from cards.paging import OLDEST, ROWS_PER_PAGE, page_of

_SHOWN_WITH = (
    *("bill", "decided_by", "unmatched"),
    *("payment__customer", "payment__order", "payer_refund__payment__customer", "payer_refund__payment__order"),
)


@permitted("bills.view_billline")
@require_safe
def bill_queue(request):
    """What waits for somebody, the oldest first; of one result (`verdict`) where the address says so."""
    verdict, found = _asked_for(request)
    page = page_of(found.select_related(*_SHOWN_WITH), ROWS_PER_PAGE, *places_in(request.GET), order=OLDEST)
    context = {
        "lines": shown_bill_lines(page.rows),
        "verdict": verdict,
        "verdicts": [(each.value, each.label) for each in _OPEN_VERDICTS],
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/bills/queue.html", context)


@permitted("bills.view_billline")
@require_safe
def bill_queue_csv(request):
    """The same lines as a file, on all pages."""
    _verdict, found = _asked_for(request)
    return open_lines_file(found, by=request.user)


def _asked_for(request):
    """(result or blank, the lines) that the address asks for."""
    verdict, lines = request.GET.get("verdict", ""), BillLine.objects.open()
    if verdict and verdict not in LineVerdict:
        raise Http404
    return verdict, lines.filter(verdict=verdict) if verdict else lines


@permitted("bills.view_billline")
@require_safe
def line_page(request, pk):
    return _line_page(request, _find(pk))


@permitted(MAY_SETTLE_BILLS)
@require_POST
def settle_bill_line(request, pk):
    """Nothing is left to do about a line, and the note says why."""
    line, form = _find(pk), SettleForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _line_page(request, line, form, status=422)
    settle_line(line, user=request.user, note=form.cleaned_data["note"])
    return redirect("bills:line", pk=pk)


@permitted(MAY_SETTLE_BILLS)
@require_POST
def ask_about_line(request, pk):
    """Have the provider asked once more about the payment or the refund of a line."""
    if ask_about(_find(pk), user=request.user):
        messages.success(request, _("The provider is asked at once. Reload the page in a minute."))
    else:
        messages.error(request, _("There is nothing of ours to ask about that is still open."))
    return redirect("bills:line", pk=pk)


_OPEN_VERDICTS = (
    *(LineVerdict.MISSING_HERE, LineVerdict.MISSING_THERE, LineVerdict.OTHER_AMOUNT, LineVerdict.RETRACTED),
    LineVerdict.IGNORED,
)


def _line_page(request, line, form=None, status=None):
    payment = line.payment or (line.payer_refund and line.payer_refund.payment)
    context = {
        "shown": shown_bill_line(line),
        "line": line,
        "payment": payment,
        "form": form or SettleForm(label_suffix=""),
        "may_settle": may_settle(request.user),
    }
    return console_page(request, "console/bills/line.html", context, status=status)


def _find(pk):
    return get_object_or_404(BillLine.objects.select_related(*_SHOWN_WITH), pk=pk)
