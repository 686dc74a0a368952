"""A customer's statement of a month: to be printed, and as a file."""

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from billing.pages.statement import context_of, month_of, statement_file
from cards.models import Customer
from cards.pages.console_frame import console_page, staff_required


@staff_required
@require_safe
def statement_page(request, pk):
    """The month that the address names, or this one, in a form that can be printed."""
    customer = get_object_or_404(Customer, pk=pk)
    context = context_of(customer, month_of(request))
    return console_page(request, "console/money/statement.html", context)


@staff_required
@require_safe
def statement_csv(request, pk):
    customer = get_object_or_404(Customer, pk=pk)
    return statement_file(customer, month_of(request))
