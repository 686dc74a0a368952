"""A forgotten password: Django's own link by mail. The answer is the same, whatever address is given."""

import logging

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cards.actions import throttle
from cards.links import portal_link
from cards.pages.frames import frame_of, public_page
from cards.visitors import visitor_address
from simportal.models import ResetAsked

logger = logging.getLogger(__name__)


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


class SetPassword(PasswordResetConfirmView):
    """Django's own page behind the link, in our frame. The second factor, if any, is still asked for at the login."""

    template_name = "account/reset_set.html"
    success_url = reverse_lazy("admin:login")

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | frame_of(self.request).context(self.request)

    def form_valid(self, form):
        messages.success(self.request, _("Your password has been changed. Log in with the new one."))
        return super().form_valid(form)


def send_requested():
    """Send what was asked for. Each is deleted first: somebody who got no mail asks again, and nobody gets two."""
    for reset in ResetAsked.objects.order_by("pk"):
        if ResetAsked.objects.filter(pk=reset.pk).delete()[0] and settings.SENDS_MAIL:
            _send(reset)


def _send(reset):
    try:
        with translation.override(reset.language):
            for user in PasswordResetForm().get_users(reset.email):
                user.email_user(_("Reset your password"), _mail(user))
    except Exception:
        logger.exception("A link to set a password was not sent; the others go on")


def _mail(user):
    return render_to_string("mail/reset.txt", {"user": user, "link": link_to_set_password(user)})


def link_to_set_password(user):
    """Where this person sets a new password: once, within an hour, and only while the old one is theirs."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return portal_link("password_reset_confirm", key, default_token_generator.make_token(user))
