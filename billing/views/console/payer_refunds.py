"""Refunds to payers in the console: how far each has come, and what is done about those that failed."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.payer_refunds import keep_in_wallet, record_paid_by_bank, send_again
from billing.errors import MoneyRefused
from billing.filters import PayerRefundFilter
from billing.forms import NotedTransferForm
from billing.models import PayerRefund
from billing.pages.payer_refund_rows import (
    PAYER_REFUND_WITH,
    payer_refund_cells,
    payer_refund_context,
    payer_refund_headings,
    payer_refund_row,
)
from billing.permissions import may_settle_payer_refunds
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.addresses import queries_beside
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of

REFUNDS_AT_ONCE = 500


@permitted("billing.view_payerrefund")
@require_safe
def payer_refund_list(request):
    """The newest refunds to payers that the parameters ask for."""
    filtered = PayerRefundFilter(request.GET, PayerRefund.objects.all())
    page = page_of(filtered.qs.select_related(*PAYER_REFUND_WITH), ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "rows": [payer_refund_row(refund) for refund in page.rows],
        "failed": PayerRefund.objects.failed().count(),
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/payer_refunds.html", context, status=400 if complaints else None)


@permitted("billing.view_payerrefund")
@require_safe
def payer_refund_csv(request):
    """All refunds to payers that the parameters ask for; none where they say nothing clear."""
    found = PayerRefundFilter(request.GET, PayerRefund.objects.all()).qs.select_related(*PAYER_REFUND_WITH)
    rows = (payer_refund_cells(payer_refund_row(refund)) for refund in found.order_by("-pk").iterator(REFUNDS_AT_ONCE))
    return csv_response(_("payer-refunds"), payer_refund_headings(), rows, by=request.user)


@permitted("billing.view_payerrefund")
@require_safe
def payer_refund_page(request, pk):
    return _page(request, _find(pk))


@permitted("billing.settle_payerrefund")
@require_POST
def payer_refund_again(request, pk):
    """Have the provider try once more."""
    return _do(request, pk, send_again)


@permitted("billing.settle_payerrefund")
@require_POST
def payer_refund_keep(request, pk):
    """Put it back into the wallet that it came out of."""
    return _do(request, pk, keep_in_wallet)


@permitted("billing.settle_payerrefund")
@require_POST
def payer_refund_by_bank(request, pk):
    """Write that the payer has it by a bank transfer."""
    refund, form = _find(pk), NotedTransferForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            record_paid_by_bank(refund, said["reference"], user=request.user, note=said["note"])
        except BadInput as bad:
            say_at_field(form, bad)
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("money:payer-refund", pk=pk)
    return _page(request, _find(pk), form, status=422)


def _do(request, pk, do):
    try:
        do(_find(pk), user=request.user)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("money:payer-refund", pk=pk)


def _page(request, refund, form=None, status=None):
    may_settle = may_settle_payer_refunds(request.user)
    shown = {"may_settle": may_settle, "form": form or NotedTransferForm()}
    context = payer_refund_context(refund) | shown
    return console_page(request, "console/money/payer_refund.html", context, status=status)


def _find(pk):
    return get_object_or_404(PayerRefund.objects.select_related(*PAYER_REFUND_WITH), pk=pk)
