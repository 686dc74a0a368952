"""The receipt of somebody who has paid without an account."""

from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.guest.actions.finding import payment_of_code, seek_receipt
from billing.guest.pages.receipt_page import receipt_context
from billing.guest.views.answering import for_everybody, guest_page
from cards.visitors import visitor_address

LONGEST_CODE_READ = 32


@require_http_methods(["GET", "HEAD", "POST"])
@for_everybody
def find_receipt(request):
    """Asks for the receipt's number, and leads to the receipt."""
    if request.method != "POST":
        return guest_page(request, "find_receipt")
    typed = request.POST.get("code", "")[:LONGEST_CODE_READ]
    is_over_limit, payment = seek_receipt(typed, visitor_address(request.META))
    if payment:
        return redirect("guest:receipt", code=payment.code)
    complaint = (
        _("Too many numbers were tried. Wait an hour.")
        if is_over_limit
        else _("There is no receipt with this number. Check it: it has 12 letters and digits.")
    )
    return guest_page(request, "find_receipt", {"typed": typed, "complaint": complaint}, 429 if is_over_limit else 404)


@require_safe
@for_everybody
def guest_receipt_page(request, code):
    """What was paid, for whoever has the receipt's number, and what has become of it."""
    payment = payment_of_code(code)
    if payment is None:
        return guest_page(request, "find_receipt", status=404)
    return guest_page(request, "receipt", receipt_context(payment))
