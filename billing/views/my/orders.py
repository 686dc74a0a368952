"""A customer's orders: the list, the page of one, which is its receipt once it is paid, and each step of it."""

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from billing.actions import orders, payments
from billing.choices import OrderKind
from billing.errors import Refused
from billing.models import Order
from billing.pages.line_rows import lines_file
from billing.pages.order_page import context_of
from billing.pages.order_words import badge_of
from billing.permissions import may_pay
from cards.pages.my_frame import member_required, my_page, only_looks
from cards.paging import key_in, page_of

PAGE_SIZE = 30


@member_required
@require_safe
def order_list(request):
    """The newest orders of this member's customers."""
    seen = Order.objects.visible_to(request.user).select_related("customer", "plan")
    after = key_in(request.GET.get("after", ""))
    page = page_of(seen, PAGE_SIZE, after)
    context = {
        "entries": [(order, badge_of(order)) for order in page.rows],
        "after": page.after,
        "is_first": after is None,
    }
    return my_page(request, "my/orders.html", context)


@member_required
@require_safe
def order_page(request, pk):
    """What would be bought and for how much; once it is paid, what was."""
    order = _find(request, pk)
    return my_page(request, "my/order.html", context_of(order, request, "buying:order"))


@member_required
@require_safe
def lines_csv(request, pk):
    return lines_file(_find(request, pk), request.GET.get("show", ""))


@member_required
@require_POST
def place(request, pk):
    """Place a draft at the total that was shown."""
    try:
        total = Decimal(request.POST.get("total", ""))
    except InvalidOperation:
        raise Http404 from None
    return _step(request, pk, lambda order: orders.place(order, user=request.user, total=total))


@member_required
@require_POST
def pay(request, pk):
    """Pay out of the wallet; the cards of a small order are served at once."""
    return _step(request, pk, lambda order: orders.pay_and_fulfil(order, user=request.user))


@member_required
@require_POST
def pay_online(request, pk):
    """Lead to the payment page; asked twice, it is the same payment."""
    order = _find(request, pk)
    if not may_pay(request.user, order.customer_id):
        return only_looks(request)
    try:
        return redirect(payments.page_of(payments.start(order, user=request.user)))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("buying:order", pk=pk)


@member_required
@require_POST
def withdraw(request, pk):
    """Take back what was not paid yet; of a draft nothing is left."""
    was_draft = _find(request, pk).is_draft
    response = _step(request, pk, lambda order: orders.withdraw(order, user=request.user))
    return redirect("buying:order-list") if was_draft and response.status_code == 302 else response


def _find(request, pk):
    shown_with = ("customer", "plan", "job", "created_by", "paid_by", "selection")
    return get_object_or_404(Order.objects.visible_to(request.user).select_related(*shown_with), pk=pk)


def _step(request, pk, do):
    """Take a step for who may act for the customer, and show the order; an adjustment is the dealer's affair."""
    order = _find(request, pk)
    if order.kind == OrderKind.ADJUSTMENT or not may_pay(request.user, order.customer_id):
        return only_looks(request)
    try:
        do(order)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("buying:order", pk=pk)
