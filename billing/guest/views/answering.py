"""How the pages for people without an account answer: to nobody who looks for things, and to whoever asks."""

import uuid
from functools import wraps

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _

from billing.errors import MoneyRefused
from billing.guest.actions.buying import buy_for_guest
from billing.money import read_amount
from billing.pages.pay_buttons import pay_buttons
from billing.rules import Shown
from billing.views.paying import to_its_page
from cards.errors import BadInput
from cards.forms import form_key
from cards.models import Plan
from cards.visitors import visitor_address


def for_everybody(view):
    """The view is for whoever has the address, logged in or not; no search engine lists it."""

    @wraps(view)
    def open_to_all(request, **names):
        response = view(request, **names)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return open_to_all


def guest_page(request, template, context=None, status=None):
    return render(request, f"guest/{template}.html", context or {}, status=status)


def offered_page(request, template, context, complaint=""):
    """A page with things to buy and the buttons to pay for them in this browser; anew, with what was wrong."""
    buttons = pay_buttons(request.headers.get("User-Agent", ""))
    context = context | {"buttons": buttons, "key": uuid.uuid4(), "complaint": complaint}
    return guest_page(request, template, context, 409 if complaint else None)


def complaint_of(problem):
    """What a refusal or a `BadInput` says to whoever reads the page."""
    return problem.sentence if isinstance(problem, BadInput) else str(problem)


def bought(request, card):
    """Buy what the form chose, and lead to its payment. Raises `MoneyRefused` where that cannot be, and `BadInput`
    where nothing was chosen, with nothing done.

    The provider is called outside of any transaction; where it does not answer, the payment's page tries again.
    """
    plan, shown = _choice(request)
    button = pay_buttons(request.headers.get("User-Agent", "")).named(request.POST.get("provider", ""))
    if button is None:
        raise MoneyRefused("not_for_guests")
    payment = buy_for_guest(
        card,
        plan,
        shown=shown,
        provider=button.name,
        way=button.way,
        key=form_key(request),
        address=visitor_address(request.META),
    )
    return to_its_page(request, payment)


def _choice(request):
    """The plan and what was shown of it, as the page had it; what was made up is not found. Raises `BadInput` where
    nothing was chosen."""
    if not request.POST.get("offer"):
        raise BadInput("offer", _("Choose what to buy."))
    code, _space, rest = request.POST.get("offer", "").partition(" ")
    total, _space, terms = rest.partition(" ")
    plan = Plan.objects.filter(code=code).first()
    if plan is None:
        raise Http404
    try:
        return plan, Shown(read_amount(total), terms)
    except BadInput:
        raise Http404 from None
