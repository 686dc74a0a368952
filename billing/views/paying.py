"""From a button to a payment: started with the provider of the button, begun there, and led to its page."""

from django.contrib import messages
from django.shortcuts import redirect

from billing.actions.payments import begin_payment
from billing.errors import MoneyRefused
from billing.pages.pay_buttons import pay_buttons
from cards.visitors import visitor_address


def lead_to_payment(request, start):
    """Have `start` (of a provider's name, and a way) start a payment by the button that was pressed, and lead there.

    Raises `MoneyRefused` where nobody takes payments in this browser, and what `start` raises.
    """
    button = pay_buttons(request.headers.get("User-Agent", "")).pressed(request.POST.get("provider"))
    if button is None:
        raise MoneyRefused("no_provider")
    return to_its_page(request, start(provider=button.name, way=button.way))


def to_its_page(request, payment):
    """Have the provider begin a payment, and lead to its page, which tries again where it does not."""
    try:
        begin_payment(payment, payer_address=payer_address(request))
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("pay:page", key=payment.key)


def payer_address(request):
    """Where the payer's browser is in the network; of the networks of households their first address."""
    return visitor_address(request.META).partition("/")[0]
