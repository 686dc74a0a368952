"""What programs can ask of their cards: as customers on their own pages, and what walks and accounting need beside."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.calendar import civil_today
from cards.filters import CardForm, DayFilter, OfCustomer, OwnCardFilter, StrictFilterSet
from cards.paging import NEWEST, OLDEST, SortOrder
from cards.quick import SORTS
from simportal.api.models import ApiKey

# Rows that change while somebody pages through them stay where they are only by the key.
SORTS_OF_LIST: dict[str, SortOrder] = {"id": OLDEST, "-id": NEWEST} | {
    name: SORTS[name][1] for name in ("expiry", "-expiry", "due", "-due", "iccid", "-iccid", "msisdn", "-msisdn")
}
_MOST_BYTES = 2**62


class ApiCardForm(CardForm):
    sort = forms.ChoiceField(required=False, choices=[(name, name) for name in SORTS_OF_LIST])
    size = cols = None  # type: ignore[assignment]  # how a field is left out
    also_notes = False

    def order(self, cleaned: dict[str, Any]) -> SortOrder:
        super().order({**cleaned, "sort": ""})
        cleaned["natural_order"] = OLDEST
        return SORTS_OF_LIST[cleaned.get("sort") or "id"]


class Bytes(django_filters.Filter):
    """A whole number of bytes."""

    field_class = forms.IntegerField

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=_MOST_BYTES, **options)


class ApiCardFilter(OwnCardFilter):
    """The cards of a customer that a program asks for; a parameter that is not understood finds nothing.

    `expires_before`: the first day without service lies before this day. `used_over`: more bytes than that were used in
    the running cycle.
    """

    expires_before = DayFilter(label=_("Service ends before"), field_name="service_until", lookup_expr="lt")
    used_over = Bytes(label=_("Used more than (bytes)"), field_name="used_bytes", lookup_expr="gt")

    class Meta(OwnCardFilter.Meta):
        form = ApiCardForm

    @property
    def faults(self) -> list[dict[str, str]]:
        """What is wrong with the parameters, each with its name."""
        return [
            {"pointer": f"query:{'' if name == '__all__' else name}", "code": "invalid", "detail": str(error)}
            for name, errors in self.form.errors.items()
            for error in errors
        ]


class ApiKeyFilter(StrictFilterSet):
    """What the console's list of keys can be asked for."""

    customer = OfCustomer()
    show = django_filters.ChoiceFilter(
        choices=[
            ("valid", pgettext_lazy("API key", "Valid")),
            ("over", pgettext_lazy("API key", "Revoked or expired")),
        ],
        method="how_far",
        label=_("State"),
        empty_label=_("Any state"),
    )

    def how_far(self, keys: Any, name: str, value: str) -> QuerySet[ApiKey]:
        living = ApiKey.objects.living(civil_today())
        found: QuerySet[ApiKey] = keys.filter(pk__in=living) if value == "valid" else keys.exclude(pk__in=living)
        return found
