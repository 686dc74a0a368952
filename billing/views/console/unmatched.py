"""Payments to clear: money that came online and fits no payment, and what finance decides about it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.actions.providers import can_give_back, provider_label
from billing.actions.unmatched import assign_to, clearing_that_waits, mark_returned, reopen, return_by_provider
from billing.errors import MoneyRefused
from billing.filters import UnmatchedFilter
from billing.forms import AssignForm, ReasonForm
from billing.models import MoneyRules, Payment, Proposal, UnmatchedPayment
from billing.pages.order_labels import money_badge
from billing.pages.unmatched_rows import UNMATCHED_COLUMNS
from billing.pages.wallet_lines import moved_by
from billing.permissions import may_clear
from billing.views.console.proposing import to_proposal
from cards.lookup import names_of
from cards.models import Customer
from cards.pages.addresses import given, queries_beside
from cards.pages.downloads import list_as_csv
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of

UNMATCHED_AT_ONCE = 500
# What a bill told us of a payment; what a provider told has the provider's own names.
_WORDS_OF_BILLS = {
    "bill": pgettext_lazy("bill", "Bill"),
    "line": pgettext_lazy("bill", "line"),
    "number": gettext_lazy("Our number"),
}
_SHOWN_WITH = ("payment__customer", "payment__order", "customer", "notification", "decided_by", "reopened_by")


@permitted("billing.view_unmatchedpayment")
@require_safe
def unmatched_list(request):
    """What waits, the newest first; or (`show=cleared`) what was decided."""
    show, filtered = _asked_for(request)
    page = page_of(filtered.qs, ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "entries": [(row, money_badge(row), provider_label(row.provider)) for row in page.rows],
        "page": page,
        "show": show,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/unmatched_list.html", context, status=400 if complaints else None)


@permitted("billing.view_unmatchedpayment")
@require_safe
def unmatched_csv(request):
    """The same as a file, on all pages."""
    _show, filtered = _asked_for(request)
    found = filtered.qs.order_by("-pk").iterator(UNMATCHED_AT_ONCE)
    return list_as_csv(request, _("payments-to-clear"), UNMATCHED_COLUMNS, found, filtered.complaints())


@permitted("billing.view_unmatchedpayment")
@require_safe
def unmatched_page(request, pk):
    return _page(request, _find(pk))


@permitted("billing.add_receipt")
@require_POST
def assign(request, pk):
    """Put the money into the wallet of the customer whose it is."""
    unmatched, form = _find(pk), AssignForm(request.POST)
    if not form.is_valid():
        return _page(request, unmatched, form, status=422)
    customer, reason = form.cleaned_data["customer"], form.cleaned_data["reason"]
    return _done(request, unmatched, lambda: assign_to(unmatched, customer, user=request.user, reason=reason))


@permitted("billing.add_receipt")
@require_POST
def give_back(request, pk):
    """Note that the payer has the money back."""
    return _with_reason(request, _find(pk), mark_returned)


@permitted("billing.add_receipt")
@require_POST
def send_back(request, pk):
    """Have the provider give the money back to the payer."""
    return _with_reason(request, _find(pk), return_by_provider)


@permitted("billing.add_receipt")
@require_POST
def take_back(request, pk):
    """Take a wrong decision back; the money waits anew."""
    return _with_reason(request, _find(pk), reopen)


def _asked_for(request):
    """Which tab is asked for, and the filter of its rows, read."""
    show = request.GET.get("show", "")
    if show not in ("", "cleared"):
        raise Http404
    rows = _rows().cleared() if show else _rows().waiting()
    return show, UnmatchedFilter(given(request.GET, besides=["show"]), rows)


def _with_reason(request, unmatched, do):
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Briefly give a reason."))
        return redirect("money:unmatched", pk=unmatched.pk)
    return _done(request, unmatched, lambda: do(unmatched, user=request.user, reason=form.cleaned_data["reason"]))


def _done(request, unmatched, do):
    """Do it, and show where the money stands now."""
    try:
        done = do()
        if isinstance(done, Proposal):
            return to_proposal(request, done)
        unmatched = done
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("money:unmatched", pk=unmatched.pk)


def _page(request, unmatched, form=None, status=None):
    payment, entry = unmatched.payment, unmatched.entry
    entries = [entry, getattr(entry, "reversed_by", None)] if entry else []
    given = {"customer": payment.customer} if payment else {}
    provider, reference, told = unmatched.provider, unmatched.reference, unmatched.notification.body
    used_by = Payment.objects.filter(provider=provider, provider_reference=reference)
    others = UnmatchedPayment.objects.filter(provider=provider, reference=reference).exclude(pk=unmatched.pk)
    context = {
        "unmatched": unmatched,
        "badge": money_badge(unmatched),
        "provider": provider_label(provider),
        "told": sorted((_WORDS_OF_BILLS.get(name, name), str(value)) for name, value in told.items() if value != ""),
        "used_by": used_by.select_related("customer", "order").first(),
        "others": others.order_by("pk"),
        "entries": [(each, moved_by(each, to_staff=True), list(each.postings.all())) for each in entries if each],
        "proposal": clearing_that_waits(unmatched),
        "rules": MoneyRules.read(),
        "may_clear": may_clear(request.user),
        "can_send_back": unmatched.waits and can_give_back(provider),
        "refund": unmatched.refunds.first(),
        "assign_form": form or AssignForm(initial=given),
        "reason_form": ReasonForm(auto_id="reason_%s"),
        "names": names_of(Customer),
    }
    return console_page(request, "console/money/unmatched.html", context, status=status)


def _rows():
    return UnmatchedPayment.objects.select_related(*_SHOWN_WITH)


def _find(pk):
    return get_object_or_404(_rows().select_related("entry__reversed_by"), pk=pk)
