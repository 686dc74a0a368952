"""Forms about money. They ask; only `billing.actions` decides."""

import uuid

from django import forms
from django.http import Http404
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.actions.provider_saving import LAST_RANK
from billing.actions.withdrawals import PayeeAccount, payee_account
from billing.choices import OrderKind, WithdrawalWay
from billing.models.fields import AmountField
from billing.money import ZERO, read_amount, yuan
from billing.rules import PLAN_KINDS, Shown, is_usual_day, may_be_received_on
from cards.calendar import civil_today
from cards.choices import PlanKind
from cards.errors import BadInput
from cards.forms import CustomerField, DayField, SecretField, say_at_field
from cards.models import Plan
from cards.phrases import pair
from cards.search import MOST_NUMBERS, Numbers, numbers_in

SOLD = [OrderKind.RENEWAL, OrderKind.PACK, OrderKind.OPENING, OrderKind.SALE]


class ToldField(forms.CharField):
    """What the customer reads of why money was moved."""

    def __init__(self, **kwargs):
        label, help_text = _("Text for the customer"), _("Shown in the wallet, on the statement and on the order.")
        super().__init__(**{"label": label, "help_text": help_text, "max_length": 200} | kwargs)


class KeyedForm(forms.Form):
    """A form that is one thing however often it is sent: `key` comes with it."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data=None, initial=None, **kwargs):
        super().__init__(data, initial={"key": uuid.uuid4()} | (initial or {}), label_suffix="", **kwargs)


def shown_in(posted):
    """What the page had shown that a form was sent from; a form without a total is none of ours."""
    try:
        return Shown(read_amount(posted.get("total", ""), least=ZERO), posted.get("terms", ""))
    except BadInput:
        raise Http404 from None


def _priced(plan, price):
    return plan.offer if price is None else pair(plan.offer, yuan(price))


class OrderForm(KeyedForm):
    """What is ordered, and for which cards: a pasted list of numbers, where they do not come from a selection."""

    kind = forms.ChoiceField(label=_("Product"), choices=[(kind.value, kind.label) for kind in SOLD])
    plan = forms.ChoiceField(label=_("Plan or pack"), required=False)
    customer = CustomerField(
        required=False,
        help_text=_("When cards are sold from stock, who buys them. Otherwise whose cards these are."),
    )
    numbers = forms.CharField(
        label=_("Card numbers"),
        required=False,
        help_text=_(
            "ICCID, MSISDN, IMSI or IMEI in any mix, up to 10,000. Leave it empty for all cards of the customer."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    skips = forms.BooleanField(label=_("Skip numbers that match no card"), required=False)

    def __init__(self, *args, has_cards=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer({})
        if has_cards:
            del self.fields["numbers"], self.fields["skips"]

    def offer(self, prices):
        """Offer what is on sale, with the `prices` by the keys of plans where they are known."""
        plans = Plan.objects.filter(is_sold=True)
        self.fields["plan"].choices = [
            ("", _("Each card's current plan")),
            *((plan.code, _priced(plan, prices.get(plan.pk))) for plan in plans),
        ]

    def clean_plan(self):
        return Plan.objects.filter(code=self.cleaned_data["plan"]).first()

    def clean_numbers(self):
        numbers = numbers_in(self.cleaned_data["numbers"])
        if len(numbers) > MOST_NUMBERS:
            raise forms.ValidationError(_("More than 10,000 numbers: select the cards in the list instead."))
        return Numbers(numbers)

    @property
    def whose(self):
        """The customer whose cards are ordered for, where the form says it; who buys from stock has none of them."""
        return None if self.cleaned_data.get("kind") == OrderKind.SALE else self.cleaned_data.get("customer")

    def clean(self):
        cleaned = super().clean()
        kind, plan = cleaned.get("kind"), cleaned.get("plan")
        if "numbers" in cleaned and not cleaned["numbers"].numbers and not self.whose and not self.errors:
            self.add_error("numbers", _("Enter card numbers, or whose cards all of them are."))
        if kind == OrderKind.SALE and not cleaned.get("customer") and "customer" not in self.errors:
            self.add_error("customer", _("Enter the customer who buys the cards."))
        if kind == OrderKind.SALE:
            cleaned["plan"] = None
        elif kind == OrderKind.PACK and plan is None:
            self.add_error("plan", _("Choose a pack."))
        elif plan and plan.kind != PLAN_KINDS.get(kind):
            wrong = _("This is a pack, not a plan.") if plan.kind == PlanKind.PACK else _("This is a plan, not a pack.")
            self.add_error("plan", wrong)
        return cleaned


class RetailPriceForm(forms.Form):
    """What people without an account pay for a plan from a day on; an empty amount ends a retail price."""

    plan = forms.ModelChoiceField(
        Plan.objects.filter(is_sold=True), to_field_name="code", label=_("Plan or pack"), empty_label=None
    )
    amount = AmountField(
        label=_("Retail price"),
        required=False,
        help_text=_("Leave empty to end the retail price on that day."),
        least=ZERO,
    )
    valid_from = DayField(label=_("Valid from"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data=None, **kwargs):
        super().__init__(data, initial={"valid_from": civil_today()}, label_suffix="", **kwargs)
        self.fields["plan"].label_from_instance = lambda plan: plan.offer


class ReasonForm(KeyedForm):
    """Why money goes back."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class RefundForm(ReasonForm):
    """Why lines of an order are given back: for the staff, and for the customer, who reads at least of which order."""

    told = ToldField(required=False)

    def __init__(self, order, data=None):
        self.usual = _("Refund of order {number}").format(number=order.number)
        super().__init__(data, {"told": self.usual})
        self.fields["reason"].label = _("Internal reason")

    def clean_told(self):
        return self.cleaned_data["told"] or self.usual


class AssignForm(ReasonForm):
    """Whose money it is that fits no payment, and how that is known."""

    customer = CustomerField()
    field_order = ("customer", "reason")


class WithdrawalForm(KeyedForm):
    """How much of a wallet is to be paid out, and where to; a bank account for a bank transfer alone."""

    amount = AmountField(label=pgettext_lazy("money", "Amount"))
    way = forms.ChoiceField(label=pgettext_lazy("withdrawal", "Way"), choices=WithdrawalWay.choices)
    bank = forms.CharField(
        label=pgettext_lazy("payment", "Bank"),
        max_length=100,
        required=False,
        help_text=_("For a bank transfer: with the branch, as the bank writes it."),
    )
    account_name = forms.CharField(label=pgettext_lazy("payment", "Account name"), max_length=100, required=False)
    account_number = forms.CharField(
        label=pgettext_lazy("payment", "Account number"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean(self):
        cleaned = super().clean()
        cleaned["account"] = None
        if cleaned.get("way") == WithdrawalWay.BANK and not self.errors:
            try:
                cleaned["account"] = payee_account(*(cleaned[name] for name in PayeeAccount._fields))
            except BadInput as bad:
                say_at_field(self, bad)
        return cleaned

    @property
    def asked(self):
        """What is asked for, as `ask_withdrawal` takes it."""
        return {name: self.cleaned_data[name] for name in ("amount", "way", "account", "key")}


class TransferForm(KeyedForm):
    """A transfer that somebody made at the bank."""

    reference = forms.CharField(
        label=_("Bank's reference"), max_length=64, help_text=_("Unique per transfer: each is recorded only once.")
    )


class NotedTransferForm(TransferForm):
    """A transfer to a payer, and what is to be remembered of it."""

    note = forms.CharField(
        label=_("Internal note"), max_length=200, required=False, help_text=_("To whom, and who said so.")
    )


class ChargebackForm(ReasonForm):
    """What a provider or the bank has taken back, as it says it."""

    amount = AmountField(label=pgettext_lazy("money", "Amount"))
    reference = forms.CharField(
        label=_("Reference of the chargeback"), max_length=64, help_text=_("As the provider or the bank writes it.")
    )
    field_order = ("amount", "reference", "reason")


class ReceiptForm(KeyedForm):
    """A transfer as the bank's statement shows it."""

    customer = CustomerField()
    amount = AmountField(label=pgettext_lazy("money", "Amount"))
    reference = forms.CharField(
        label=_("Bank's reference"), max_length=64, help_text=_("Unique per transfer: each is recorded only once.")
    )
    received_on = DayField(label=_("Received on"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    day_confirmed = forms.BooleanField(required=False)
    payer = forms.CharField(label=_("Payer"), max_length=128, required=False)
    note = forms.CharField(label=_("Internal note"), max_length=200, required=False)

    def __init__(self, data=None, initial=None, **kwargs):
        super().__init__(data, {"received_on": civil_today()} | (initial or {}), **kwargs)
        self._ask_for_the_day()

    def _ask_for_the_day(self):
        """An unusual day has to be ticked; a tick holds for the day that it named, and for no other."""
        day = self._unusual_day()
        if day is None:
            del self.fields["day_confirmed"]
            return
        tick = self.fields["day_confirmed"]
        tick.label = _("Yes, received on {day}").format(day=day)
        tick.widget.attrs["value"] = str(day)
        if self.data.get("day_confirmed") != str(day):
            self.data = self.data.copy()
            self.data.pop("day_confirmed", None)

    def _unusual_day(self):
        try:
            day = self.fields["received_on"].clean(self.data.get("received_on"))
        except forms.ValidationError:
            return None
        is_asked = may_be_received_on(day, civil_today()) and not is_usual_day(day, civil_today())
        return day if is_asked else None


class ProviderAccountForm(forms.Form):
    """A new account at a payment provider, or one that there is; of its secrets it shows whether they are set."""

    name = forms.CharField(
        label=pgettext_lazy("account", "Name"),
        max_length=16,
        help_text=_("Small letters, digits and hyphens. It is part of the notification address, and it stays."),
    )
    base_url = forms.CharField(label=pgettext_lazy("network", "Address"), required=False, max_length=200)
    rank = forms.IntegerField(
        label=_("Position among the providers"),
        required=False,
        min_value=0,
        max_value=LAST_RANK,
        help_text=_("Payers see the lowest number first."),
    )
    is_on = forms.BooleanField(label=_("In use: customers can pay through it"), required=False)

    def __init__(self, provider, data=None, account=None, kept=()):
        super().__init__(data, label_suffix="", initial=_told(account) if account else {"name": provider.name})
        self.provider = provider
        if account:
            del self.fields["name"]
        sentence = _("Only for a sandbox or a proxy. Empty: {address}.")
        self.fields["base_url"].help_text = sentence.format(address=provider.base_url)
        for field in provider.fields:
            self.fields[field.name] = _provider_field(field, field.name in kept)
        self.order_fields(["name", *(field.name for field in provider.fields)])

    def told(self):
        """What is told to the action that saves it; a secret that was not typed stays as it is."""
        cleaned = self.cleaned_data
        values = {field.name: cleaned[field.name] for field in self.provider.fields if not field.is_secret}
        typed = {field.name: cleaned[field.name] for field in self.provider.fields if field.is_secret}
        secrets = {name: text for name, text in typed.items() if text}
        return {name: cleaned[name] for name in ("base_url", "rank", "is_on")} | {"values": values, "secrets": secrets}


def _told(account):
    return {"base_url": account.base_url, "rank": account.rank, "is_on": account.is_on, **account.fields}


def _provider_field(field, is_kept):
    if field.is_secret:
        return SecretField(field.label, is_kept=is_kept, is_text=field.is_text, help_text=field.help_text)
    widget = forms.Textarea(attrs={"rows": 6}) if field.is_text else forms.TextInput()
    widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
    label, help_text = capfirst(field.label), field.help_text
    return forms.CharField(label=label, required=False, max_length=20_000, help_text=help_text, widget=widget)


class TrialForm(KeyedForm):
    """In which way the trial payment of an account is made."""

    way = forms.ChoiceField(label=_("How to pay"))

    def __init__(self, ways, data=None):
        super().__init__(data)
        self.fields["way"].choices = [(way.value, way.label) for way in ways]
