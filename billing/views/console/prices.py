"""Prices in the console: what each plan costs now and from which day on, and setting a new one."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from billing.actions.prices import set_price
from billing.choices import PriceKind
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Price, PriceTier, Proposal
from billing.models.fields import AmountField
from billing.money import ZERO
from billing.pages.renewal_rows import renewing_link
from billing.pages.terms_lines import terms_lines
from billing.views.console.proposing import to_proposal
from cards.calendar import civil_today
from cards.forms import CustomerField, DayField
from cards.lookup import names_of
from cards.models import Customer, Plan
from cards.pages.frames import console_page, permitted

HISTORY_SHOWN = 100
# A retail price is set on the customer's page, where their own price stands beside it.
KINDS_SET_HERE = [(kind.value, kind.label) for kind in PriceKind if kind != PriceKind.RETAIL]


class PriceForm(forms.Form):
    """A price from a day on; an empty amount ends a special price."""

    plan = forms.ModelChoiceField(
        Plan.objects.all(),
        to_field_name="code",
        label=gettext_lazy("Plan or pack"),
        required=False,
        empty_label=pgettext_lazy("product", "Card"),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS_SET_HERE)
    tier = forms.ModelChoiceField(PriceTier.objects.all(), label=gettext_lazy("Tier"), required=False, empty_label="—")
    customer = CustomerField(required=False)
    amount = AmountField(
        label=pgettext_lazy("money", "Amount"),
        required=False,
        help_text=gettext_lazy("Leave empty to end the tier or customer price on that day."),
        least=ZERO,
    )
    valid_from = DayField(label=gettext_lazy("Valid from"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    stops_renewals = forms.BooleanField(
        label=gettext_lazy("End the price all the same: these cards are not renewed automatically any more"),
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["stops_renewals"].help_text = renewing_link(self.data.get("plan", ""))
        if self.data.get("stops_renewals"):
            self._show_tick()

    def add_error(self, field, error):
        """What has to be ticked is there to be seen from then on."""
        super().add_error(field, error)
        if field == "stops_renewals":
            self._show_tick()

    def _show_tick(self):
        self.fields["stops_renewals"].widget = forms.CheckboxInput()


@permitted("billing.view_price")
@require_http_methods(["GET", "HEAD", "POST"])
def prices(request):
    """What everything costs today, and the form of a new price for whoever may set one."""
    given = {name: request.GET[name] for name in ("plan", "kind", "customer") if name in request.GET}
    form = PriceForm(request.POST or None, initial={"valid_from": civil_today()} | given, label_suffix="")
    if request.method == "POST":
        if not request.user.has_perm("billing.add_price"):
            raise PermissionDenied
        done = form.is_valid() and _set(form, request.user)
        if isinstance(done, Proposal):
            return to_proposal(request, done)
        if done:
            messages.success(request, _("Price saved."))
            return redirect("money:prices")
    history = Price.objects.select_related("plan", "tier", "customer").order_by("-valid_from", "-pk")
    context = {
        "form": form,
        "names": names_of(Customer),
        "may_set": request.user.has_perm("billing.add_price"),
        **_table(civil_today()),
        "history": history[:HISTORY_SHOWN],
        "today": civil_today(),
        "rules": MoneyRules.read(),
        "changes": terms_lines(price__isnull=False),
    }
    return console_page(request, "console/money/prices.html", context, status=422 if form.is_bound else None)


def _set(form, user):
    try:
        return set_price(user=user, **form.cleaned_data)
    except MoneyRefused as refused:
        form.add_error(None, str(refused))
    except ValidationError as wrong:
        for field, errors in (wrong.message_dict if hasattr(wrong, "error_dict") else {None: wrong.messages}).items():
            form.add_error(field if field in form.fields else None, errors)


def _table(today):
    """A row for each plan and for the card itself: list price, cost, and what each tier pays, today."""
    tiers, now = list(PriceTier.objects.all()), {}
    for price in Price.objects.filter(valid_from__lte=today, customer=None).order_by("valid_from"):
        now[price.plan_id, price.kind, price.tier_id] = price.amount
    rows = [
        (
            plan,
            now.get((plan and plan.pk, PriceKind.LIST, None)),
            [(tier, now.get((plan and plan.pk, PriceKind.TIER, tier.pk))) for tier in tiers],
            now.get((plan and plan.pk, PriceKind.COST, None)),
        )
        for plan in [*Plan.objects.all(), None]
    ]
    return {"tiers": tiers, "rows": rows}
