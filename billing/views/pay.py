"""The local payment page, and the door at which providers tell us what was paid."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions import payments
from billing.actions.providers import provider_label, reach
from billing.models import Payment
from billing.pages.order_labels import money_badge
from billing.payments import local
from billing.payments.port import Forged, NotOfPayment, Unreadable
from billing.permissions import may_pay
from cards.pages.frames import frame_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def payment_page(request, key):
    """What is to be paid, for whoever may pay it; Pay and Cancel are told to us as a real provider would."""
    payment = _find(request, key)
    if request.method == "POST":
        said = request.POST.get("said")
        if said not in local.SAYS:
            raise Http404
        payments.receive(local.NAME, *local.notification(payment, said))
        return redirect("pay:page", key=key)
    order = payment.order
    frame = frame_of(request)
    if order:
        back_url = frame.money_url("order", order.pk)
    elif frame.for_staff:
        back_url = frame.money_url("customer", payment.customer_id)
    else:
        back_url = frame.money_url("wallet")
    context = {
        "payment": payment,
        "badge": money_badge(payment),
        "provider": provider_label(payment.provider),
        "order": order,
        "is_late": order and payment.is_started and not order.is_placed,
        "is_in_wallet": payment.stayed_in_wallet,
        "back_url": back_url,
    }
    return render(request, "pay/payment.html", context)


@csrf_exempt
@require_POST
def notify(request, provider):
    """Whatever a provider tells us, answered as it wants to hear it: taken, whatever is made of it, or refused.

    What is its word is kept, so that it need not come again.
    """
    try:
        answers = reach(provider).provider
    except LookupError:
        raise Http404 from None
    try:
        payments.receive(provider, request.body, request.headers)
    except Forged:
        return _answer(answers.reply("forged"))
    except Unreadable:
        return _answer(answers.reply("unreadable"))
    except NotOfPayment:
        return _answer(answers.reply())
    return _answer(answers.reply())


def _answer(reply):
    return HttpResponse(reply.body, content_type=reply.content_type, status=reply.status)


def _find(request, key):
    """The payment, for whoever may pay it; for anybody else there is none, nor where the page is not in use."""
    if not settings.LOCAL_PAYMENTS:
        raise Http404
    seen = Payment.objects.visible_to(request.user).filter(provider=local.NAME).select_related("order", "customer")
    payment = get_object_or_404(seen, key=key)
    if not may_pay(request.user, payment.customer_id):
        raise Http404
    return payment
