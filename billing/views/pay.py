"""The page on which a payment is made, and the door at which providers tell us what was paid."""

from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions import payments
from billing.actions.providers import reach
from billing.errors import MoneyRefused
from billing.models import Payment
from billing.pages.payment_page import payment_context
from billing.payments import local
from billing.payments.port import Forged, NotOfPayment, Unreadable
from billing.permissions import may_pay
from billing.views.paying import payer_address, to_its_page
from cards.errors import BadInput
from cards.pages.frames import frame_of


def _for_payers(*methods):
    """The view is for whoever may pay, a guest's payment for whoever has its address; no other payment is there.

    Where the page leads is told which portal its reader comes from, as WeChat's phone page wants it, and no more.
    """

    def decorated(view):
        @require_http_methods(methods)
        @wraps(view)
        def found(request, key):
            payment = Payment.objects.filter(key=key).select_related("order", "customer").first()
            if not (payment and payment.is_of_guest) and not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if payment is None or not _is_there(payment) or not _is_for(payment, request.user):
                raise Http404
            response = view(request, payment)
            response.headers["Referrer-Policy"] = "strict-origin"
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return found

    return decorated


@_for_payers("GET", "HEAD", "POST")
def payment_page(request, payment):
    """What is to be paid and how; on the local page Pay and Cancel are told to us as a real provider would."""
    if request.method == "POST":
        said = request.POST.get("said")
        if payment.provider != local.NAME or said not in local.SAYS:
            raise Http404
        payments.receive(local.NAME, *local.notification(payment, said))
        return redirect("pay:page", key=payment.key)
    leads_on = request.method == "GET" and "stay" not in request.GET
    return render(request, "pay/payment.html", payment_context(payment, _frame_of(request, payment), leads_on))


@_for_payers("POST")
def begin_anew(request, payment):
    """Have the provider begin a payment that it could not begin, or whose address is old by now."""
    return to_its_page(request, payment)


@_for_payers("GET", "HEAD")
def openid(request, payment):
    """Back from WeChat, which says who pays: the payment begins. What we did not send there comes to nothing."""
    code, state = request.GET.get("code", ""), request.GET.get("state", "")
    try:
        if request.method == "GET":
            payments.begin_in_wechat(payment, code, state, payer_address=payer_address(request))
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect(f"{reverse('pay:page', args=[payment.key])}?stay")


@csrf_exempt
@require_POST
def notify(request, provider):
    """Whatever a provider tells us, answered as it wants to hear it: taken, whatever is made of it, or refused.

    What is its word is kept, so that it need not come again. Where the account's secrets cannot be read it is to come
    again.
    """
    try:
        answers = reach(provider).provider
    except LookupError:
        raise Http404 from None
    except BadInput:
        return HttpResponse(content_type="text/plain", status=503)
    try:
        payments.receive(provider, request.body, request.headers)
    except NotOfPayment:
        return _answer(answers.reply())
    except Forged:
        return _answer(answers.reply("forged"))
    except Unreadable:
        return _answer(answers.reply("unreadable"))
    return _answer(answers.reply())


def _answer(reply):
    return HttpResponse(reply.body, content_type=reply.content_type, status=reply.status)


def _is_there(payment):
    """Whether its page exists: the local one only where nobody pays real money."""
    return payment.provider != local.NAME or settings.LOCAL_PAYMENTS


def _is_for(payment, user):
    return payment.is_of_guest or may_pay(user, payment.customer_id)


def _frame_of(request, payment):
    """The pages that its reader comes from; of whoever pays without an account there are none."""
    return None if payment.is_of_guest else frame_of(request)
