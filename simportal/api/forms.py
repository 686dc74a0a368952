"""Forms of the keys of the open API. They ask; only `simportal.api.actions` reads and decides."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.calendar import civil_today
from simportal.api.actions.keys import DAYS_GOOD, LONGEST_KEY_NAME
from simportal.api.choices import READING_SCOPES, ApiScope


def _a_year_from_now():
    return civil_today() + timedelta(days=DAYS_GOOD)


class KeyForm(forms.Form):
    """A new key: what it is called, what it may, from where, and until when."""

    name = forms.CharField(
        label=pgettext_lazy("API key", "Name"),
        max_length=LONGEST_KEY_NAME,
        help_text=_("The program that will use the key, such as “ERP”: the records of cards name it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=pgettext_lazy("API key", "Permissions"),
        choices=ApiScope.choices,
        initial=[scope.value for scope in READING_SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    addresses = forms.CharField(
        label=pgettext_lazy("API key", "Allowed addresses"),
        required=False,
        help_text=_("One IP address or network to a line, such as 203.0.113.7. Leave empty to allow any."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    expires_on = forms.DateField(
        label=pgettext_lazy("API key", "Expires on"),
        initial=_a_year_from_now,
        help_text=_("The first day on which the key no longer works."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @property
    def values(self):
        """As `make_key` takes them."""
        return self.cleaned_data | {"addresses": self.cleaned_data["addresses"].split()}
