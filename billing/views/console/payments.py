"""One online payment in the console: what came, what went back, and what was taken back by the provider or the bank."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.chargebacks import record_chargeback, record_won
from billing.actions.left_of_payments import left_of
from billing.actions.providers import provider_label
from billing.errors import MoneyRefused
from billing.forms import ChargebackForm, ReasonForm
from billing.models import Chargeback, MoneyRules, Payment, Proposal
from billing.pages.order_labels import money_badge
from billing.pages.payer_refund_rows import PAYER_REFUND_WITH, payer_refund_row
from billing.pages.wallet_lines import moved_by
from billing.permissions import may_settle_payer_refunds
from billing.views.console.proposing import to_proposal
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.frames import console_page, permitted


@permitted("billing.view_payment")
@require_safe
def payment_shown(request, pk):
    return _page(request, _find(pk))


@permitted("billing.settle_payerrefund")
@require_POST
def charge_back(request, pk):
    """Record that the provider or the bank has taken money of this payment back."""
    payment, form = _find(pk), ChargebackForm(request.POST)
    if form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("amount", "reference", "reason")}
        try:
            done = record_chargeback(payment, user=request.user, **said)
        except BadInput as bad:
            say_at_field(form, bad)
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
        else:
            return to_proposal(request, done) if isinstance(done, Proposal) else redirect("money:payment", pk=pk)
    return _page(request, _find(pk), form, status=422)


@permitted("billing.settle_payerrefund")
@require_POST
def chargeback_won(request, pk):
    """Record that the dealer has the money of a chargeback again."""
    chargeback, form = get_object_or_404(Chargeback.objects.select_related("payment"), pk=pk), ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Briefly give a reason."))
    else:
        try:
            record_won(chargeback, user=request.user, reason=form.cleaned_data["reason"])
        except MoneyRefused as refused:
            messages.error(request, str(refused))
    return redirect("money:payment", pk=chargeback.payment_id)


def _page(request, payment, form=None, status=None):
    chargebacks = payment.chargebacks.select_related("recorded_by", "entry__reversed_by").order_by("pk")
    entries = [each.entry for each in chargebacks]
    entries = [*([payment.entry] if payment.entry else []), *entries]
    entries += [entry.reversed_by for entry in entries if hasattr(entry, "reversed_by")]
    refunds = payment.refunds.select_related(*PAYER_REFUND_WITH).order_by("pk")
    context = {
        "payment": payment,
        "badge": money_badge(payment),
        "provider": provider_label(payment.provider),
        "left": left_of(payment),
        "refunds": [payer_refund_row(refund) for refund in refunds],
        "chargebacks": chargebacks,
        "entries": [(entry, moved_by(entry, to_staff=True), list(entry.postings.all())) for entry in entries],
        "rules": MoneyRules.read(),
        "may_settle": may_settle_payer_refunds(request.user),
        "form": form or ChargebackForm(),
        "reason_form": ReasonForm(auto_id="won_%s"),
    }
    return console_page(request, "console/money/payment.html", context, status=status)


def _find(pk):
    return get_object_or_404(Payment.objects.select_related("customer", "order", "entry__reversed_by"), pk=pk)
