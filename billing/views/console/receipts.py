"""The console's receipts: the list, the form that records a transfer, and the page of one with its reversal."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.actions import receipts
from billing.errors import MoneyRefused
from billing.filters import ReceiptFilter
from billing.forms import ReasonForm, ReceiptForm
from billing.models import MoneyRules, Proposal, Receipt
from billing.money import yuan
from billing.pages.wallet_lines import moved_by
from billing.views.console.proposing import to_proposal
from billing.views.receipts import ReceiptPages
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.lookup import names_of
from cards.models import Customer
from cards.pages.addresses import queries_beside
from cards.pages.frames import CONSOLE, console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of

RECEIPT_WITH = ("customer", "recorded_by", "day_confirmed_by", "entry__reversed_by")


CONSOLE_RECEIPTS = ReceiptPages(CONSOLE)


@permitted("billing.view_receipt")
@require_safe
def receipt_list(request):
    """The newest receipts that the parameters ask for."""
    filtered = ReceiptFilter(request.GET, Receipt.objects.visible_to(request.user))
    page = page_of(filtered.qs.select_related("customer"), ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "receipts": page.rows,
        "page": page,
        **queries_beside(page, request.GET),
        "may_record": request.user.has_perm("billing.add_receipt"),
    }
    return console_page(request, "console/money/receipts.html", context, status=400 if complaints else None)


@permitted("billing.add_receipt")
@require_http_methods(["GET", "HEAD", "POST"])
def new_receipt(request):
    """Record a transfer; the same form sent twice is one receipt."""
    given = {name: request.GET[name] for name in ("customer", "amount", "reference", "payer") if name in request.GET}
    form, known = ReceiptForm(request.POST or None, given), None
    if form.is_valid():
        known = receipts.standing(form.cleaned_data["reference"])
        try:
            receipt = receipts.record(**form.cleaned_data, user=request.user)
        except BadInput as bad:
            say_at_field(form, bad)
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
        else:
            if isinstance(receipt, Proposal):
                return to_proposal(request, receipt)
            sentence = _("{amount} was added to the wallet of {customer}.")
            messages.success(request, sentence.format(amount=yuan(receipt.amount), customer=receipt.customer))
            return redirect("money:receipt", pk=receipt.pk)
    context = {"form": form, "names": names_of(Customer), "known": known, "rules": MoneyRules.read()}
    return console_page(request, "console/money/receipt_new.html", context, status=422 if form.is_bound else None)


@permitted("billing.view_receipt")
@require_safe
def receipt_page(request, pk):
    receipt = _find(request, pk)
    entries = [receipt.entry, *([receipt.entry.reversed_by] if receipt.reversed_at else [])]
    context = {
        "receipt": receipt,
        "same": receipts.others_of_its_reference(receipt),
        "entries": [(entry, moved_by(entry, to_staff=True), list(entry.postings.all())) for entry in entries],
        "reason_form": ReasonForm(),
        "proposals": receipt.proposals.select_related("asked_by", "decided_by").order_by("pk"),
        "may_reverse": request.user.has_perm("billing.reverse_receipt"),
    }
    return console_page(request, "console/money/receipt.html", context)


@permitted("billing.reverse_receipt")
@require_POST
def reverse_receipt(request, pk):
    """Take a receipt back that was recorded wrongly."""
    receipt, form = _find(request, pk), ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Briefly give a reason."))
        return redirect("money:receipt", pk=pk)
    try:
        done = receipts.reverse_receipt(receipt, user=request.user, reason=form.cleaned_data["reason"])
        if isinstance(done, Proposal):
            return to_proposal(request, done)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("money:receipt", pk=pk)


def _find(request, pk):
    seen = Receipt.objects.visible_to(request.user).select_related(*RECEIPT_WITH)
    return get_object_or_404(seen, pk=pk)
