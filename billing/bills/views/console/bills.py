"""The bills of payment providers in the console: day by day, their lines, and bringing one by hand."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.bills.actions.fetching import bring_bill, fetch_soon
from billing.bills.filters import BillFilter, BillLineFilter
from billing.bills.forms import BillForm
from billing.bills.models import Bill, BillLine
from billing.bills.pages.bill_rows import at_providers, bill_lines_file, shown_bill_lines, shown_bills
from billing.bills.permissions import MAY_SETTLE_BILLS, may_settle
from billing.payments.wire import LONGEST_BILL
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.addresses import queries_beside, view_query
from cards.pages.frames import console_page, permitted, takes_up_to
from cards.paging import ROWS_PER_PAGE, counts_up_to, page_of
from cards.quantities import MB
from cards.state_counts import COUNTED

LARGEST_BILL_FORM = LONGEST_BILL + MB
LINES_WITH = ("bill", "payment", "payer_refund", "unmatched", "decided_by")


@permitted("bills.view_bill")
@require_safe
def bill_list(request):
    """The bills that the parameters ask for, the newest first, and what stands at the providers."""
    filtered = BillFilter(request.GET, Bill.objects.select_related("brought_by"))
    page = page_of(filtered.qs, ROWS_PER_PAGE, *filtered.cursors)
    complaints = list(filtered.complaints())
    (waiting,) = counts_up_to(COUNTED, [BillLine.objects.open()])
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "bills": shown_bills(page.rows),
        "waiting": waiting,
        "page": page,
        **queries_beside(page, request.GET),
        "stands": {} if any(filtered.cursors) else at_providers(),
        "may_settle": may_settle(request.user),
    }
    return console_page(request, "console/bills/list.html", context, status=400 if complaints else None)


@permitted("bills.view_bill")
@require_safe
def bill_page(request, pk):
    """A bill with its lines, and what we booked that it has not."""
    bill, filtered, complaints = _lines_asked_for(request, pk)
    page = page_of(filtered.qs.select_related(*LINES_WITH), ROWS_PER_PAGE, *filtered.cursors)
    context = {
        "shown": shown_bills([bill])[0],
        "form": filtered.form,
        "complaints": complaints,
        "lines": shown_bill_lines(page.rows),
        "page": page,
        **queries_beside(page, request.GET),
        "query": view_query(request.GET),
        "may_settle": may_settle(request.user),
    }
    return console_page(request, "console/bills/bill.html", context, status=400 if complaints else None)


@permitted("bills.view_bill")
@require_safe
def bill_lines_csv(request, pk):
    """The same lines as a file, on all pages."""
    bill, filtered, complaints = _lines_asked_for(request, pk)
    if complaints:
        return console_page(request, "cards/export_refused.html", {"complaints": complaints}, 400)
    return bill_lines_file(bill, filtered.qs, by=request.user)


@permitted(MAY_SETTLE_BILLS)
@require_POST
def fetch_again(request, pk):
    """Have a bill fetched that has not come."""
    bill = _find(pk)
    fetch_soon(bill, user=request.user)
    messages.success(request, _("The bill is fetched within a minute or two."))
    return redirect("bills:bill", pk=pk)


@takes_up_to(LARGEST_BILL_FORM)
@permitted(MAY_SETTLE_BILLS)
@require_http_methods(["GET", "HEAD", "POST"])
def upload_bill(request):
    """Bring a bill as the provider's website gives it; it is read behind this page. The same file again is one bill."""
    form = BillForm(request.POST or None, request.FILES or None, initial=request.GET.dict(), label_suffix="")
    if form.is_valid():
        name, _colon, kind = form.cleaned_data["bill"].partition(":")
        try:
            document = form.cleaned_data["file"].read()
            bill = bring_bill(name, form.cleaned_data["day"], kind, document, user=request.user)
        except BadInput as bad:
            say_at_field(form, bad)
        else:
            return redirect("bills:bill", pk=bill.pk)
    return console_page(request, "console/bills/upload.html", {"form": form}, status=422 if form.is_bound else None)


def _lines_asked_for(request, pk):
    bill = _find(pk)
    filtered = BillLineFilter(request.GET, BillLine.objects.filter(bill=bill))
    return bill, filtered, list(filtered.complaints())


def _find(pk):
    return get_object_or_404(Bill.objects.select_related("brought_by"), pk=pk)
