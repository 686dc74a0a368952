"""Renewal without an account, as the customer wants it: its prices, and whether it is there at all."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from billing.actions.retail import set_retail_price, switch_guest_page
from billing.forms import RetailPriceForm
from billing.pages.retail_lines import selling_context
from billing.permissions import may_sell
from cards.pages.frames import SAFE, Framed, acting, entering


class SellingPages(Framed):
    """The page of one customer; prices and the switch are set by whoever may (`may_sell`)."""

    asks = "billing.add_price"
    template = "billing/selling.html"

    @entering(*SAFE)
    def page(self, request, pk):
        customer = self._find(request, pk)
        return self._show(request, customer) if may_sell(request.user, customer) else self.refuse(request)

    @acting("POST")
    def set_price(self, request, pk):
        customer, form = self._find(request, pk), RetailPriceForm(request.POST)
        if not may_sell(request.user, customer):
            return self.refuse(request)
        if not form.is_valid():
            return self._show(request, customer, form)
        try:
            set_retail_price(customer, user=request.user, **form.cleaned_data)
        except ValidationError as wrong:
            for field, errors in wrong.message_dict.items():
                form.add_error(field if field in form.fields else None, errors)
            return self._show(request, customer, form)
        messages.success(request, _("Price saved."))
        return redirect(self.frame.money_url("selling-of", pk))

    @acting("POST")
    def switch(self, request, pk):
        customer, said = self._find(request, pk), request.POST.get("on")
        if not may_sell(request.user, customer):
            return self.refuse(request)
        if said not in ("0", "1"):
            raise Http404
        switch_guest_page(customer, user=request.user, is_on=said == "1")
        messages.success(request, _("Saved."))
        return redirect(self.frame.money_url("selling-of", pk))

    def customers(self, user):
        """The customers whose page somebody may know of."""
        raise NotImplementedError

    def refuse(self, request):
        """The answer to somebody who knows of the page and may not set anything on it."""
        return self.frame.refuse(request)

    def _find(self, request, pk):
        return get_object_or_404(self.customers(request.user), pk=pk)

    def _show(self, request, customer, form=None):
        return self.frame.page(request, self.template, selling_context(customer, form), status=422 if form else None)
