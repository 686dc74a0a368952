"""What the audit list can be asked for."""

from datetime import date, timedelta

import django_filters
from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.calendar import EARLIEST, LATEST, end_of
from cards.choices import AuditAction
from cards.filters import Named, StrictFilterSet
from cards.models import AuditEntry, Customer
from cards.querysets import Begins


class AuditFilter(StrictFilterSet):
    """By whom or about whom, what, about what, and on which days."""

    person = django_filters.CharFilter(method="by_or_about", label=_("Person"))
    action = django_filters.ChoiceFilter(choices=AuditAction.choices, label=_("Action"), empty_label=_("Any action"))
    about = django_filters.CharFilter(method="about_what", label=pgettext_lazy("audit", "About"))
    customer = Named(Customer, label=_("Customer"))
    since = django_filters.DateFilter(method="from_day", label=_("From date"))
    through = django_filters.DateFilter(method="through_day", label=_("Through date"))

    def by_or_about(self, entries: QuerySet[AuditEntry], name: str, username: str) -> QuerySet[AuditEntry]:
        """What somebody did, and what was done to their account; of what has no account (`manage.py`) what it did."""
        keys = list(User.objects.filter(username=username.strip()).values_list("pk", flat=True))
        return entries.filter(Q(by__in=keys) | Q(user__in=keys) | Q(by=None, actor_name=username.strip()))

    def about_what(self, entries: QuerySet[AuditEntry], name: str, text: str) -> QuerySet[AuditEntry]:
        return entries.filter(Begins(F("about"), text.strip()))

    def from_day(self, entries: QuerySet[AuditEntry], name: str, day: date) -> QuerySet[AuditEntry]:
        return entries.filter(at__gte=end_of(_within(day) - timedelta(days=1)))

    def through_day(self, entries: QuerySet[AuditEntry], name: str, day: date) -> QuerySet[AuditEntry]:
        return entries.filter(at__lt=end_of(_within(day)))


def _within(day: date) -> date:
    """The day, or the nearest that the portal knows."""
    return min(max(day, EARLIEST), LATEST)


def entries_about(user: User) -> QuerySet[AuditEntry]:
    """What was done to somebody's account and to what they may, and when they logged in; the newest first."""
    return AuditEntry.objects.filter(user=user.pk).select_related("customer").order_by("-pk")
