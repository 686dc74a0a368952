"""Forms of bills: a bill that somebody uploads, a payout that the bank's statement shows, how a line was settled."""

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.bills.actions.wanting import accounts_with_bills
from billing.bills.choices import kind_label
from billing.bills.filters import account_names
from billing.models.fields import AmountField
from billing.payments.wire import LONGEST_BILL
from cards.forms import DayField


def _day():
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


def _bill_choices():
    """`ali:trade` for each bill that an account has, as `ali · Trade bill`."""
    named = [(name, kind) for name, provider in accounts_with_bills() for kind in provider.bill_kinds]
    return [(f"{name}:{kind}", f"{name} · {kind_label(kind)}") for name, kind in named]


class BillForm(forms.Form):
    """A bill as the provider's website gives it."""

    bill = forms.ChoiceField(label=pgettext_lazy("bill", "Account and bill"), choices=_bill_choices)
    day = DayField(label=pgettext_lazy("calendar", "Day"), widget=_day())
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.zip"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LONGEST_BILL:
            sentence = _("The file is {size}, but a bill has at most {most}.")
            sizes = {"size": filesizeformat(file.size), "most": filesizeformat(LONGEST_BILL)}
            raise forms.ValidationError(sentence.format(**sizes))
        return file


class PayoutForm(forms.Form):
    """What the bank's statement says of a payout."""

    account = forms.ChoiceField(label=pgettext_lazy("payment", "Account"), choices=account_names)
    reference = forms.CharField(label=gettext_lazy("Bank's reference"), max_length=64)
    amount = AmountField(label=pgettext_lazy("money", "Amount"))
    paid_on = DayField(label=gettext_lazy("Received on"), widget=_day())


class SettleForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("How it was settled"), max_length=200)
