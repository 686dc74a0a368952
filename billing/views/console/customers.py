"""The console's customers: the list with balances and cards, the page of one with all that is theirs, the name and
contact, the agreement, and adjustments."""

from copy import copy

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.actions import orders
from billing.actions.accounts import keep_agreement
from billing.actions.ledger import account_of
from billing.errors import MoneyRefused
from billing.filters import CustomerFilter
from billing.forms import KeyedForm, ToldField
from billing.models import CustomerAccount, MoneyRules, Order, Price, Proposal
from billing.models.fields import AmountField
from billing.money import ZERO
from billing.pages.customer_rows import CUSTOMER_COLUMNS, CUSTOMER_WITH, customers_counted
from billing.pages.merging import merging_of
from billing.pages.notice_lines import notices_of
from billing.pages.order_labels import money_badge
from billing.pages.terms_lines import terms_lines
from billing.pages.wallet_lines import wallet_line
from billing.permissions import may_merge, may_sell
from billing.statements import wallet_of
from billing.views.console.proposing import to_proposal
from cards.actions.master_data import MAY_KEEP_CUSTOMERS, keep_master_data
from cards.calendar import civil_today
from cards.errors import Refused
from cards.filters import CardFilter
from cards.lookup import customers_alike
from cards.models import Card, CardRequest, Customer
from cards.pages.addresses import queries_beside
from cards.pages.card_tabs import tabs_of
from cards.pages.downloads import list_as_csv
from cards.pages.frames import CONSOLE, console_page, permitted
from cards.paging import TALL_ROWS_PER_PAGE, SortOrder, page_of
from cards.people.people_lines import members_shown

CUSTOMERS_AT_ONCE = 500
ROWS_PER_SECTION = 10
REQUESTS_PER_SECTION = 5
BY_NAME = SortOrder("name", read_value=str)


class MasterDataForm(forms.ModelForm):
    """What a customer is called, and whom to call there."""

    class Meta:
        model = Customer
        fields = ["name", "kind", "contact", "phone"]
        help_texts = {
            "name": gettext_lazy("The audit list keeps the old name. Files have to use the new one from now on."),
        }


class AgreementForm(forms.ModelForm):
    """The agreement with a customer."""

    class Meta:
        model = CustomerAccount
        fields = ["tier", "credit_limit", "auto_renews", "renews_days_ahead", "tax_number", "tax_details"]


class AdjustmentForm(KeyedForm):
    """Money that is charged or given without a card: why, for the customer, and what the staff note of it.

    What is given is never without a text for who gets it.
    """

    gives = forms.ChoiceField(
        label=gettext_lazy("Credit or charge"),
        choices=[("1", gettext_lazy("Credit the customer")), ("0", gettext_lazy("Charge the customer"))],
    )
    amount = AmountField(label=pgettext_lazy("money", "Amount"))
    told = ToldField(required=False)
    note = forms.CharField(label=gettext_lazy("Internal note"), max_length=200)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("gives") == "1" and not cleaned.get("told"):
            self.add_error("told", _("Tell the customer why they are credited."))
        return cleaned

    @property
    def signed(self):
        amount = self.cleaned_data["amount"]
        return -amount if self.cleaned_data["gives"] == "1" else amount


@permitted("cards.view_customer")
@require_safe
def customer_list(request):
    """Customers by name, with what their wallets hold and how many cards they have."""
    filtered = _asked_for(request)
    shown = Customer.objects.select_related(*CUSTOMER_WITH)
    page = page_of(filtered.qs, TALL_ROWS_PER_PAGE, *map(_place, filtered.cursors), order=BY_NAME, shown_as=shown)
    complaints = filtered.complaints()
    context = {
        "alike": [] if request.GET else customers_alike(),
        "form": filtered.form,
        "complaints": complaints,
        "customers": [(row.customer, row.account, f"{row.cards:,}") for row in customers_counted(page.rows)],
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/customers.html", context, status=400 if complaints else None)


@permitted("cards.view_customer")
@require_safe
def customer_csv(request):
    """The same customers as a file, on all pages."""
    filtered = _asked_for(request)
    found = filtered.qs.select_related(*CUSTOMER_WITH).order_by("name", "pk").iterator(CUSTOMERS_AT_ONCE)
    return list_as_csv(request, _("customers"), CUSTOMER_COLUMNS, customers_counted(found), filtered.complaints())


@permitted("cards.view_customer")
@require_safe
def customer_page(request, pk):
    customer = get_object_or_404(Customer.objects.select_related("merged_into"), pk=pk)
    return _merged_page(request, customer) if customer.merged_into else _page(request, customer)


@permitted(MAY_KEEP_CUSTOMERS)
@require_POST
def change_master_data(request, pk):
    """Rename a customer, or change whom to call there."""
    customer = get_object_or_404(Customer.objects.living(), pk=pk)
    form = MasterDataForm(request.POST, instance=_again(customer), label_suffix="")
    if form.is_valid():
        try:
            keep_master_data(customer, by=request.user, **form.cleaned_data)
        except ValidationError as wrong:
            form.add_error(None, wrong)
    if not form.is_valid():
        return _page(request, customer, master_data=form, status=422)
    messages.success(request, _("Saved."))
    return redirect("money:customer", pk=pk)


@permitted("billing.change_customeraccount")
@require_POST
def change_agreement(request, pk):
    """Keep the agreement with a customer: tier, credit, renewals."""
    customer = get_object_or_404(Customer.objects.living(), pk=pk)
    form = AgreementForm(request.POST, instance=account_of(customer.pk), label_suffix="")
    if not form.is_valid():
        return _page(request, customer, agreement=form, status=422)
    try:
        kept = keep_agreement(customer, user=request.user, **form.cleaned_data)
    except (ValidationError, MoneyRefused) as wrong:
        form.add_error(None, wrong if isinstance(wrong, ValidationError) else str(wrong))
        return _page(request, customer, agreement=form, status=422)
    if isinstance(kept, Proposal):
        return to_proposal(request, kept)
    messages.success(request, _("Saved."))
    return redirect("money:customer", pk=pk)


@permitted("billing.adjust_order")
@require_POST
def adjust(request, pk):
    """Charge a customer or give them something; above the set amount a second person has to approve first."""
    customer = get_object_or_404(Customer.objects.living(), pk=pk)
    form = AdjustmentForm(request.POST)
    if not form.is_valid():
        return _page(request, customer, adjustment=form, status=422)
    said = {name: form.cleaned_data[name] for name in ("note", "told", "key")}
    try:
        order = orders.make_adjustment(customer, form.signed, user=request.user, **said)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _page(request, customer, adjustment=form, status=422)
    return redirect("money:order", pk=order.pk)


def _asked_for(request):
    """The filter of the list, read: those who were merged are found by a search alone."""
    known = Customer.objects.all() if request.GET.get("q", "").strip() else Customer.objects.living()
    return CustomerFilter(request.GET, known)


def _page(request, customer, master_data=None, agreement=None, adjustment=None, status=None):
    user, account = request.user, account_of(customer.pk)
    prices = Price.objects.filter(customer=customer).select_related("plan", "tier", "customer")
    named = QueryDict(mutable=True)
    named["customer"] = customer.name
    context = {
        "customer": customer,
        "account": account,
        **_owed(account),
        "states": tabs_of(CardFilter(named, Card.objects.visible_to(user)), named, CONSOLE),
        "orders": _orders(customer),
        "requests": _requests(customer),
        "prices": prices.order_by("-valid_from", "plan")[:ROWS_PER_SECTION],
        "today": civil_today(),
        "postings": _postings(customer),
        "notices": notices_of(customer),
        "master_data": master_data or MasterDataForm(instance=_again(customer), label_suffix=""),
        **members_shown(customer, request.user),
        "agreement": agreement or AgreementForm(instance=account, label_suffix=""),
        "adjustment": adjustment or AdjustmentForm(),
        "rules": MoneyRules.read(),
        "changes": terms_lines(customer=customer),
        "merged": customer.merged_customers.order_by("-merged_at"),
        "may_merge": may_merge(user),
        "may_keep": user.has_perm(MAY_KEEP_CUSTOMERS),
        "may_change": user.has_perm("billing.change_customeraccount"),
        "may_adjust": user.has_perm("billing.adjust_order"),
        "may_order": user.has_perm("billing.place_order"),
        "may_record": user.has_perm("billing.add_receipt"),
        "may_sell": may_sell(user, customer),
    }
    return console_page(request, "console/money/customer.html", context, status=status)


def _merged_page(request, customer):
    """Of a customer who was merged: into whom, and what stays here because it was written down for good."""
    context = {
        "customer": customer,
        "merging": merging_of(customer),
        "postings": _postings(customer),
        "changes": terms_lines(customer=customer),
    }
    return console_page(request, "console/money/customer_merged.html", context)


def _postings(customer):
    """The newest lines of the wallet."""
    newest = wallet_of(customer.pk).order_by("-pk")[:ROWS_PER_SECTION]
    return [wallet_line(posting, CONSOLE, to_staff=True) for posting in newest]


def _again(customer):
    """The customer as a form may write into it: what is wrong with a new name stands in the form, not on the page."""
    return copy(customer)


def _owed(account):
    """What waits to be paid, and how much the wallet lacks for it."""
    owed = Order.objects.filter(customer=account.pk).to_pay().aggregate(sum=Sum("total"))["sum"] or ZERO
    return {"owed": owed, "short": max(owed - account.available, ZERO)}


def _orders(customer):
    """The orders that somebody has to go on with, then the newest of the others; each with its badge."""
    theirs = Order.objects.filter(customer=customer).select_related("plan").order_by("-pk")
    under_way = list(theirs.under_way()[:ROWS_PER_SECTION])
    over = theirs.over()[: ROWS_PER_SECTION - len(under_way)]
    return [(order, money_badge(order)) for order in (*under_way, *over)]


def _requests(customer):
    """What the customer asked and nobody has answered yet, the longest waiting first."""
    waiting = CardRequest.objects.filter(customer=customer).waiting()
    return waiting.select_related("card").order_by("pk")[:REQUESTS_PER_SECTION]


def _place(text):
    """A place in the order of names; None where the address says nothing clear."""
    try:
        return BY_NAME.read(text) if text else None
    except ValueError:
        return None
