"""Forms of an action on one card and on many. They ask; what is asked is read and judged by `cards.actions` alone."""

import uuid

from django import forms
from django.utils.translation import gettext as _

from cards import identifiers
from cards.choices import Hold
from cards.errors import BadInput
from cards.models import CardEvent
from cards.models.card import LONGEST_REMARK
from cards.models.tag import LONGEST_TAG

LAST_DIGITS = 6

FIELDS = {
    "imei": lambda: forms.CharField(label=_("IMEI of the device"), required=False, widget=_digits()),
    "limit_mb": lambda: forms.CharField(
        label=_("Usage limit (MB)"), required=False, help_text=_("Empty takes the limit off."), widget=_digits()
    ),
    "plan": lambda: forms.ChoiceField(label=_("Plan")),
    "term": lambda: forms.CharField(
        label=_("Number of the term"), required=False, help_text=_("Empty means the one bought last."), widget=_digits()
    ),
    "customer": lambda: forms.CharField(
        label=_("Customer"),
        required=False,
        help_text=_("The customer's exact name. To put the card back in stock is an action of its own."),
        widget=_offered(),
    ),
    "tag": lambda: forms.CharField(
        label=_("Tag"),
        required=False,
        max_length=LONGEST_TAG,
        help_text=_("Any word, without a comma."),
        widget=_offered(),
    ),
    "remark": lambda: forms.CharField(
        label=_("Remark"), required=False, max_length=LONGEST_REMARK, help_text=_("One line; empty takes it away.")
    ),
    "name": lambda: forms.CharField(label=_("Name of the person"), required=False, widget=_private()),
    "id_number": lambda: forms.CharField(
        label=_("ID number"), required=False, help_text=_("Kept masked, and as a keyed hash."), widget=_private()
    ),
    "kind": lambda: forms.ChoiceField(
        choices=[(Hold.ANOMALY.value, Hold.ANOMALY.label)], initial=Hold.ANOMALY, widget=forms.HiddenInput
    ),
}


class AskingForm(forms.Form):
    """The parameters of an action, as the catalogue has them, and the reason."""

    def ask_for(self, action, plans):
        self.parameters = tuple(action.parameters)
        for name in self.parameters:
            self.fields[name] = FIELDS[name]()
        if "plan" in self.fields:
            self.fields["plan"].choices = plans
        self.fields["reason"] = forms.CharField(
            label=_("Reason") if action.is_final else _("Reason (optional)"),
            required=action.is_final,
            max_length=CardEvent._meta.get_field("reason").max_length,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def asked(self):
        """The parameters for the action."""
        return {name: self.cleaned_data[name] for name in self.parameters}


class ActionForm(AskingForm):
    """The parameters of one action, the reason, and for what is final the end of the ICCID, typed as confirmation.

    `version` is the card's when the form was made: sent twice, the form is out of date the second time.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, action, iccid, choices, data=None, initial=None):
        super().__init__(data, initial=initial, label_suffix="")
        self.iccid = iccid
        self.ask_for(action, choices)
        if action.customers_read_the_reason:
            self.fields["reason"].help_text = _("The customer reads it.")
        if action.is_final:
            self.fields["last_digits"] = forms.CharField(
                label=_("The last {count} characters of the ICCID").format(count=LAST_DIGITS),
                help_text=_("Typed to make sure that it is this card: cancelling is final."),
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )

    def clean_last_digits(self):
        typed = self.cleaned_data["last_digits"].strip().upper()
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


class JobForm(AskingForm):
    """What a checked job is told before it starts; for what is final also the number of cards, typed to confirm it."""

    def __init__(self, action, plans, data=None, initial=None):
        super().__init__(data, initial=initial, label_suffix="")
        self.ask_for(action, plans)
        if action.is_final:
            self.fields["count"] = forms.CharField(
                label=_("How many cards will be cancelled"),
                help_text=_("Typed to make sure that it is these cards: cancelling is final."),
                widget=_digits(),
            )


def say_at_field(form, bad):
    """Add a `BadInput` to a form: at the field that it names or, where the form has no such field, at its head."""
    form.add_error(bad.field if bad.field in form.fields else None, str(bad.sentence))


def _digits():
    return forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})


def _offered():
    """What is typed may be one of the names that the page offers."""
    return forms.TextInput(attrs={"list": "names", "autocomplete": "off"})


def _private():
    return forms.TextInput(attrs={"autocomplete": "off"})


def form_key(request):
    """The key of the posted form, by which it counts once however often it is sent; None where it has none."""
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None
