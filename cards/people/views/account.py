"""Everybody's own account: name, phone and e-mail, the password, and the second factor."""

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.frames import frame_of, public_page
from cards.people import accounts, second_factor
from cards.people.forms import AccountForm, CodeForm, ConfirmedForm, PasswordForm

NEW_SECRET = "secret of the second factor to come"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request):
    """What somebody says of themselves, and the ways to their password and second factor."""
    user, person = request.user, accounts.person_of(request.user)
    if request.method == "POST":
        form = AccountForm(user, request.POST)
        if form.is_valid():
            try:
                accounts.change_account(user, **form.values())
            except BadInput as bad:
                say_at_field(form, bad)
            else:
                messages.success(request, _("Your account details have been saved."))
                return redirect("account:account")
    else:
        form = AccountForm(user, initial={"name": user.first_name, "email": user.email, "phone": person.phone})
    context = {"form": form, "person": person}
    return public_page(request, "account/account.html", context, status=422 if form.errors else None)


class Password(PasswordChangeView):
    """Django's own page to change the password, in our frame."""

    form_class = PasswordForm
    template_name = "account/password.html"
    success_url = reverse_lazy("account:account")

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | frame_of(self.request).context(self.request)

    def form_valid(self, form):
        messages.success(self.request, _("Your password has been changed."))
        return super().form_valid(form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def two_factor(request):
    """The second factor: how to turn it on, or, when it is on, how to get new recovery codes and to turn it off."""
    person = accounts.person_of(request.user)
    if person.has_second_factor:
        return _two_factor_page(request, person)
    secret = request.session.setdefault(NEW_SECRET, second_factor.new_secret())
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        codes = second_factor.turn_on(request.user, secret, form.cleaned_data["code"])
        if codes:
            del request.session[NEW_SECRET]
            return public_page(request, "account/recovery_codes.html", {"codes": codes})
        form.add_error("code", _("Wrong code. Check that your phone's clock is right."))
    code = segno.make(second_factor.provisioning_uri(request.user, secret), error="m")
    # It stands in the page as SVG; segno writes nothing into it that the strict policy forbids.
    qr = mark_safe(code.svg_inline(scale=5, border=4, light="white"))
    context = {"form": form, "secret": secret, "qr": qr}
    return public_page(request, "account/two_factor_new.html", context, status=422 if form.errors else None)


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
    return public_page(request, "account/recovery_codes.html", {"codes": codes})


@login_required
@require_POST
def two_factor_off(request):
    """From now on the password is enough; asks for it once more."""
    person, form = accounts.person_of(request.user), ConfirmedForm(request.user, request.POST)
    if not form.is_valid():
        return _two_factor_page(request, person, form)
    second_factor.turn_off(request.user)
    messages.success(request, _("Two-step login is off."))
    return redirect("account:account")


def _two_factor_page(request, person, form=None):
    context = {"form": form or ConfirmedForm(request.user), "left": person.recovery_codes.count()}
    return public_page(request, "account/two_factor.html", context, status=422 if form and form.errors else None)
