"""Where parameters become a queryset of cards, for the list, for exports and for whatever is done to a choice of cards.

A parameter that is unknown, repeated or unreadable makes the filter invalid, and an invalid filter finds nothing:
it never finds more than was asked for.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.calendar import civil_today
from cards.choices import Carrier, Certification, Hold, PlanKind, State
from cards.columns.declared import LIST_COLUMNS
from cards.errors import BadInput
from cards.lookup import customers_called
from cards.models import Card, CardTag, Customer, Plan, Tag
from cards.paging import END, LARGEST_ID, NEWEST, Along, Page, Place, SortOrder, page_of
from cards.phrases import listed, pair
from cards.querysets import CardQuerySet
from cards.quick import FOR_CUSTOMERS, LAST_READ, QUICK, SORTED_BY_THEMSELVES, SORTED_IN_EACH_STATE, SORTS
from cards.scope import Scope, Visitor
from cards.search import Beginning, Numbers, Sought, TwoReadings, WordsSought, understood
from cards.state_counts import TabCounts, tab_counts

FURTHEST_DAYS = 3_650
PAGE_SIZES = (25, 50, 100, 200)
MOST_MEANT = 5
EARLIEST_DAY, LATEST_DAY = date(2000, 1, 1), date(2199, 12, 31)
TABS = ("state", "hold")
# Cards of an order that are looked at for a page in it, before its cards are found by the filter.
WALKED = (3_000, 13_000)
SOME = 1_000  # cards at one end of their own order, by which it is seen how far a page in another order reaches
# Days by which cards are found: each has a filter for the first of them, `…_since`, and for the last, `…_through`.
RANGES = {
    "opened": gettext_lazy("Opened on"),
    "activated": gettext_lazy("Activated on"),
    "ends": gettext_lazy("Last day of service"),
    "cancels": gettext_lazy("To be cancelled on"),
    "cancelled": gettext_lazy("Cancelled on"),
    "stopped": gettext_lazy("Last suspended on"),
    "due": gettext_lazy("Next due on"),
}
FILTERS_BROUGHT: list[str] = []


class StrictForm(forms.Form):
    """Knows its parameters and the two cursors of the pages, and refuses all others."""

    data: QueryDict

    after: forms.Field = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    before: forms.Field = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def clean(self) -> dict[str, Any]:
        for name in self.data:
            if name not in self.fields and name != "csrfmiddlewaretoken":
                self.add_error(None, _("There is no filter called “{name}”.").format(name=name))
            elif len(self.data.getlist(name)) > 1:
                self.add_error(None, _("The filter “{name}” is given more than once.").format(name=name))
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("after") and cleaned.get("before"):
            self.add_error(None, _("A page begins after one card or ends before one, not both."))
        return cleaned

    def complaints(self) -> Iterator[str]:
        """What is wrong with the parameters, in sentences."""
        for name, errors in self.errors.items():
            label = self.fields[name].label or name if name in self.fields else ""
            for error in errors:
                yield pair(label, error) if label else str(error)


class SharedFilters(OrderedDict[str, django_filters.Filter]):
    """Filters of which each request has its own, and no copies of what these are made of: nobody changes that."""

    def __deepcopy__(self, memo: Any) -> "SharedFilters":
        return SharedFilters((name, _own(each)) for name, each in self.items())


def _own(shared: django_filters.Filter) -> django_filters.Filter:
    own = copy(shared)
    own.extra = dict(shared.extra)
    own.method = shared.method  # bound to the one whose it is
    return own


class LeanFilterSet(django_filters.FilterSet):
    """Filters that are made for a request without copying each of their fields twice."""

    @classmethod
    def get_filters(cls) -> SharedFilters:
        return SharedFilters(super().get_filters())

    def get_form_class(self) -> Callable[..., forms.Form]:
        """What makes the form: its own fields, and behind them those of the filters, which are this request's alone."""

        def make(*data: Any, **options: Any) -> forms.Form:
            form: forms.Form = self._meta.form(*data, **options)
            form.fields |= {name: each.field for name, each in self.filters.items()}
            return form

        return make


class StrictFilterSet(LeanFilterSet):
    """Filters whose form is strict: a parameter that is unknown or unreadable finds nothing, never too much."""

    form: StrictForm
    queryset: QuerySet[Any]

    class Meta:
        form = StrictForm

    @property
    def qs(self) -> QuerySet[Any]:
        found: QuerySet[Any] = super().qs if self.is_valid() else self.queryset.none()
        return found

    @property
    def cursors(self) -> tuple[Any, Any]:
        """Where the page asked for begins or ends: (after, before)."""
        cleaned = self.form.cleaned_data if self.is_valid() else {}
        return cleaned.get("after"), cleaned.get("before")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for name, each in self.filters.items():
            queryset = each.filter(queryset, self.form.cleaned_data.get(name))
        return queryset

    def complaints(self) -> list[str]:
        """What is wrong with the parameters, in sentences."""
        return list(self.form.complaints())


class ColumnsField(forms.CharField):
    """Names of columns, between commas, in the order in which they are shown; read as a list of them."""

    def clean(self, value: Any) -> list[str]:
        names = [name for name in super().clean(value).split(",") if name]
        for name in names:
            if name not in LIST_COLUMNS:
                raise forms.ValidationError(_("There is no column called “{name}”.").format(name=name))
        if len(set(names)) < len(names):
            raise forms.ValidationError(_("A column is chosen more than once."))
        return names


class SortedForm(StrictForm):
    """The pages of a list that may stand in another order begin at a place in it, which each order reads by itself."""

    after = forms.CharField(required=False)
    before = forms.CharField(required=False)

    def order(self, cleaned: dict[str, Any]) -> SortOrder:
        """The order that these parameters ask for."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["order"] = self.order(cleaned)
        for name in ("after", "before"):
            cleaned[name] = self._place(name, cleaned.get(name), cleaned["order"])
        return cleaned

    def _place(self, name: str, text: str | None, order: SortOrder) -> Place | Literal["end"] | None:
        if not text:
            return None
        if (name, text) == ("before", END):
            return END
        try:
            return order.read(text)
        except ValueError:
            self.add_error(name, _("“{text}” is not a position in this list.").format(text=text))
            return None


class CardForm(SortedForm):
    """The parameters that choose no cards but say how they are shown: the order, columns, pages, and filters to draw.

    `cards` are those that are searched: which of two readings a number has depends on them. `also_notes` says whether
    what staff note on them is searched too.
    """

    cards = Card.objects.none()
    also_notes = True
    sort = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Sort by"),
        choices=[("", gettext_lazy("Default order")), *((name, label) for name, (label, _) in SORTS.items())],
    )
    size = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=gettext_lazy("Cards per page"),
        choices=[(size, size) for size in PAGE_SIZES],
    )
    cols = ColumnsField(required=False, label=gettext_lazy("Columns"))
    filters = forms.ChoiceField(required=False, choices=[("all", "")])  # drawn on the page, not only those asked for

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name, label in RANGES.items():
            since, through = cleaned.get(f"{name}_since"), cleaned.get(f"{name}_through")
            if since and through and since > through:
                message = _("{range}: {first} is after {last}, so no day lies between them.")
                self.add_error(None, message.format(range=label, first=since, last=through))
        return cleaned

    def order(self, cleaned: dict[str, Any]) -> SortOrder:
        if isinstance(cleaned.get("q"), TwoReadings):
            cleaned["q"] = cleaned["q"].taken(self.cards)
        elif isinstance(cleaned.get("q"), WordsSought):
            cleaned["q"] = replace(cleaned["q"], also_notes=self.also_notes)
        natural: SortOrder = _natural_order(cleaned)
        cleaned["natural_order"] = natural
        chosen = SORTS[cleaned["sort"]][1] if cleaned.get("sort") else natural
        if natural.column and chosen.column == natural.column:
            return replace(natural, is_descending=chosen.is_descending)
        return chosen


def _natural_order(cleaned: Mapping[str, Any]) -> SortOrder:
    """The order of a view for which none was asked."""
    meant = cleaned.get("q")
    if isinstance(meant, Beginning) and meant.sorts_by:
        return SortOrder(meant.sorts_by, read_value=str)
    orders = (order for name, order in SORTED_BY_THEMSELVES.items() if cleaned.get(name))
    quick = cleaned.get("quick")
    return QUICK[quick].order if quick else next(orders, NEWEST)


def _state_of(asked: Mapping[str, Any]) -> str | None:
    """The state that all cards asked for are in, where that is clear."""
    quick = asked.get("quick")
    of_quick = QUICK[quick].state if quick else None
    return asked.get("state") or (State.SUSPENDED if asked.get("hold") else of_quick)


class SearchField(forms.CharField):
    """The search box: what is typed there counts as read once it is understood."""

    widget = forms.Textarea

    def clean(self, value: Any) -> Any:
        try:
            return understood(super().clean(value))
        except BadInput as bad:
            raise forms.ValidationError(str(bad.sentence)) from None


class Search(django_filters.Filter):
    field_class = SearchField


class WithinDays(django_filters.Filter):
    """A whole number of days from today."""

    field_class = forms.IntegerField

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=FURTHEST_DAYS, **options)


class RangeDayField(forms.DateField):
    """A civil day as addresses write it."""

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day and not EARLIEST_DAY <= day <= LATEST_DAY:
            raise forms.ValidationError(
                _("Give a day from {first} to {last}.").format(first=EARLIEST_DAY, last=LATEST_DAY)
            )
        return day


class DayFilter(django_filters.Filter):
    """One end of a range of days, itself included: the first day (`gte`), or the last one (`lte`)."""

    field_class = RangeDayField

    def __init__(self, label: str | Promise, **options: Any) -> None:
        widget = forms.DateInput({"type": "date", "aria-label": label}, format="%Y-%m-%d")
        super().__init__(label=label, input_formats=["%Y-%m-%d"], widget=widget, **options)


class OneCustomerField(forms.CharField):
    """The customer of this name, or else the only one in whose name the text stands.

    The name of somebody who was merged means who has all of theirs now; where it is asked what was written down for
    good (`as_written`), it means whom it names.
    """

    widget = forms.TextInput({"autocomplete": "off"})

    def __init__(self, *, as_written: bool = False, **options: Any) -> None:
        self.as_written = as_written
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if not name:
            return None
        if named := Customer.objects.filter(name=name).first():
            return named if self.as_written else named.now
        called = customers_called(name).select_related("merged_into")[: MOST_MEANT + 1]
        found = list(dict.fromkeys(customer.now for customer in called))
        if not found:
            raise forms.ValidationError(_("There is no customer with “{text}” in their name.").format(text=name))
        if len(found) > MOST_MEANT:
            message = _("Many customers have “{text}” in their name: type more of it.")
            raise forms.ValidationError(message.format(text=name))
        if len(found) > 1:
            message = _("Which customer do you mean: {names}?").format(names=listed(found))
            raise forms.ValidationError(message)
        return found[0]


class OfCustomer(django_filters.Filter):
    """One customer, who is typed by their name or a part of it; never more than one."""

    field_class = OneCustomerField

    def __init__(self, **options: Any) -> None:
        super().__init__(label=gettext_lazy("Customer"), **options)


class CheckFilter(StrictFilterSet):
    """What the list of real-name checks that wait can be asked for."""

    customer = OfCustomer(field_name="card__customer")


class CardFilter(LeanFilterSet):
    """What the card list can be asked for. `found` holds what became of searched numbers, once `qs` was read."""

    # First, so that a number is unknown when there is no such card, and not when another filter hides it.
    q = Search(method="search", label=gettext_lazy("Search"))
    state = django_filters.ChoiceFilter(choices=State.choices, label=gettext_lazy("State"))
    hold = django_filters.ChoiceFilter(choices=Hold.choices, method="held", label=gettext_lazy("Hold"))
    quick = django_filters.ChoiceFilter(
        choices=[(name, quick.label) for name, quick in QUICK.items()],
        method="at_once",
        label=gettext_lazy("Quick filter"),
    )
    reading = django_filters.ChoiceFilter(
        choices=[(name, read.label) for name, read in LAST_READ.items()],
        method="last_read",
        label=gettext_lazy("Last usage reading"),
        empty_label=gettext_lazy("Any time"),
    )
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
    customer = OfCustomer()
    stock = django_filters.ChoiceFilter(
        choices=[("1", gettext_lazy("In stock only"))],
        method="in_stock",
        label=gettext_lazy("Stock"),
        empty_label=gettext_lazy("In stock or not"),
    )
    tag = django_filters.ModelChoiceFilter(
        queryset=Tag.objects.all(),
        to_field_name="name",
        method="tagged",
        widget=forms.TextInput({"autocomplete": "off"}),
        label=gettext_lazy("Tag"),
    )
    current_plan = django_filters.ChoiceFilter(
        method="running_with", label=gettext_lazy("Current plan"), empty_label=gettext_lazy("Any plan")
    )
    opened_since = DayFilter(field_name="opened_on", lookup_expr="gte", label=gettext_lazy("Opened, from"))
    opened_through = DayFilter(field_name="opened_on", lookup_expr="lte", label=gettext_lazy("Opened, through"))
    activated_since = DayFilter(field_name="activated_on", lookup_expr="gte", label=gettext_lazy("Activated, from"))
    activated_through = DayFilter(
        field_name="activated_on", lookup_expr="lte", label=gettext_lazy("Activated, through")
    )
    ends_since = DayFilter(method="serving_last", lookup_expr="gte", label=gettext_lazy("Last day of service, from"))
    ends_through = DayFilter(
        method="serving_last", lookup_expr="lte", label=gettext_lazy("Last day of service, through")
    )
    cancels_since = DayFilter(method="cancels", lookup_expr="gte", label=gettext_lazy("To be cancelled, from"))
    cancels_through = DayFilter(method="cancels", lookup_expr="lte", label=gettext_lazy("To be cancelled, through"))
    cancelled_since = DayFilter(method="cancelled", lookup_expr="gte", label=gettext_lazy("Cancelled, from"))
    cancelled_through = DayFilter(method="cancelled", lookup_expr="lte", label=gettext_lazy("Cancelled, through"))
    stopped_since = DayFilter(method="stopped", lookup_expr="gte", label=gettext_lazy("Last suspended, from"))
    stopped_through = DayFilter(method="stopped", lookup_expr="lte", label=gettext_lazy("Last suspended, through"))
    due_since = DayFilter(field_name="next_due_on", lookup_expr="gte", label=gettext_lazy("Next due, from"))
    due_through = DayFilter(field_name="next_due_on", lookup_expr="lte", label=gettext_lazy("Next due, through"))
    expiring = WithinDays(method="expiring_within", label=gettext_lazy("Service ends within (days)"))
    due = WithinDays(method="due_within", label=gettext_lazy("Due within (days)"))
    parked = django_filters.ChoiceFilter(
        choices=[("1", gettext_lazy("Parked only"))],
        method="set_aside",
        label=pgettext_lazy("filter", "Parked"),
        empty_label=gettext_lazy("Parked or not"),
    )

    class Meta:
        model = Card
        fields: list[str] = []
        form = CardForm

    found: Numbers | None = None
    also_notes = True
    form: CardForm
    queryset: CardQuerySet

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plans = {plan.code: plan for plan in Plan.objects.all()}
        self.filters["plan"].extra["choices"] = [(code, str(plan)) for code, plan in self.plans.items()]
        run = {code: plan for code, plan in self.plans.items() if plan.kind == PlanKind.PLAN}
        self.filters["current_plan"].extra["choices"] = [(code, str(plan)) for code, plan in run.items()]
        self.form.cards, self.form.also_notes = self.queryset, self.also_notes

    @cached_property
    def in_all_tabs(self) -> CardQuerySet:
        """The cards asked for before the tab, a state or a hold, is looked at; none if it is not clear which."""
        if not self.is_valid():
            return self.queryset.none()
        cards = self.queryset.all()
        for name in self.filters:
            if name not in TABS:
                cards = self._filtered(name, cards)
        return cards

    @cached_property
    def qs(self) -> CardQuerySet:
        """The cards asked for, or none if it is not clear which."""
        return self._in_its_tab(self.in_all_tabs)

    @cached_property
    def counted(self) -> TabCounts:
        """What the tabs say of the cards asked for."""
        return tab_counts(self)

    @property
    def natural_order(self) -> SortOrder:
        """The order of these cards unless another is asked for."""
        return self.form.cleaned_data["natural_order"] if self.is_valid() else NEWEST

    @property
    def order(self) -> SortOrder:
        """The order in which these cards stand."""
        order: SortOrder = self.form.cleaned_data["order"] if self.is_valid() else NEWEST
        return order

    @property
    def size(self) -> int | None:
        """How many cards a page is to have; None unless it says."""
        return self.form.cleaned_data["size"] if self.is_valid() else None

    def page(self, usual_size: int, shown_as: CardQuerySet) -> Page[Card]:
        """The page asked for, of `usual_size` cards unless it says, read as the queryset `shown_as` says."""
        if not self.is_valid():
            return page_of(self.qs, usual_size)
        asked, size = self.form.cleaned_data, self.size or usual_size
        cards, along = (self.qs, None) if self.order.column == self.natural_order.column else self._in_another_order()
        return page_of(cards, size, asked["after"], asked["before"], self.order, shown_as, along)

    def _in_another_order(self) -> tuple[CardQuerySet, Along[Card] | None]:
        """The cards asked for, as they are best found in an order that is not their own; and along what they lie in it.

        Where the tabs' count has met all of them, they are taken by their keys. Of a plan there may be so many that the
        way along the order is the shorter one, however long.
        """
        asked = self.form.cleaned_data
        if not self.qs.query.has_filters():
            return self.qs, None
        if (card_ids := self.counted.card_ids) is not None:
            return self._in_its_tab(self.queryset.filter(pk__among=card_ids)), None
        state = _state_of(asked)
        has_index = state and self.order.column in SORTED_IN_EACH_STATE
        cards = Card.objects.filter(state=state) if has_index else Card.objects.all()
        return self.qs, Along(cards, WALKED, self._some)

    def _some(self, is_descending: bool) -> list[int]:
        """Keys of some of the cards, from this end of their own order, in which they are found soonest."""
        order = replace(self.natural_order, is_descending=is_descending)
        return list(self.qs.order_by(*order.sorting).values_list("pk", flat=True)[:SOME])

    def complaints(self) -> Iterator[str]:
        """What is wrong with the parameters, in sentences."""
        return self.form.complaints()

    def _in_its_tab(self, cards: CardQuerySet) -> CardQuerySet:
        for name in TABS if self.is_valid() else ():
            cards = self._filtered(name, cards)
        return cards

    def _filtered(self, name: str, queryset: CardQuerySet) -> CardQuerySet:
        found: CardQuerySet = self.filters[name].filter(queryset, self.form.cleaned_data.get(name))
        return found

    def search(self, queryset: CardQuerySet, name: str, meant: Sought) -> CardQuerySet:
        if isinstance(meant, Numbers):
            self.found = meant
        return meant.narrow(queryset)

    def at_once(self, queryset: CardQuerySet, name: str, quick: str) -> CardQuerySet:
        return QUICK[quick].cards(queryset, civil_today())

    def last_read(self, queryset: CardQuerySet, name: str, ago: str) -> CardQuerySet:
        return LAST_READ[ago].cards(queryset, civil_today())

    def opened_with(self, queryset: CardQuerySet, name: str, code: str) -> CardQuerySet:
        return queryset.filter(plan=self.plans[code])

    def running_with(self, queryset: CardQuerySet, name: str, code: str) -> CardQuerySet:
        return queryset.running_on(self.plans[code], civil_today())

    def serving_last(self, queryset: CardQuerySet, name: str, day: date) -> CardQuerySet:
        """By the last day of service, as people are shown it: the day before the first one without."""
        return queryset.filter(**{f"service_until__{self.filters[name].lookup_expr}": day + timedelta(days=1)})

    def stopped(self, queryset: CardQuerySet, name: str, day: date) -> CardQuerySet:
        return queryset.stopped_on(**{self.filters[name].lookup_expr: day})

    def cancels(self, queryset: CardQuerySet, name: str, day: date) -> CardQuerySet:
        return queryset.cancels_on(**{self.filters[name].lookup_expr: day})

    def cancelled(self, queryset: CardQuerySet, name: str, day: date) -> CardQuerySet:
        return queryset.cancelled_on(**{self.filters[name].lookup_expr: day})

    def held(self, queryset: CardQuerySet, name: str, hold: str) -> CardQuerySet:
        return queryset.stopped_by(hold)

    def in_stock(self, queryset: CardQuerySet, name: str, value: str) -> CardQuerySet:
        return queryset.filter(customer=None)

    def tagged(self, queryset: CardQuerySet, name: str, tag: Tag) -> CardQuerySet:
        return queryset.filter(pk__in=CardTag.objects.filter(tag=tag).values("card"))

    def expiring_within(self, queryset: CardQuerySet, name: str, days: int) -> CardQuerySet:
        return queryset.ending(civil_today(), days)

    def due_within(self, queryset: CardQuerySet, name: str, days: int) -> CardQuerySet:
        return queryset.filter(next_due_on__lte=civil_today() + timedelta(days=days))

    def set_aside(self, queryset: CardQuerySet, name: str, value: str) -> CardQuerySet:
        return queryset.parked()


def bring_filter(name: str, brought: django_filters.Filter) -> None:
    """A filter that a room above this one brings, for the dealer's staff: it stands among the console's others."""
    CardFilter.base_filters[name] = brought
    FILTERS_BROUGHT.append(name)


class OwnCardFilter(CardFilter):
    """What customers can ask of their own cards: not by anybody's name, nor by what the dealer's staff note."""

    customer = stock = tag = parked = reading = None  # type: ignore[assignment]
    due_since = due_through = stopped_since = stopped_through = None  # type: ignore[assignment]  # how a filter is left out
    also_notes = False
    quick = django_filters.ChoiceFilter(
        choices=[(name, QUICK[name].label) for name in FOR_CUSTOMERS],
        method="at_once",
        label=gettext_lazy("Quick filter"),
    )


def filter_for(user: Visitor, params: QueryDict) -> CardFilter:
    """The filter of the cards that this person may see, with what they may ask."""
    scope = Scope.of(user)
    asks = CardFilter if scope.sees_all else OwnCardFilter
    return asks(params, queryset=Card.objects.within(scope))
