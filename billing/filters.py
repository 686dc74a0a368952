"""Where parameters become querysets of orders and customers, for the console's lists."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import CHANGED, MissedWhy, NoticeKind, OrderKind, OrderState, PayerRefundCause, Unpaid
from billing.models import Order, OrderLine, PayerRefund, Receipt, TermsRecord
from billing.permissions import orders_waiting_for
from billing.references import reference_key
from cards.choices import PlanKind
from cards.filters import OfCustomer, SortedForm, StrictFilterSet, StrictForm
from cards.identifiers import bare, iccid_in
from cards.lookup import customers_called, customers_known_by
from cards.models import Card, Customer, Plan
from cards.paging import LARGEST_ID, NEWEST, SortOrder
from cards.querysets import Begins
from cards.quick import SORTS

ORDER_NUMBER = re.compile(r"#?(?:[0-9]{8}-)?([0-9]{1,18})", re.ASCII)


class KeyFilter(django_filters.Filter):
    """The key of something: a whole number that a key can be."""

    field_class = forms.IntegerField

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)


class OrderFilter(StrictFilterSet):
    """What the list of orders can be asked for: a number, an ICCID or a part of a customer's name, and more."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    state = django_filters.ChoiceFilter(choices=OrderState.choices, label=_("State"), empty_label=_("Any state"))
    kind = django_filters.ChoiceFilter(choices=OrderKind.choices, label=_("Kind"), empty_label=_("Any kind"))
    customer = OfCustomer()
    since = django_filters.DateFilter(method="on_days", lookup_expr="gte", label=_("From date"))
    through = django_filters.DateFilter(method="on_days", lookup_expr="lte", label=_("Through date"))
    selection = KeyFilter(label=_("Selection"))
    stuck = django_filters.ChoiceFilter(
        choices=[("1", _("Could not be completed"))],
        method="not_completed",
        label=pgettext_lazy("order", "Work"),
        empty_label=pgettext_lazy("order", "Completed or not"),
    )
    to_pay = django_filters.ChoiceFilter(
        choices=[("1", _("Orders to pay"))],
        method="waiting_for_money",
        label=pgettext_lazy("order", "Payment"),
        empty_label=pgettext_lazy("order", "To pay or not"),
    )
    waits = django_filters.ChoiceFilter(
        choices=[("any", _("Waiting for you"))],
        method="waiting_for_me",
        label=_("Waiting for you"),
        empty_label=_("Waiting for you or not"),
    )

    def waiting_for_me(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return orders.filter(pk__in=orders_waiting_for(self.request.user).order_by().values("pk"))

    def waiting_for_money(self, orders: Any, name: str, value: str) -> QuerySet[Order]:
        found: QuerySet[Order] = orders.to_pay()
        return found

    def not_completed(self, orders: Any, name: str, value: str) -> QuerySet[Order]:
        found: QuerySet[Order] = orders.stuck()
        return found

    def search(self, orders: QuerySet[Order], name: str, text: str) -> QuerySet[Order]:
        text = text.strip()
        number = ORDER_NUMBER.fullmatch(text)
        if iccid_in(text):
            cards = Card.objects.numbered(text).values("pk")
            return orders.filter(pk__in=OrderLine.objects.filter(card__in=cards).values("order"))
        if number and int(number[1]) <= LARGEST_ID:
            return orders.filter(pk=int(number[1]))
        return orders.filter(customer__in=customers_called(text).values("pk"))

    def on_days(self, orders: QuerySet[Order], name: str, day: date) -> QuerySet[Order]:
        """By their civil days: those of automatic renewals, of the others the day on which they were made."""
        compares = self.filters[name].lookup_expr
        made = Q(day=None, **{f"created_at__date__{compares}": day})
        return orders.filter(made | Q(**{f"day__{compares}": day}))


class ReceiptFilter(StrictFilterSet):
    """What the list of receipts can be asked for: how a reference or a payer begins, a part of a customer's name …"""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    customer = OfCustomer()
    taken_back = django_filters.ChoiceFilter(
        choices=[("0", _("Valid")), ("1", _("Reversed")), ("repeated", _("Same reference as an earlier one"))],
        method="filter_reversed",
        label=_("State"),
        empty_label=_("Valid or reversed"),
    )
    since = django_filters.DateFilter(field_name="received_on", lookup_expr="gte", label=_("From date"))
    through = django_filters.DateFilter(field_name="received_on", lookup_expr="lte", label=_("Through date"))

    def search(self, receipts: QuerySet[Receipt], name: str, text: str) -> QuerySet[Receipt]:
        text = text.strip()
        customers = customers_called(text)
        begins = Q(Begins(F("reference"), text)) | Q(Begins(F("payer"), text))
        if key := reference_key(text):
            begins |= Q(Begins(F("reference_key"), key))
        return receipts.filter(begins | Q(customer__in=customers.values("pk")))

    def filter_reversed(self, receipts: QuerySet[Receipt], name: str, value: str) -> QuerySet[Receipt]:
        if value == "repeated":
            return receipts.filter(reversed_at=None, repeats=True)
        return receipts.filter(reversed_at__isnull=value == "0")


class PayerRefundFilter(StrictFilterSet):
    """What the list of refunds to payers can be asked for."""

    show = django_filters.ChoiceFilter(
        choices=[("open", _("On their way")), ("failed", _("Failed")), ("ended", pgettext_lazy("withdrawal", "Over"))],
        method="how_far",
        label=_("State"),
        empty_label=_("Any state"),
    )
    cause = django_filters.ChoiceFilter(
        choices=PayerRefundCause.choices, label=_("Reason"), empty_label=_("Any reason")
    )
    since = django_filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label=_("From date"))
    through = django_filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label=_("Through date"))

    def how_far(self, refunds: Any, name: str, value: str) -> QuerySet[PayerRefund]:
        found: dict[str, Callable[[], QuerySet[PayerRefund]]]
        found = {"open": refunds.under_way, "failed": refunds.failed, "ended": refunds.ended}
        return found[value]()


class UnmatchedFilter(StrictFilterSet):
    """What the list of payments to clear can be asked for, beside what was decided."""

    customer = OfCustomer(method="of_customer")
    since = django_filters.DateFilter(field_name="came_at", lookup_expr="date__gte", label=_("From date"))
    through = django_filters.DateFilter(field_name="came_at", lookup_expr="date__lte", label=_("Through date"))

    def of_customer(self, unmatched: QuerySet[Any], name: str, customer: Customer) -> QuerySet[Any]:
        return unmatched.filter(Q(customer=customer) | Q(customer=None, payment__customer=customer))


class WithdrawalFilter(StrictFilterSet):
    """What the list of withdrawals can be asked for, beside how far they are: days are those of the approval."""

    customer = OfCustomer()
    since = django_filters.DateFilter(field_name="proposal__decided_at", lookup_expr="date__gte", label=_("From date"))
    through = django_filters.DateFilter(
        field_name="proposal__decided_at", lookup_expr="date__lte", label=_("Through date")
    )


class TermsFilter(StrictFilterSet):
    """What the list of changes of terms can be asked for."""

    kind = django_filters.ChoiceFilter(
        field_name="deed",
        choices=[(deed.value, deed.label) for deed in CHANGED],
        label=_("Kind"),
        empty_label=_("Any kind"),
    )
    customer = OfCustomer(as_written=True)
    by = django_filters.CharFilter(method="by_person", label=_("By"))
    since = django_filters.DateFilter(field_name="at", lookup_expr="date__gte", label=_("From date"))
    through = django_filters.DateFilter(field_name="at", lookup_expr="date__lte", label=_("Through date"))

    def by_person(self, changes: QuerySet[TermsRecord], name: str, username: str) -> QuerySet[TermsRecord]:
        named = username.strip()
        return changes.filter(Q(by__username=named) | Q(approved_by__username=named))


class NoticeFilter(StrictFilterSet):
    """What the list of notices can be asked for."""

    kind = django_filters.ChoiceFilter(choices=NoticeKind.choices, label=_("Kind"), empty_label=_("Any kind"))
    customer = OfCustomer()


# Orders that an index has ready: to sort by what is only reckoned, every card would have to be looked at.
NOT_PAID_SORTS = {name: SORTS[name] for name in ("oldest", "newest", "iccid")}


class NotPaidForm(SortedForm):
    """The list of cards that are not paid begins with those that came in first."""

    sort = forms.ChoiceField(
        required=False, label=_("Sort by"), choices=[(name, label) for name, (label, _order) in NOT_PAID_SORTS.items()]
    )

    def order(self, cleaned: dict[str, Any]) -> SortOrder:
        return NOT_PAID_SORTS[cleaned.get("sort") or "oldest"][1]


class NotPaidFilter(StrictFilterSet):
    """What the list of cards that are not paid can be asked for."""

    class Meta:
        form = NotPaidForm

    why = django_filters.ChoiceFilter(choices=Unpaid.choices, label=_("Reason"), empty_label=_("Any reason"))
    customer = OfCustomer()
    plan = django_filters.ModelChoiceFilter(
        queryset=Plan.objects.filter(kind=PlanKind.PLAN),
        to_field_name="code",
        label=_("Opening plan"),
        empty_label=_("Any plan"),
    )

    @property
    def for_any_reason(self) -> QuerySet[Card]:
        """The cards asked for before the reason is looked at."""
        cards: QuerySet[Card] = self.queryset if self.is_valid() else self.queryset.none()
        for name in ("customer", "plan") if self.is_valid() else ():
            cards = self.filters[name].filter(cards, self.form.cleaned_data.get(name))
        return cards

    @property
    def order(self) -> SortOrder:
        order: SortOrder = self.form.cleaned_data["order"] if self.is_valid() else NEWEST
        return order


class GrantFilter(StrictFilterSet):
    """What the report of free service can be asked for, besides its month."""

    customer = OfCustomer(method="of_customer")
    person = django_filters.CharFilter(field_name="actor_name", label=_("Person"))

    def of_customer(self, grants: QuerySet[Any], name: str, customer: Customer | None) -> QuerySet[Any]:
        return grants.filter(customer_then=customer.pk) if customer else grants


class ByNameForm(StrictForm):
    """The pages of a list by names, or by days, begin behind one."""

    after = forms.CharField(required=False)
    before = forms.CharField(required=False)


class CustomerFilter(StrictFilterSet):
    """What the list of customers can be asked for."""

    class Meta:
        form = ByNameForm

    q = django_filters.CharFilter(method="search", label=_("Search"))
    tier = django_filters.CharFilter(field_name="account__tier__name", label=_("Tier"))
    owes = django_filters.ChoiceFilter(
        choices=[("1", _("Negative balance")), ("low", _("Low balance"))],
        method="owing",
        label=_("Wallet"),
        empty_label=_("Any balance"),
    )

    def search(self, customers: QuerySet[Customer], name: str, text: str) -> QuerySet[Customer]:
        """Those who were merged are found by their names, though the list has them no more."""
        text = text.strip()
        if not bare(text):
            return customers
        return customers.filter(customers_known_by(text))

    def owing(self, customers: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        if value == "low":
            return customers.filter(account__balance__lt=F("account__low_below"))
        return customers.filter(account__balance__lt=0)


class OfPlan(django_filters.ModelChoiceFilter):
    """A data plan, by its code."""

    def __init__(self, **options: Any) -> None:
        plans = Plan.objects.filter(kind=PlanKind.PLAN)
        super().__init__(queryset=plans, to_field_name="code", label=_("Plan"), empty_label=_("Any plan"), **options)


class MissedRenewalFilter(StrictFilterSet):
    """What the list of missed renewals can be asked for."""

    class Meta:
        form = ByNameForm

    why = django_filters.ChoiceFilter(choices=MissedWhy.choices, label=_("Reason"), empty_label=_("Any reason"))
    plan = OfPlan()
    customer = OfCustomer()


class RenewingFilter(StrictFilterSet):
    """What the list of cards that renew themselves (with `renews_with`) can be asked for."""

    plan = OfPlan(field_name="renews_with")
    customer = OfCustomer()
