"""What customers are told, in the console: the list of notices, and what one customer wants to hear of."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from billing.actions.accounts import keep_agreement
from billing.actions.ledger import account_of
from billing.choices import NoticeKind
from billing.filters import NoticeFilter
from billing.models import Notice
from billing.models.fields import AmountField
from billing.money import ZERO
from billing.pages.notice_lines import notice_lines, notices_of
from cards.models import Customer
from cards.pages.addresses import queries_beside
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of


class NoticesForm(forms.Form):
    """Of what a customer is told, and below which balance the wallet is low."""

    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Notify about"),
        choices=NoticeKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    low_below = AmountField(
        label=gettext_lazy("Low-balance threshold"),
        required=False,
        help_text=gettext_lazy("Leave empty to turn off low-balance notices."),
        least=ZERO,
    )

    @property
    def muted(self):
        return [kind for kind in NoticeKind.values if kind not in self.cleaned_data["kinds"]]


@permitted("billing.view_notice")
@require_safe
def notice_list(request):
    """The newest notices that the parameters ask for."""
    filtered = NoticeFilter(request.GET, Notice.objects.visible_to(request.user))
    found = filtered.qs.select_related("customer", "card", "digest")
    page = page_of(found, ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "notices": notice_lines(page.rows),
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/notices.html", context, status=400 if complaints else None)


@permitted("billing.change_customeraccount")
@require_http_methods(["GET", "HEAD", "POST"])
def customer_notices(request, pk):
    """What one customer wants to hear of; whoever sends the form twice has said the same twice."""
    customer = get_object_or_404(Customer.objects.living(), pk=pk)
    account = account_of(pk)
    kinds = [kind for kind in NoticeKind.values if kind not in account.muted]
    initial = {"kinds": kinds, "low_below": account.low_below}
    form = NoticesForm(request.POST or None, initial=initial, label_suffix="")
    if request.method == "POST" and form.is_valid():
        keep_agreement(customer, user=request.user, muted=form.muted, low_below=form.cleaned_data["low_below"])
        messages.success(request, _("Saved."))
        return redirect("money:customer", pk=pk)
    context = {"customer": customer, "form": form, "notices": notices_of(customer)}
    return console_page(request, "console/money/customer_notices.html", context, status=422 if form.is_bound else None)
