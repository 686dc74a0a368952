"""Where parameters become a queryset of cards, for the list and whatever else shows or changes a choice of cards.

A parameter that is unknown, repeated or unreadable makes the filter invalid, and an invalid filter finds nothing:
it never finds more than was asked for.
"""

from datetime import timedelta

import django_filters
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import civil_today
from cards.choices import Carrier, Certification, Hold, State
from cards.errors import BadInput
from cards.models import Card, Customer, Plan
from cards.search import BEHIND_ALL, Numbers, understood

LARGEST_ID = 2**63 - 1
FURTHEST_DAYS = 3_650
TABS = ("state", "hold")


class StrictForm(forms.Form):
    """Knows its parameters and the two cursors of the pages, and refuses all others."""

    after = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    before = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def clean(self):
        for name in self.data:
            if name not in self.fields and name != "csrfmiddlewaretoken":
                self.add_error(None, _("There is no filter called “{name}”.").format(name=name))
            elif len(self.data.getlist(name)) > 1:
                self.add_error(None, _("The filter “{name}” is given more than once.").format(name=name))
        cleaned = super().clean()
        if cleaned.get("after") and cleaned.get("before"):
            self.add_error(None, _("A page begins after one card or ends before one, not both."))
        return cleaned


class SearchField(forms.CharField):
    """The search box: what is typed there counts as read once it is understood."""

    widget = forms.Textarea

    def clean(self, value):
        try:
            return understood(super().clean(value))
        except BadInput as bad:
            raise forms.ValidationError(str(bad.sentence)) from None


class Search(django_filters.Filter):
    field_class = SearchField


class WithinDays(django_filters.Filter):
    """A whole number of days from today."""

    field_class = forms.IntegerField

    def __init__(self, **options):
        super().__init__(min_value=1, max_value=FURTHEST_DAYS, **options)


class CardFilter(django_filters.FilterSet):
    """What the card list can be asked for. `found` holds what became of searched numbers, once `qs` was read."""

    # First, so that a number is unknown when there is no such card, and not when another filter hides it.
    q = Search(method="search", label=gettext_lazy("Search"))
    state = django_filters.ChoiceFilter(choices=State.choices, label=gettext_lazy("State"))
    hold = django_filters.ChoiceFilter(choices=Hold.choices, method="stopped_by", label=gettext_lazy("Stopped by"))
    carrier = django_filters.ChoiceFilter(
        choices=Carrier.choices, label=gettext_lazy("Carrier"), empty_label=gettext_lazy("Any carrier")
    )
    plan = django_filters.ChoiceFilter(
        method="opened_with", label=gettext_lazy("Opening plan"), empty_label=gettext_lazy("Any plan")
    )
    certification = django_filters.ChoiceFilter(
        choices=Certification.choices,
        label=gettext_lazy("Certification"),
        empty_label=gettext_lazy("Any certification"),
    )
    customer = django_filters.ModelChoiceFilter(
        queryset=Customer.objects.all(),
        to_field_name="name",
        label=gettext_lazy("Customer"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expiring = WithinDays(method="expiring_within", label=gettext_lazy("Term ends within (days)"))
    due = WithinDays(method="due_within", label=gettext_lazy("Something is due within (days)"))
    parked = django_filters.ChoiceFilter(
        choices=[("1", gettext_lazy("Parked only"))],
        method="set_aside",
        label=gettext_lazy("Parked"),
        empty_label=gettext_lazy("Parked or not"),
    )

    class Meta:
        model = Card
        fields = []
        form = StrictForm

    found = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.plans = dict(Plan.objects.values_list("code", "pk"))
        self.filters["plan"].extra["choices"] = [(code, code) for code in self.plans]

    def filter_queryset(self, queryset):
        """The cards asked for; `in_all_tabs` keeps them before the tab, a state or a hold, was looked at."""
        for name in self.filters:
            if name not in TABS:
                queryset = self._filtered(name, queryset)
        self.in_all_tabs = queryset
        for name in TABS:
            queryset = self._filtered(name, queryset)
        return queryset

    @property
    def qs(self):
        """The cards asked for, or none if it is not clear which."""
        if not self.is_valid():
            self.in_all_tabs = self.queryset.none()
            return self.in_all_tabs
        return super().qs

    def complaints(self):
        """What is wrong with the parameters, in sentences."""
        for name, errors in self.form.errors.items():
            label = self.form.fields[name].label or name if name in self.form.fields else ""
            for error in errors:
                yield f"{label}: {error}" if label else str(error)

    def _filtered(self, name, queryset):
        return self.filters[name].filter(queryset, self.form.cleaned_data.get(name))

    def search(self, queryset, name, meant):
        if isinstance(meant, Numbers):
            self.found = meant
        return meant.narrow(queryset)

    def opened_with(self, queryset, name, code):
        return queryset.filter(plan=self.plans[code])

    def stopped_by(self, queryset, name, hold):
        return stopped_by(queryset, hold)

    def expiring_within(self, queryset, name, days):
        """Cards whose running term ends from tomorrow on, up to so many days from today."""
        today = civil_today()
        until = today + timedelta(days=days)
        return queryset.filter(
            state__in=(State.IN_USE, State.SUSPENDED), service_until__gt=today, service_until__lte=until
        )

    def due_within(self, queryset, name, days):
        return queryset.filter(next_due_on__lte=civil_today() + timedelta(days=days))

    def set_aside(self, queryset, name, value):
        return queryset.parked()


def stopped_by(cards, hold):
    """Suspended cards that show this hold: the one with the highest precedence stands first among a card's holds."""
    cards = cards.filter(state=State.SUSPENDED).exclude(holds="")
    return cards.filter(holds__gte=hold, holds__lt=hold + BEHIND_ALL)
