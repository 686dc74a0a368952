"""The second step: turned on and off by whoever knows the password, and set up by staff before they are let in."""

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cards.pages.frames import public_page
from cards.people import accounts, devices, second_factor, sessions
from cards.people.forms import CodeForm, ConfirmedForm, SecondFactorForm
from cards.people.views import login

NEW_SECRET = "secret of the second factor to come"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def two_factor(request):
    """How to turn the second step on, or, when it is on, how to get new recovery codes and to turn it off."""
    person = accounts.person_of(request.user)
    if person.has_second_factor:
        return _two_factor_page(request, person)
    form = SecondFactorForm(request.user, request.POST or None)
    if codes := _turned_on(request, request.user, form):
        sessions.stay_logged_in(request)
        return _codes_page(request, codes)
    return _set_up_page(request, request.user, form)


@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request):
    """The second step of staff who have none and must: they gave the password, and are not let in before."""
    user, target = login.waiting(request)
    if not user or second_factor.is_on(user):
        return redirect("admin:login")
    form = CodeForm(request.POST or None, label_suffix="")
    if codes := _turned_on(request, user, form):
        login.enter(request, user)
        return devices.with_cookie(_codes_page(request, codes, target), user)
    return _set_up_page(request, user, form, is_needed=True)


@login_required
@require_POST
def new_codes(request):
    """New recovery codes, for somebody who knows the password."""
    person, form = accounts.person_of(request.user), ConfirmedForm(request.user, request.POST)
    if not person.has_second_factor:
        return redirect("account:two-factor")
    if not form.is_valid():
        return _two_factor_page(request, person, form)
    codes = second_factor.new_recovery_codes(request.user)
    sessions.stay_logged_in(request)
    return _codes_page(request, codes)


@login_required
@require_POST
def two_factor_off(request):
    """From now on the password is enough; who must have a second step sets up the next one at once."""
    person, form = accounts.person_of(request.user), ConfirmedForm(request.user, request.POST)
    if not form.is_valid():
        return _two_factor_page(request, person, form)
    user = request.user
    second_factor.turn_off(user, by=user)
    if sessions.must_take_two_steps(user):
        return login.ask_to_set_up(request, user, reverse("account:account"))
    sessions.stay_logged_in(request)
    messages.success(request, _("Two-step login is off."))
    return redirect("account:account")


def _turned_on(request, user, form):
    """The recovery codes once the form has turned it on; None, and the form says why, while it has not."""
    if request.method != "POST" or not form.is_valid():
        return None
    codes = second_factor.turn_on(user, _secret(request, user), form.cleaned_data["code"])
    if codes:
        del request.session[NEW_SECRET]
    else:
        form.add_error("code", _("Wrong code. Check that your phone's clock is right."))
    return codes


def _secret(request, user):
    """The secret to come, the same until it is in use: the app may have it already. Whoever was at this browser before
    does not know it."""
    if request.session.get(NEW_SECRET, {}).get("user") != user.pk:
        request.session[NEW_SECRET] = {"user": user.pk, "secret": second_factor.new_secret()}
    return request.session[NEW_SECRET]["secret"]


def _set_up_page(request, user, form, is_needed=False):
    secret = _secret(request, user)
    code = segno.make(second_factor.provisioning_uri(user, secret), error="m")
    # It stands in the page as SVG; segno writes nothing into it that the strict policy forbids.
    qr = mark_safe(code.svg_inline(scale=5, border=4, light="white"))
    context = {"form": form, "secret": secret, "qr": qr, "is_needed": is_needed}
    return public_page(request, "account/two_factor_new.html", context, status=422 if form.errors else None)


def _codes_page(request, codes, target=None):
    context = {"codes": codes, "target": target or reverse("account:account")}
    return public_page(request, "account/recovery_codes.html", context)


def _two_factor_page(request, person, form=None):
    context = {
        "form": form or ConfirmedForm(request.user),
        "left": person.recovery_codes.count(),
        "is_needed": sessions.must_take_two_steps(request.user),
    }
    return public_page(request, "account/two_factor.html", context, status=422 if form and form.errors else None)
