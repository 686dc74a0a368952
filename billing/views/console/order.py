"""One order in the console: its page, each step of it, and its lines as a file."""

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions import orders, payments, refunds
from billing.choices import OrderKind
from billing.errors import Refused
from billing.forms import ReasonForm
from billing.models import Order
from billing.pages.line_rows import lines_file
from billing.pages.order_page import context_of
from billing.permissions import may_ask_refund, may_pay, may_place, may_withdraw
from cards.forms import form_key
from cards.pages.console_frame import console_page, permitted, staff_required


@staff_required
@require_safe
def order_page(request, pk):
    return console_page(request, "console/money/order.html", context_of(_find(request, pk), request))


@staff_required
@require_safe
def order_of_job(request, pk):
    """The order whose work a job is, or whose refund."""
    orders_seen = Order.objects.visible_to(request.user)
    order = orders_seen.filter(job=pk).first() or orders_seen.filter(refunds__job=pk).first()
    if order is None:
        raise Http404
    return redirect("money:order", pk=order.pk)


@staff_required
@require_POST
def place(request, pk):
    """Place a checked draft at the total that was shown; with `pay`, pay it at once."""
    order = _find(request, pk)
    _allow(may_place(request.user, order))
    pays = "pay" in request.POST
    _allow(not pays or may_pay(request.user, order.customer_id))
    try:
        order = orders.place(order, user=request.user, total=_total(request))
        if pays:
            orders.pay_and_fulfil(order, user=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("money:order", pk=pk)


@staff_required
@require_POST
def pay(request, pk):
    """Pay a placed order out of the customer's wallet."""
    order = _find(request, pk)
    _allow(may_pay(request.user, order.customer_id) and order.kind != OrderKind.ADJUSTMENT)
    return _step(request, pk, lambda: orders.pay_and_fulfil(order, user=request.user))


@staff_required
@require_POST
def pay_online(request, pk):
    """Lead whoever may pay to the payment page of a placed order; asked twice, it is the same payment."""
    order = _find(request, pk)
    _allow(may_pay(request.user, order.customer_id))
    try:
        payment = payments.start(order, user=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("money:order", pk=pk)
    return redirect(payments.page_of(payment))


@staff_required
@require_POST
def withdraw(request, pk):
    """Take back a draft or what was placed and not paid."""
    order = _find(request, pk)
    _allow(may_withdraw(request.user, order))
    was_draft = order.is_draft
    response = _step(request, pk, lambda: orders.withdraw(order, user=request.user))
    return redirect("money:order-list") if was_draft else response


@permitted("billing.place_order")
@require_POST
def go_on(request, pk):
    """Work on a paid order again that ended with a mistake of the portal."""
    order = _find(request, pk)
    return _step(request, pk, lambda: orders.go_on(order, user=request.user))


@permitted("billing.adjust_order")
@require_POST
def agree(request, pk):
    """A second person agrees to an adjustment."""
    order = _find(request, pk)
    _allow(order.kind == OrderKind.ADJUSTMENT)
    return _step(request, pk, lambda: orders.approve(order, user=request.user))


@permitted("billing.place_order")
@require_POST
def again(request, pk):
    """A new draft for the cards that could not be served."""
    order = _find(request, pk)
    card_ids = order.lines.exclude(refused=None).values_list("card_id", flat=True)
    if not card_ids:
        raise Http404
    following = orders.draft(
        order.kind, order.customer, list(card_ids), user=request.user, plan=order.plan, key=form_key(request)
    )
    return redirect("money:order", pk=following.pk)


@permitted("billing.place_order")
@require_POST
def ask_refund(request, pk):
    """Ask for a refund of the checked lines, or of all; its page shows what would be given back."""
    order, form = _find(request, pk), ReasonForm(request.POST)
    _allow(may_ask_refund(request.user, order))
    if not form.is_valid():
        messages.error(request, _("Write in a few words why."))
        return redirect("money:order", pk=pk)
    card_ids = None if "all" in request.POST else _checked(request)
    try:
        refund = refunds.ask(
            order,
            user=request.user,
            reason=form.cleaned_data["reason"],
            card_ids=card_ids,
            key=form.cleaned_data["key"],
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("money:order", pk=pk)
    return redirect("money:refund", pk=refund.pk)


@staff_required
@require_safe
def lines_csv(request, pk):
    return lines_file(_find(request, pk), request.GET.get("show", ""))


def _find(request, pk):
    seen = Order.objects.visible_to(request.user)
    return get_object_or_404(
        seen.select_related("customer", "plan", "job", "created_by", "placed_by", "paid_by", "selection"), pk=pk
    )


def _allow(is_allowed):
    if not is_allowed:
        raise PermissionDenied


def _step(request, pk, do):
    """Take a step and show the order; what is refused is said there."""
    try:
        do()
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("money:order", pk=pk)


def _total(request):
    try:
        return Decimal(request.POST.get("total", ""))
    except InvalidOperation:
        raise Http404 from None


def _checked(request):
    return [int(pk) for pk in request.POST.getlist("cards") if pk.isascii() and pk.isdecimal() and len(pk) < 19]
