"""One order, for staff and for its customer: its page, its lines as a file, and each step until it is paid."""

from functools import partial

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect

from billing.actions import orders, payments
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.forms import shown_in
from billing.models import Order
from billing.pages.line_rows import lines_file
from billing.pages.on_paper import order_on_paper
from billing.pages.order_labels import step_taken
from billing.pages.order_page import order_context
from billing.permissions import may_order, may_pay, may_place, may_withdraw
from billing.views.paying import lead_to_payment
from cards.models import Card
from cards.pages.frames import SAFE, Framed, entering
from cards.pages.way_back import go_back, way_back, with_way_back

SHOWN_WITH = ("customer", "plan", "job", "created_by", "placed_by", "paid_by", "selection")


class OrderPages(Framed):
    """What both audiences see of an order and do with it."""

    asks = "billing.view_order"
    template: str

    @entering(*SAFE)
    def page(self, request, pk):
        """What would be bought and for how much; once it is paid, what was. A draft shows the prices of today."""
        orders.refresh_drafts([self.find(request, pk)])
        return self.frame.page(request, self.template, self.context(self.find(request, pk), request))

    @entering(*SAFE)
    def lines(self, request, pk):
        visible = Card.objects.visible_to(request.user)
        return lines_file(self.find(request, pk), request.GET.get("show", ""), visible, by=request.user)

    @entering(*SAFE)
    def printed(self, request, pk):
        """The order on paper with all its lines: a receipt once it is paid; of a draft there is none."""
        order = self.find(request, pk)
        if order.is_draft:
            raise Http404
        return order_on_paper(order, request, self.frame)

    @entering("POST")
    def place(self, request, pk):
        """Place a checked draft as it was shown; with `pay`, pay it as soon as it is placed."""
        order, user, pays = self.find(request, pk), request.user, "pay" in request.POST
        if not may_place(user, order) or (pays and not may_pay(user, order.customer_id)):
            return self.frame.refuse(request)
        shown = shown_in(request.POST)
        return self.do_step(
            request, order, lambda order: orders.place_as_shown(order, user=user, shown=shown, pays=pays)
        )

    @entering("POST")
    def include_renewed(self, request, pk):
        """Say of a draft whether cards that are renewed already get one more term (`also_renewed`) or are left out."""
        order = self.find(request, pk)
        if not may_order(request.user, order.customer_id):
            return self.frame.refuse(request)
        also_renewed = "also_renewed" in request.POST
        try:
            orders.include_renewed(order, also_renewed, user=request.user)
        except MoneyRefused as refused:
            messages.error(request, str(refused))
        return self.to_order(request, order)

    @entering("POST")
    def pay(self, request, pk):
        """Pay out of the customer's wallet; the cards of a small order are served at once."""
        order = self.find(request, pk)
        if order.kind == OrderKind.ADJUSTMENT or not may_pay(request.user, order.customer_id):
            return self.frame.refuse(request)
        return self.do_step(request, order, partial(orders.pay_and_fulfil, user=request.user))

    @entering("POST")
    def pay_online(self, request, pk):
        """Lead whoever may pay to the payment page of a placed order; asked twice, it is the same payment."""
        order = self.find(request, pk)
        if not may_pay(request.user, order.customer_id):
            return self.frame.refuse(request)
        try:
            return lead_to_payment(request, partial(payments.start_payment, order, user=request.user))
        except MoneyRefused as refused:
            messages.error(request, str(refused))
            return self.to_order(request, order)

    @entering("POST")
    def withdraw(self, request, pk):
        """Take back what was not paid yet; of a draft nothing is left."""
        order = self.find(request, pk)
        if not may_withdraw(request.user, order):
            return self.frame.refuse(request)
        return self.do_step(request, order, partial(orders.withdraw, user=request.user))

    def context(self, order, request):
        return order_context(order, request, self.frame)

    def find(self, request, pk):
        return get_object_or_404(Order.objects.visible_to(request.user).select_related(*SHOWN_WITH), pk=pk)

    def do_step(self, request, order, do):
        """Do a step of the order and go back to where somebody came from, or show it; what is refused is said there."""
        try:
            do(order)
        except MoneyRefused as refused:
            messages.error(request, str(refused))
            return self.to_order(request, order)
        now = Order.objects.filter(pk=order.pk).select_related("job").first()
        if way_back(request):
            messages.success(request, step_taken(order, now))
            return go_back(request, "/")
        return self.to_order(request, order) if now else redirect(self.frame.money_url("order-list"))

    def to_order(self, request, order):
        return redirect(with_way_back(self.frame.money_url("order", order.pk), way_back(request)))
