"""Owners are told by mail that the portal has switched a webhook of theirs off."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cards.choices import MemberRole
from cards.links import portal_link
from cards.phrases import on_one_line
from simportal.api.actions.endpoints import give_mail_back, take_mail
from simportal.api.models import Endpoint
from simportal.asked_mail import send_each


def tell_owners():
    """Send the mails that wait, one for each webhook; what the mail server does not take is tried again."""
    rows = Endpoint.objects.filter(mails_owners=True).select_related("customer__merged_into")
    send_each(rows, _send, take_mail, give_mail_back)


def _send(endpoint):
    owners = endpoint.customer.now.memberships.filter(role=MemberRole.OWNER, user__is_active=True)
    with translation.override(settings.LANGUAGE_CODE):
        link = portal_link("webhooks:endpoint", endpoint.pk)
        body = render_to_string("mail/webhook_off.txt", {"endpoint": endpoint, "link": link})
        subject = on_one_line(_("{customer}: a webhook was switched off").format(customer=endpoint.customer))
    for membership in owners.exclude(user__email="").select_related("user").order_by("pk"):
        membership.user.email_user(subject, body)
