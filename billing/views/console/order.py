"""One order in the console: its page, what only staff do with it, and the order that a job belongs to."""

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions import orders, refunds
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.forms import RefundForm
from billing.models import Order
from billing.pages.approval_lines import earlier_context
from billing.pages.order_page import chargebacks_context
from billing.permissions import may_request_refund
from billing.views.orders import OrderPages
from cards.forms import form_key
from cards.models import Job
from cards.pages.customers_told import customers_told
from cards.pages.frames import CONSOLE, permitted
from cards.paging import key_in


class ConsoleOrders(OrderPages):
    template = "console/money/order.html"

    def context(self, order, request):
        """With whose order it is, as nobody else is told, and what an adjustment waits for."""
        (told,) = customers_told([order.customer])
        shown = super().context(order, request) | {"customer_told": told} | chargebacks_context(order)
        if order.kind == OrderKind.ADJUSTMENT and order.is_placed:
            shown |= earlier_context(order.created_by, order.customer, abs(order.total))
        return shown


CONSOLE_ORDERS = ConsoleOrders(CONSOLE)


@permitted("billing.view_order")
@require_safe
def order_of_job(request, pk):
    """The order whose work a job is, or whose refund."""
    job, orders_seen = get_object_or_404(Job, pk=pk), Order.objects.visible_to(request.user)
    order = orders_seen.filter(job=job).first() or orders_seen.filter(refunds__job=job).first()
    if order is None:
        raise Http404
    return CONSOLE_ORDERS.to_order(request, order)


@permitted("billing.place_order")
@require_POST
def go_on(request, pk):
    """Work again on an order whose job failed."""
    order = CONSOLE_ORDERS.find(request, pk)
    return CONSOLE_ORDERS.do_step(request, order, partial(orders.resume_order, user=request.user))


@permitted("billing.adjust_order")
@require_POST
def approve_order(request, pk):
    """A second person approves an adjustment."""
    order = CONSOLE_ORDERS.find(request, pk)
    if order.kind != OrderKind.ADJUSTMENT:
        raise PermissionDenied
    return CONSOLE_ORDERS.do_step(request, order, partial(orders.approve_adjustment, user=request.user))


@permitted("billing.place_order")
@require_POST
def again(request, pk):
    """A new draft for the cards that could not be served."""
    order = CONSOLE_ORDERS.find(request, pk)
    card_ids = order.lines.exclude(refused=None).values_list("card_id", flat=True)
    if not card_ids:
        raise Http404
    following = orders.draft_order(
        order.kind, order.customer, list(card_ids), user=request.user, plan=order.plan, key=form_key(request)
    )
    return CONSOLE_ORDERS.to_order(request, following)


@permitted("billing.place_order")
@require_POST
def order_refund(request, pk):
    """Ask for a refund of the checked lines, or of all; its page shows what would be given back."""
    order = CONSOLE_ORDERS.find(request, pk)
    form = RefundForm(order, request.POST)
    if not may_request_refund(request.user, order):
        raise PermissionDenied
    if not form.is_valid():
        messages.error(request, _("Briefly give a reason."))
        return CONSOLE_ORDERS.to_order(request, order)
    card_ids = None
    if "all" not in request.POST:
        card_ids = [pk for text in request.POST.getlist("cards") if (pk := key_in(text))]
    try:
        refund = refunds.request_refund(
            order,
            user=request.user,
            reason=form.cleaned_data["reason"],
            told=form.cleaned_data["told"],
            card_ids=card_ids,
            key=form.cleaned_data["key"],
        )
    except MoneyRefused as refused:
        messages.error(request, str(refused))
        return CONSOLE_ORDERS.to_order(request, order)
    return redirect("money:refund", pk=refund.pk)
