"""Withdrawals, as customers ask for them: out of the wallet, back to where the money came from or by bank."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions.approvals import take_back_withdrawal
from billing.actions.ledger import account_of
from billing.actions.withdrawals import ask_withdrawal, returnable, waiting_withdrawal
from billing.choices import Deed
from billing.errors import MoneyRefused
from billing.forms import WithdrawalForm
from billing.models import Proposal
from billing.permissions import may_withdraw_money
from cards.models import Customer
from cards.pages.frames import member_required, my_page, read_only


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask_out_of_wallet(request, pk):
    """What an owner can withdraw and how; asked for twice by the same form it is one request."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    if not may_withdraw_money(request.user, customer.pk):
        return read_only(request)
    form = WithdrawalForm(request.POST or None)
    if form.is_valid():
        try:
            ask_withdrawal(customer, user=request.user, **form.asked)
        except MoneyRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Your dealer has your request and will decide on it."))
            return redirect("buying:wallet")
    context = {
        "customer": customer,
        "account": account_of(customer.pk),
        "returnable": returnable(customer.pk),
        "waiting": waiting_withdrawal(customer),
        "form": form,
    }
    return my_page(request, "my/withdraw.html", context, status=422 if form.is_bound else None)


@member_required
@require_POST
def withdrawal_taken_back(request, pk):
    """Take back what nobody has decided on yet."""
    seen = Customer.objects.visible_to(request.user)
    proposal = get_object_or_404(Proposal, pk=pk, deed=Deed.WITHDRAWAL, customer__in=seen)
    if not may_withdraw_money(request.user, proposal.customer_id):
        return read_only(request)
    try:
        take_back_withdrawal(proposal, user=request.user)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("buying:wallet")
