"""What the list of people can be asked for: staff, or those who act for customers."""

import django_filters
from django.contrib.auth.models import User
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cards import identifiers
from cards.choices import StaffRole
from cards.errors import BadInput
from cards.filters import SortedForm, StrictFilterSet
from cards.models import Person
from cards.paging import SortOrder
from cards.people.members import without_programs
from cards.querysets import Begins

BY_USER_NAME = SortOrder("username", read_value=str)
CUSTOMERS_PEOPLE = "customers"


class PeopleForm(SortedForm):
    def order(self, cleaned):
        return BY_USER_NAME


class PeopleFilter(StrictFilterSet):
    """Staff, unless the people of customers are asked for."""

    class Meta:
        form = PeopleForm

    q = django_filters.CharFilter(method="search", label=_("Search"))
    who = django_filters.ChoiceFilter(
        choices=[(CUSTOMERS_PEOPLE, _("Customers' people"))], method="is_said_already", empty_label=_("Staff")
    )
    role = django_filters.ChoiceFilter(
        choices=StaffRole.choices, method="of_role", label=_("Role"), empty_label=_("Any role")
    )
    may = django_filters.ChoiceFilter(
        choices=[("in", _("Can log in")), ("out", _("Shut out"))],
        method="getting_in",
        label=_("Access"),
        empty_label=_("Shut out or not"),
    )
    steps = django_filters.ChoiceFilter(
        choices=[("two", _("Two-step login on")), ("one", _("Two-step login off"))],
        method="logging_in",
        label=_("Two-step login"),
        empty_label=_("With or without two-step login"),
    )

    @property
    def is_of_customers(self):
        return self.is_valid() and self.form.cleaned_data["who"] == CUSTOMERS_PEOPLE

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset.filter(is_staff=not self.is_of_customers))

    def is_said_already(self, people, name, value):
        return people

    def search(self, people, name, text):
        """By the beginning of the user name, the phone or the whole address; staff, who are few, also by their name."""
        text = text.strip()
        found = Q(Begins(F("username"), text)) | Q(email=text) | Q(pk__in=_with_phone(text))
        return people.filter(found if self.is_of_customers else found | Q(first_name__icontains=text))

    def of_role(self, people, name, role):
        is_admin = role == StaffRole.ADMIN
        return people.filter(is_superuser=True) if is_admin else people.filter(groups__name=role)

    def getting_in(self, people, name, value):
        return people.filter(is_active=value == "in")

    def logging_in(self, people, name, value):
        two_steps = Q(pk__in=Person.objects.exclude(totp_secret="").values("user"))
        return people.filter(two_steps if value == "two" else ~two_steps)


def people_listed():
    """Everybody, with what a line of the list says of them."""
    return without_programs(User.objects).select_related("person").prefetch_related("groups", "memberships__customer")


def _with_phone(text):
    try:
        return Person.objects.filter(phone=identifiers.phone(text)).values("user")
    except BadInput:
        return Person.objects.none().values("user")
