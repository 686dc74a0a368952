"""Whoever owns an account at which strangers guess is told by mail, with a link past the waiting."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cards.models import GuessedAt
from cards.people.devices import link_to_log_in
from cards.scope import Scope
from simportal.asked_mail import send_each


def send_warnings():
    """Tell the owners; the next guesses make another row."""
    send_each(GuessedAt.objects.select_related("user"), _send)


def _send(guessed):
    user = guessed.user
    if user is not None and Scope.of(user).is_active and user.email:
        with translation.override(settings.LANGUAGE_CODE):
            user.email_user(_("Someone is guessing your password"), _mail(user))


def _mail(user):
    return render_to_string("mail/guessed_at.txt", {"user": user, "link": link_to_log_in(user)})
