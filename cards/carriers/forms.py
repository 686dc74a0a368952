"""The form of an account: what its protocol needs, and how it is used. Only `actions/` reads and decides."""

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.carriers.pages.account_settings import setting_word
from cards.carriers.protocols import settings_of
from cards.choices import Carrier
from cards.forms import SecretField


class CarrierAccountForm(forms.Form):
    """A new account of a protocol, or one that there is; of its secrets no more is shown than whether they are set."""

    name = forms.CharField(label=pgettext_lazy("account", "Name"), max_length=40)
    carrier = forms.ChoiceField(label=gettext_lazy("Carrier"), choices=Carrier.choices)
    base_url = forms.CharField(
        label=pgettext_lazy("network", "Address"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "Scheme, host and port, as https://api.example.cn. The carrier tells it; paths are not part of it."
        ),
    )
    is_on = forms.BooleanField(label=gettext_lazy("On: orders are sent, and the carrier is asked"), required=False)

    def __init__(self, protocol, data=None, account=None, kept=()):
        super().__init__(data, label_suffix="", initial=_told(account) if account else {"is_on": True})
        self.protocol, self.is_new = protocol, account is None
        if not self.is_new:
            del self.fields["name"]
        if not self.is_new or protocol.CARRIER:
            del self.fields["carrier"]
        for field in protocol.FIELDS:
            self.fields[field.name] = _field(field, field.name in kept)
        for setting in settings_of(protocol).values():
            usual = protocol.DEFAULTS.get(setting.name, setting.default)
            self.fields[setting.name] = _setting(setting, usual)

    def told(self):
        """What is told to the action that saves it; a secret that was not typed stays as it is."""
        cleaned = self.cleaned_data
        of_protocol = {field.name: field.is_secret for field in self.protocol.FIELDS}
        open_ones = [name for name, is_secret in of_protocol.items() if not is_secret]
        values = {name: cleaned[name] for name in (*open_ones, *settings_of(self.protocol))}
        secrets = {name: cleaned[name] for name, is_secret in of_protocol.items() if is_secret and cleaned[name]}
        told = {"base_url": cleaned["base_url"], "is_on": cleaned["is_on"], "values": values, "secrets": secrets}
        return told | ({"carrier": cleaned["carrier"]} if "carrier" in cleaned else {})


def _told(account):
    return {"base_url": account.base_url, "is_on": account.is_on, **account.fields, **account.settings}


def _field(field, is_kept):
    if field.is_secret:
        return SecretField(field.label, is_kept=is_kept)
    return forms.CharField(label=capfirst(field.label), required=False, max_length=500)


def _setting(setting, usual):
    if setting.words:
        choices = [("", _("as usual: {usual}").format(usual=setting_word(usual)))]
        choices += [(word, setting_word(word)) for word in setting.words]
        return forms.ChoiceField(label=capfirst(setting.label), required=False, choices=choices)
    widget = forms.TextInput(attrs={"placeholder": usual, "inputmode": "decimal"})
    return forms.CharField(label=capfirst(setting.label), required=False, max_length=20, widget=widget)
