"""Forms of an action on one card and on many. They ask; only `cards.actions` reads and decides."""

import uuid

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import identifiers
from cards.calendar import exists
from cards.catalogue.assign import the_one
from cards.catalogue.parameters import NOT_A_DAY
from cards.choices import Hold
from cards.errors import BadInput
from cards.lookup import customers_named
from cards.models import CardEvent, Customer
from cards.phrases import joined

LAST_DIGITS = 6


def _digits():
    return forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})


def _offered():
    """What is typed may be one of the names that the page offers."""
    return forms.TextInput(attrs={"list": "names", "autocomplete": "off"})


class CustomerNameField(forms.CharField):
    """A customer's name, to type into with the names to choose from; the page says who is meant by it."""

    widget = _offered()
    tells_who = True


class CustomerField(CustomerNameField):
    """The customer who is meant by the name that is typed."""

    def __init__(self, **options):
        super().__init__(**{"label": gettext_lazy("Customer")} | options)

    def prepare_value(self, value):
        return value.name if isinstance(value, Customer) else value

    def clean(self, value):
        name = super().clean(value).strip()
        if not name:
            return None
        (found,) = customers_named([name]).values()
        if not found:
            raise forms.ValidationError(_("There is no customer with this name."))
        try:
            return the_one(found)
        except BadInput as bad:
            raise forms.ValidationError(str(bad.sentence)) from None


class _TypedAnew(forms.Textarea):
    """A text of several lines that no page ever shows again, as a password is not."""

    def format_value(self, value):
        return ""


class SecretField(forms.CharField):
    """A secret of an account elsewhere: kept enciphered and never shown again. Left empty, one that is kept stays."""

    def __init__(self, label, *, is_kept, is_text=False, help_text=""):
        attributes = {"autocomplete": "off", "rows": 4} if is_text else {"autocomplete": "new-password"}
        how = _("Set. Leave it empty to keep it.") if is_kept else _("Kept enciphered, and never shown again.")
        super().__init__(
            label=capfirst(label),
            required=False,
            max_length=10_000,
            help_text=joined(help_text, how) if help_text else how,
            widget=(_TypedAnew if is_text else forms.PasswordInput)(attrs=attributes),
        )


def _private():
    return forms.TextInput(attrs={"autocomplete": "off"})


WIDGETS = {"text": forms.TextInput, "digits": _digits, "offered": _offered, "private": _private}


def field_of(parameter):
    """The field in which a form asks for a `Parameter`; of the holds only one is placed by hand."""
    if parameter.entry == "plan":
        return forms.ChoiceField(label=parameter.label)
    if parameter.entry == "hold":
        by_hand = [(Hold.ANOMALY.value, Hold.ANOMALY.label)]
        return forms.ChoiceField(label=parameter.label, choices=by_hand, initial=Hold.ANOMALY, widget=forms.HiddenInput)
    asked = {"label": parameter.label, "max_length": parameter.longest, "help_text": parameter.help_text}
    if parameter.entry == "customer":
        return CustomerNameField(required=False, **asked)
    return forms.CharField(required=False, widget=WIDGETS[parameter.entry](), **asked)


class DayField(forms.DateField):
    """A day that may come in."""

    def validate(self, value):
        super().validate(value)
        if value and not exists(value):
            raise forms.ValidationError(NOT_A_DAY.format(text=value))


class ParametersForm(forms.Form):
    """The parameters of an action, as the catalogue has them, and the reason."""

    def add_parameters(self, action, plans):
        self.parameters = tuple(action.parameters)
        for name, parameter in action.parameters.items():
            self.fields[name] = field_of(parameter)
        if "plan" in self.fields:
            self.fields["plan"].choices = plans
        self.fields["reason"] = forms.CharField(
            label=_("Reason") if action.asks_why else _("Reason (optional)"),
            required=action.asks_why,
            max_length=CardEvent._meta.get_field("reason").max_length,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def values(self):
        """The parameters for the action."""
        return {name: self.cleaned_data[name] for name in self.parameters}


class ActionForm(ParametersForm):
    """The parameters of one action, the reason, and for what is final the end of the ICCID, typed as confirmation.

    `version` is the card's when the form was made: sent twice, the form is out of date the second time.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, action, iccid, choices, data=None, initial=None):
        super().__init__(data, initial=initial, label_suffix="")
        self.iccid = iccid
        self.add_parameters(action, choices)
        if action.customers_read_the_reason:
            self.fields["reason"].help_text = _("Visible to the customer.")
        if action.is_final:
            self.fields["last_digits"] = forms.CharField(
                label=_("The last {count} characters of the ICCID").format(count=LAST_DIGITS),
                help_text=_("Enter them to confirm. Cancellation is final."),
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )

    def clean_last_digits(self):
        typed = identifiers.bare(self.cleaned_data["last_digits"])
        if typed != self.iccid[-LAST_DIGITS:]:
            raise forms.ValidationError(_("These are not the last characters of this card's ICCID."))
        return typed


class MyActionForm(ActionForm):
    """The same as a customer fills it in: only a resident's identity card proves here who somebody is."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "id_number" in self.fields:  # no reason is needed, and none shall hold what is kept masked
            del self.fields["reason"]

    def clean_id_number(self):
        try:
            return identifiers.resident_number(self.cleaned_data["id_number"])
        except BadInput as bad:
            raise forms.ValidationError(str(bad.sentence)) from None


class JobForm(ParametersForm):
    """What a checked job is told before it starts; for what is final also the number of cards, typed to confirm it.

    `counted` is what such a number is called, with what there is to know of it.
    """

    def __init__(self, action, plans, data=None, initial=None, counted=None):
        super().__init__(data, initial=initial, label_suffix="")
        self.add_parameters(action, plans)
        if action.is_final:
            counted = _("Number of cards to cancel"), _("Enter the number to confirm. Cancellation is final.")
        if counted:
            label, help_text = counted
            self.fields["count"] = forms.CharField(label=label, help_text=help_text, widget=_digits())


def say_at_field(form, bad):
    """Add a `BadInput` to a form: at the field that it names or, where the form has no such field, at its head."""
    labels = {name: field.label for name, field in form.fields.items()}
    form.add_error(bad.field if bad.field in form.fields else None, bad.in_words(labels))


def form_key(request):
    """The key of the posted form, by which it counts once however often it is sent; None where it has none."""
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None
