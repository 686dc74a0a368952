"""A forgotten password: Django's own link by mail. The answer is the same, whatever address is given."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cards.actions import throttle
from cards.actions.audit import record
from cards.choices import AuditAction
from cards.links import portal_link, secret_in
from cards.pages.frames import permitted, public_page
from cards.people import devices
from cards.people.accounts import named_in
from cards.people.forms import ForgottenPasswordForm
from cards.people.members import without_programs
from cards.people.staff import KEEPS_ACCOUNTS, may_decide_about
from cards.visitors import visitor_address
from simportal.asked_mail import send_each
from simportal.models import ResetAsked

SECRET = "sets a password"  # of the session: a link's


class ResetForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


@require_http_methods(["GET", "HEAD", "POST"])
def request_reset(request):
    """Asks for the address, and says that a mail is on its way if somebody here has it."""
    form, is_requested = ResetForm(request.POST or None, label_suffix=""), False
    if request.method == "POST" and form.is_valid():
        email, is_requested = form.cleaned_data["email"], True
        # Too many for one address, or from one, are left out; nobody is told.
        may_request = throttle.hit(throttle.RESETS_OF_ADDRESS, visitor_address(request.META))
        if throttle.hit(throttle.RESETS_OF_MAIL, email.lower()) and may_request:
            ResetAsked.objects.create(email=email, language=translation.get_language())
    context = {"form": form, "is_requested": is_requested, "sends_mail": settings.SENDS_MAIL}
    return public_page(request, "account/reset.html", context, status=422 if form.errors else None)


@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request):
    """The page behind the link. The second factor, if any, is still asked for at the login."""
    if "link" in request.POST:
        return _opened(request, secret_in(request.POST["link"]))
    user = _person_of(request.session.get(SECRET, ""))
    if user is None:
        return public_page(request, "account/reset_set.html", {"is_over": SECRET in request.session})
    form = ForgottenPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            record(AuditAction.PASSWORD_RESET, by=user, about=user)
        del request.session[SECRET]
        messages.success(request, _("Your password has been changed. Log in with the new one."))
        return devices.with_cookie(redirect("admin:login"), user)  # whoever reads their mail is nobody's stranger
    context = {"form": form}
    return public_page(request, "account/reset_set.html", context, status=422 if form.errors else None)


@permitted(KEEPS_ACCOUNTS)
@require_POST
def send_to_person(request, pk):
    """The link goes to the address of somebody's account; whoever has it sent does not see it."""
    user = get_object_or_404(without_programs(get_user_model().objects), pk=pk)
    if not may_decide_about(request.user, user, KEEPS_ACCOUNTS):
        raise PermissionDenied
    if not user.email or not settings.SENDS_MAIL:
        messages.error(request, _("No mail can be sent to this person."))
    elif throttle.hit(throttle.RESETS_OF_MAIL, user.email.lower()):
        with transaction.atomic():
            ResetAsked.objects.create(email=user.email, language=translation.get_language())
            record(AuditAction.RESET_SENT, by=request.user, about=user)
        messages.success(request, _("A link to set a new password is on its way; it works for an hour."))
    else:
        messages.error(request, _("Too many links were sent to this address. Try again in a while."))
    return redirect("console:person", pk)


def _opened(request, secret):
    """The secret is kept in the session; nothing is kept of a link that opens nothing."""
    if _person_of(secret) is None:
        return public_page(request, "account/reset_set.html", {"is_over": True}, status=404)
    request.session[SECRET] = secret
    return redirect("password_reset_confirm")


def _person_of(secret):
    """Whose password a link's secret sets: nobody's once it was used, and after an hour."""
    user, token = named_in(secret)
    return user if user and default_token_generator.check_token(user, token) else None


def send_requested():
    """Send the links that were asked for."""
    send_each(ResetAsked.objects.all(), _send)


def _send(reset):
    with translation.override(reset.language):
        for user in PasswordResetForm().get_users(reset.email):
            user.email_user(_("Reset your password"), _mail(user))


def _mail(user):
    return render_to_string("mail/reset.txt", {"user": user, "link": link_to_set_password(user)})


def link_to_set_password(user):
    """Where this person sets a new password: once, within an hour, and only while the old one is theirs."""
    secret = f"{user.pk}:{default_token_generator.make_token(user)}"
    return portal_link("password_reset_confirm", secret=secret)
