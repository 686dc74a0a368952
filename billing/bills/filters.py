"""Where parameters become querysets of bills and their lines, for the console's lists."""

from datetime import date

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.bills.choices import BillState, LineVerdict
from billing.bills.models import Bill, BillLine
from billing.choices import BillLineKind
from billing.models import ProviderAccount
from cards.filters import StrictFilterSet


def account_names() -> list[tuple[str, str]]:
    """The accounts to choose from, by their names."""
    return [(name, name) for name in ProviderAccount.objects.values_list("name", flat=True)]


class BillFilter(StrictFilterSet):
    """What the list of bills can be asked for."""

    account = django_filters.ChoiceFilter(
        choices=account_names, label=pgettext_lazy("payment", "Account"), empty_label=_("Any account")
    )
    state = django_filters.ChoiceFilter(choices=BillState.choices, label=_("State"), empty_label=_("Any state"))
    since = django_filters.DateFilter(method="on_days", lookup_expr="gte", label=_("From date"))
    through = django_filters.DateFilter(method="on_days", lookup_expr="lte", label=_("Through date"))

    def on_days(self, bills: QuerySet[Bill], name: str, day: date) -> QuerySet[Bill]:
        return bills.filter(**{f"day__{self.filters[name].lookup_expr}": day})


class BillLineFilter(StrictFilterSet):
    """What the lines of a bill can be asked for: a reference or a number of ours, and more."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    verdict = django_filters.ChoiceFilter(choices=LineVerdict.choices, label=_("Result"), empty_label=_("Any result"))
    kind = django_filters.ChoiceFilter(
        choices=BillLineKind.choices, label=pgettext_lazy("bill", "about"), empty_label=_("Any kind")
    )

    def search(self, lines: QuerySet[BillLine], name: str, text: str) -> QuerySet[BillLine]:
        text = text.strip()
        return lines.filter(reference=text) | lines.filter(key_text=text)
