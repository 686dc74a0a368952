"""Payouts of providers in the console: what bills told, and what somebody records by the bank's statement."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.bills.actions.payouts import record_payout
from billing.bills.forms import PayoutForm
from billing.bills.models import Payout
from billing.bills.pages.bill_rows import account_label
from billing.bills.permissions import may_settle
from billing.money import yuan
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of


@permitted("bills.view_payout")
@require_http_methods(["GET", "HEAD", "POST"])
def payout_list(request):
    """The payouts, the newest first; whoever may records one. The same reference again is the same payout."""
    form = PayoutForm(request.POST or None, initial={"paid_on": civil_today()}, label_suffix="")
    is_sent = request.method == "POST"
    if is_sent and not may_settle(request.user):
        raise PermissionDenied
    if is_sent and form.is_valid():
        try:
            payout = record_payout(**form.cleaned_data, user=request.user)
        except BadInput as bad:
            say_at_field(form, bad)
        else:
            messages.success(request, _("Payout recorded: {amount}.").format(amount=yuan(payout.amount)))
            return redirect("bills:payouts")
    page = page_of(Payout.objects.select_related("recorded_by", "line__bill"), ROWS_PER_PAGE, *places_in(request.GET))
    context = {
        "form": form,
        "payouts": [(payout, account_label(payout.account)) for payout in page.rows],
        "page": page,
        **queries_beside(page, request.GET),
        "may_settle": may_settle(request.user),
    }
    return console_page(request, "console/bills/payouts.html", context, status=422 if is_sent else None)
