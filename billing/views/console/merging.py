"""The console's page on which somebody asks for a customer to be merged: a preview, and the name typed."""

from django import forms
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.actions.merging import ask_merging
from billing.errors import MoneyRefused
from billing.forms import KeyedForm
from billing.pages.merging import merging_preview
from billing.views.console.proposing import to_proposal
from cards.forms import CustomerField
from cards.lookup import names_of
from cards.models import Customer
from cards.names import name_key
from cards.pages.frames import console_page, permitted


class IntoForm(forms.Form):
    """Into whom."""

    into = CustomerField(label=gettext_lazy("Merge into"))


class ConfirmForm(KeyedForm):
    """The former name, typed: it cannot be undone."""

    into = CustomerField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("Name of the customer to be merged"),
        help_text=gettext_lazy("Enter it to confirm. It cannot be undone."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, former, data=None, initial=None):
        super().__init__(data, initial)
        self.former = former
        self.fields["into"].tells_who = False

    def clean_name(self):
        if name_key(self.cleaned_data["name"]) != name_key(self.former.name):
            raise forms.ValidationError(_("This is not the name of the customer to be merged."))
        return self.cleaned_data["name"]


@permitted("cards.change_customer")
@require_http_methods(["GET", "HEAD", "POST"])
def merge_customer(request, pk):
    """Choose into whom, see what moves and what stays, and ask a colleague for it."""
    former = get_object_or_404(Customer.objects.living(), pk=pk)
    if request.method == "POST":
        return _ask(request, former)
    form = IntoForm(request.GET if "into" in request.GET else None, label_suffix="")
    target = form.cleaned_data["into"] if form.is_valid() else None
    status = 422 if form.is_bound and target is None else None
    return _merging_page(request, former, form, target, status=status)


def _ask(request, former):
    form = ConfirmForm(former, request.POST)
    if form.is_valid():
        cleaned = form.cleaned_data
        try:
            proposal = ask_merging(former, cleaned["into"], user=request.user, key=cleaned["key"])
            return to_proposal(request, proposal)
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
    target = form.cleaned_data.get("into")
    into = IntoForm({"into": request.POST.get("into", "")}, label_suffix="")
    return _merging_page(request, former, into, target, form, status=422)


def _merging_page(request, former, form, target, confirm=None, status=None):
    context = {
        "customer": former,
        "form": form,
        "names": names_of(Customer),
        "preview": target and merging_preview(former, target),
        "confirm": confirm or ConfirmForm(former, initial={"into": target}),
    }
    return console_page(request, "console/money/merge.html", context, status=status)
