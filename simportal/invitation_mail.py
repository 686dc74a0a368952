"""Whoever is invited by mail gets the link: to join a customer, or to work for the dealer."""

from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cards.actions import throttle
from cards.links import portal_link
from cards.models import Invitation, StaffInvitation
from cards.models.invitation import TRIED_FOR
from simportal.asked_mail import send_each


def send_invitations():
    """Send the links that wait; what was revoked or ran out meanwhile is not sent.

    What the mail server does not take is tried again some minutes later, and given up after `TRIED_FOR`.
    """
    send_each(_waiting(Invitation).select_related("customer", "by"), _send_to_member, _taken, _given_back)
    send_each(_waiting(StaffInvitation).select_related("by"), _send_to_colleague, _taken, _given_back)


def _waiting(kind):
    return kind.objects.open().exclude(mail_language="").filter(made_at__gt=timezone.now() - TRIED_FOR)


def _taken(rows):
    waiting = rows.exclude(mail_language="")
    found = waiting.first()
    may_try = found and throttle.hit(throttle.MAILS_OF_INVITATION, f"{found._meta.model_name} {found.pk}")
    return may_try and waiting.update(mail_language="")


def _given_back(invitation):
    type(invitation).objects.filter(pk=invitation.pk).update(mail_language=invitation.mail_language)


def _send_to_member(invitation):
    link = portal_link("my:join", secret=invitation.token)
    with translation.override(invitation.mail_language):
        subject = _("Invitation to manage the SIM cards of {customer}").format(customer=invitation.customer)
        _send(invitation, subject, "mail/invited_member.txt", link)


def _send_to_colleague(invitation):
    link = portal_link("account:join", secret=invitation.token)
    with translation.override(invitation.mail_language):
        _send(invitation, _("Your account for the SIM card portal"), "mail/invited_colleague.txt", link)


def _send(invitation, subject, template, link):
    body = render_to_string(template, {"invitation": invitation, "link": link})
    get_user_model()(email=invitation.email).email_user(subject, body)
