"""Whoever is invited by mail gets the link: to join a customer, or to work for the dealer."""

from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cards.links import portal_link
from cards.models import Invitation, StaffInvitation
from simportal.asked_mail import send_each


def send_invitations():
    """Send the links that wait; what was revoked or ran out meanwhile is not sent."""
    send_each(_waiting(Invitation).select_related("customer", "by"), _send_to_member, _taken)
    send_each(_waiting(StaffInvitation).select_related("by"), _send_to_colleague, _taken)


def _waiting(kind):
    return kind.objects.open().exclude(mail_language="")


def _taken(invitation):
    return invitation.exclude(mail_language="").update(mail_language="")


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
