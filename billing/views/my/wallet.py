"""A customer's wallet: what it holds, what moved, money put in by the payment page, renewals and notices."""

from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.actions import payments
from billing.actions.accounts import keep_agreement
from billing.actions.ledger import account_of
from billing.choices import NoticeKind
from billing.errors import MoneyRefused
from billing.forms import KeyedForm
from billing.models import MoneyRules, Notice, PriceBook
from billing.models.fields import AmountField
from billing.money import yuan
from billing.pages.pay_buttons import pay_buttons
from billing.pages.wallet_lines import wallet_line
from billing.pages.withdrawal_rows import withdrawal_rows
from billing.permissions import may_pay, may_withdraw_money
from billing.sentences import sentence_of
from billing.statements import wallet_of
from billing.views.paying import lead_to_payment
from cards.calendar import civil_today
from cards.models import Customer, Plan, PlanBook
from cards.pages.frames import MY, member_required, my_page, read_only
from cards.phrases import listed, pair

LATEST_SHOWN = 10


class DepositForm(KeyedForm):
    """Money for the wallet, by the payment page."""

    amount = AmountField(label=pgettext_lazy("money", "Amount"))


class MyAgreementForm(forms.Form):
    """What a customer decides: renewals of all cards, when the wallet is low, and which notices are wanted."""

    auto_renews = forms.BooleanField(label=gettext_lazy("Auto-renew all cards"), required=False)
    renews_days_ahead = forms.IntegerField(label=gettext_lazy("Days before end of term"), min_value=1, max_value=90)
    low_below = AmountField(
        label=gettext_lazy("Notify me when the balance falls below"),
        required=False,
        help_text=gettext_lazy("Leave empty for no notice."),
    )
    wanted = forms.MultipleChoiceField(
        label=gettext_lazy("Email and portal notices"),
        choices=NoticeKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def agreement(self):
        """What is kept of it: notices by those that are not wanted."""
        agreement = dict(self.cleaned_data)
        wanted = agreement.pop("wanted")
        return agreement | {"muted": [kind for kind in NoticeKind.values if kind not in wanted]}


@member_required
@require_safe
def wallet(request):
    """The wallets of this member's customers, one below the other: most members have one."""
    return my_page(request, "my/wallet.html", _wallets(request))


@member_required
@require_safe
def balance(request):
    """What the wallets hold, in a line of HTML, for the page that asks for it; named where there are several."""
    customers = list(_customers(request))
    names = [f"{each} " if len(customers) > 1 else "" for each in customers]
    held = [f"{name}{yuan(account_of(each.pk).balance)}" for name, each in zip(names, customers, strict=True)]
    return HttpResponse(escape(pair(_("Wallet"), listed(held)) if held else _("Wallet")))


@member_required
@require_POST
def deposit(request, pk):
    """Put money into the wallet by the payment page; the same form twice is one payment."""
    customer, form = _find(request, pk), DepositForm(request.POST)
    if not may_pay(request.user, customer.pk):
        return read_only(request)
    if not form.is_valid():
        return _again(request, customer, deposit=form)
    cleaned = form.cleaned_data
    try:
        start = partial(payments.start_deposit, customer, cleaned["amount"], user=request.user, key=cleaned["key"])
        return lead_to_payment(request, start)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
        return redirect("buying:wallet")


@member_required
@require_POST
def change_agreement(request, pk):
    """Keep what a customer decides about renewals and notices."""
    customer, form = _find(request, pk), MyAgreementForm(request.POST, label_suffix="")
    if not may_pay(request.user, customer.pk):
        return read_only(request)
    if not form.is_valid():
        return _again(request, customer, agreement=form)
    keep_agreement(customer, user=request.user, **form.agreement)
    messages.success(request, _("Saved."))
    return redirect("buying:wallet")


def _customers(request):
    return Customer.objects.visible_to(request.user).order_by("name")


def _find(request, pk):
    return get_object_or_404(_customers(request), pk=pk)


def _again(request, customer, **forms):
    """The page once more, with what is wrong at its field."""
    return my_page(request, "my/wallet.html", _wallets(request, customer, **forms), status=422)


def _wallets(request, of=None, **forms):
    """The page's context; the forms that were sent are those `of` a customer."""
    return {
        "wallets": [_wallet(request, each, **(forms if each == of else {})) for each in _customers(request)],
        "buttons": pay_buttons(request.headers.get("User-Agent", "")),
        "bank": MoneyRules.read().bank_account,
    }


def _wallet(request, customer, deposit=None, agreement=None):
    account = account_of(customer.pk)
    agreed = {
        "auto_renews": account.auto_renews,
        "renews_days_ahead": account.renews_days_ahead,
        "low_below": account.low_below,
        "wanted": [kind for kind in NoticeKind.values if kind not in account.muted],
    }
    book, today = PriceBook.read([customer.pk]), civil_today()
    quotes = ((plan, book.quote(customer.pk, plan.pk, today)) for plan in Plan.objects.filter(is_sold=True))
    latest = wallet_of(customer.pk).order_by("-pk")[:LATEST_SHOWN]
    notices = Notice.objects.filter(customer=customer).select_related("card").order_by("-pk")[:LATEST_SHOWN]
    plans = PlanBook()
    return {
        "customer": customer,
        "account": account,
        "may_pay": may_pay(request.user, customer.pk),
        "may_withdraw": may_withdraw_money(request.user, customer.pk),
        "withdrawals": withdrawal_rows(customer),
        "postings": [wallet_line(posting, MY, to_staff=False) for posting in latest],
        "notices": [(notice, sentence_of(notice, plans)) for notice in notices],
        "prices": [(plan, quote.amount) for plan, quote in quotes if quote],
        "deposit": deposit or DepositForm(auto_id=f"deposit_{customer.pk}_%s"),
        "agreement": agreement or MyAgreementForm(initial=agreed, label_suffix="", auto_id=f"agreed_{account.pk}_%s"),
    }
