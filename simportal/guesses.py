"""Whoever owns an account at which strangers guess is told by mail, with a link past the waiting."""

import logging

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cards.faults import fault_of
from cards.models import GuessedAt
from cards.people.devices import link_to_log_in
from cards.scope import Scope

logger = logging.getLogger(__name__)


def send_warnings():
    """Tell the owners. Each row is deleted first, so that nobody is told twice; the next guesses make another."""
    for guessed in GuessedAt.objects.select_related("user").order_by("pk"):
        is_ours = GuessedAt.objects.filter(pk=guessed.pk).delete()[0]
        if is_ours and settings.SENDS_MAIL and _can_be_told(guessed.user):
            _send(guessed.user)


def _can_be_told(user):
    return user is not None and Scope.of(user).is_active and user.email


def _send(user):
    try:
        with translation.override(settings.LANGUAGE_CODE):
            user.email_user(_("Someone is guessing your password"), _mail(user))
    except Exception as error:
        if fault_of(error):
            raise
        logger.exception("An owner was not told of guesses at their password; the others go on")


def _mail(user):
    return render_to_string("mail/guessed_at.txt", {"user": user, "link": link_to_log_in(user)})
