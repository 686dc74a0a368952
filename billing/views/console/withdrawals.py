"""Withdrawals in the console: asking for one, what is to be transferred, and the page of one."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.actions.ledger import account_of
from billing.actions.withdrawals import (
    ask_withdrawal,
    record_transfer,
    return_to_wallet,
    returnable,
    waiting_withdrawal,
)
from billing.errors import MoneyRefused
from billing.filters import WithdrawalFilter
from billing.forms import TransferForm, WithdrawalForm
from billing.models import Withdrawal
from billing.pages.payer_refund_rows import PAYER_REFUND_WITH, payer_refund_row
from billing.pages.wallet_lines import moved_by
from billing.pages.withdrawal_rows import WITHDRAWAL_COLUMNS, WITHDRAWAL_WITH, account_told, withdrawal_badge
from billing.permissions import may_pay_withdrawals
from billing.views.console.proposing import to_proposal
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.models import Customer
from cards.pages.addresses import given, queries_beside
from cards.pages.downloads import list_as_csv
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of

WITHDRAWAL_TABS = {
    "": Withdrawal.objects.to_transfer,
    "on-its-way": Withdrawal.objects.under_way,
    "ended": Withdrawal.objects.ended,
}
WITHDRAWALS_AT_ONCE = 500


@permitted("billing.view_withdrawal")
@require_safe
def withdrawal_list(request):
    """What is to be transferred at the bank, what is on its way, or (`show=ended`) what is over."""
    show, filtered = _asked_for(request)
    page = page_of(filtered.qs, ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "entries": [(row, withdrawal_badge(row), account_told(row.account_number)) for row in page.rows],
        "page": page,
        "show": show,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/withdrawals.html", context, status=400 if complaints else None)


@permitted("billing.view_withdrawal")
@require_safe
def withdrawal_csv(request):
    """The same as a file, on all pages."""
    _show, filtered = _asked_for(request)
    found = filtered.qs.order_by("-pk").iterator(WITHDRAWALS_AT_ONCE)
    return list_as_csv(request, _("withdrawals"), WITHDRAWAL_COLUMNS, found, filtered.complaints())


@permitted("billing.view_withdrawal")
@require_safe
def withdrawal_page(request, pk):
    return _page(request, _find(pk))


@permitted("billing.pay_withdrawal")
@require_POST
def withdrawal_paid(request, pk):
    """Write that it was transferred, by the bank's reference."""
    withdrawal, form = _find(pk), TransferForm(request.POST)
    if form.is_valid():
        try:
            record_transfer(withdrawal, form.cleaned_data["reference"], user=request.user)
        except BadInput as bad:
            say_at_field(form, bad)
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("money:withdrawal", pk=pk)
    return _page(request, _find(pk), form, status=422)


@permitted("billing.pay_withdrawal")
@require_POST
def withdrawal_back(request, pk):
    """Put what could not be transferred back into the wallet."""
    try:
        return_to_wallet(_find(pk), user=request.user)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("money:withdrawal", pk=pk)


@permitted("billing.pay_withdrawal")
@require_http_methods(["GET", "HEAD", "POST"])
def customer_withdraw(request, pk):
    """Ask for money out of a customer's wallet for them; a colleague approves it."""
    customer = get_object_or_404(Customer.objects.living(), pk=pk)
    form = WithdrawalForm(request.POST or None)
    if form.is_valid():
        try:
            return to_proposal(request, ask_withdrawal(customer, user=request.user, **form.asked))
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
    context = {
        "customer": customer,
        "account": account_of(customer.pk),
        "returnable": returnable(customer.pk),
        "waiting": waiting_withdrawal(customer),
        "form": form,
    }
    return console_page(request, "console/money/withdraw.html", context, status=422 if form.is_bound else None)


def _asked_for(request):
    """Which tab is asked for, and the filter of its rows, read."""
    show = request.GET.get("show", "")
    if show not in WITHDRAWAL_TABS:
        raise Http404
    rows = WITHDRAWAL_TABS[show]().select_related(*WITHDRAWAL_WITH)
    return show, WithdrawalFilter(given(request.GET, besides=["show"]), rows)


def _page(request, withdrawal, form=None, status=None):
    entries = [entry for entry in (withdrawal.entry, withdrawal.end_entry) if entry]
    refunds = withdrawal.refunds.select_related(*PAYER_REFUND_WITH).order_by("pk")
    context = {
        "withdrawal": withdrawal,
        "badge": withdrawal_badge(withdrawal),
        "refunds": [payer_refund_row(refund) for refund in refunds],
        "entries": [(entry, moved_by(entry, to_staff=True), list(entry.postings.all())) for entry in entries],
        "may_pay": may_pay_withdrawals(request.user),
        "form": form or TransferForm(),
    }
    return console_page(request, "console/money/withdrawal.html", context, status=status)


def _find(pk):
    return get_object_or_404(Withdrawal.objects.select_related(*WITHDRAWAL_WITH), pk=pk)
