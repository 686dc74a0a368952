"""What programs can ask of their cards: as customers on their own pages, and what walks and accounting need beside."""

from datetime import datetime, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards import halving
from cards.calendar import civil_today
from cards.carriers.filters import StepFilter
from cards.filters import CardForm, DayFilter, OfCustomer, OwnCardFilter, StrictFilterSet
from cards.models import CardEvent
from cards.paging import NEWEST, OLDEST, SortOrder
from cards.querysets import CardQuerySet
from cards.quick import SORTS
from simportal.api.models import ApiKey

# Rows that change while somebody pages through them stay where they are only by the key.
SORTS_OF_LIST: dict[str, SortOrder] = {"id": OLDEST, "-id": NEWEST} | {
    name: SORTS[name][1] for name in ("expiry", "-expiry", "due", "-due", "iccid", "-iccid", "msisdn", "-msisdn")
}
_MOST_BYTES = 2**62
_MOST_DAYS_BACK = 31


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


class InstantField(forms.CharField):
    """An instant with its offset, as ISO 8601 writes it, of the last few weeks."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            instant = datetime.fromisoformat(text.replace(" ", "+"))  # what a `+` becomes that is not quoted
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise forms.ValidationError(_("Give an instant with its offset, such as 2026-03-02T04:00:00+08:00."))
        if instant < timezone.now() - timedelta(days=_MOST_DAYS_BACK):
            message = _("At most {days} days back: walk the whole list instead.")
            raise forms.ValidationError(message.format(days=_MOST_DAYS_BACK))
        return instant


class InstantFilter(django_filters.Filter):
    field_class = InstantField


class ApiCardFilter(OwnCardFilter):
    """The cards of a customer that a program asks for; a parameter that is not understood finds nothing.

    `expires_before`: the first day without service lies before this day. `used_over`: more bytes than that were used in
    the running cycle. `changed_since`: something was recorded of the card from this instant on. `step`: where it stands
    between the portal and its carrier.
    """

    step = StepFilter()
    changed_since = InstantFilter(label=_("Changed since"), method="changed_from")

    expires_before = DayFilter(label=_("Service ends before"), field_name="service_until", lookup_expr="lt")
    used_over = Bytes(label=_("Used more than (bytes)"), field_name="used_bytes", lookup_expr="gt")

    class Meta(OwnCardFilter.Meta):
        form = ApiCardForm

    def changed_from(self, cards: CardQuerySet, name: str, instant: datetime) -> CardQuerySet:
        records = CardEvent.objects.filter(halving.since(CardEvent, "executed_at", instant), card=OuterRef("pk"))
        return cards.filter(Exists(records))

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
