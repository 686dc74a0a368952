from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.choices import MemberRole
from cards.models.customer import Membership
from cards.models.fields import CharField
from cards.scope import OwnedQuerySet

# A key of before may be listed because it leaked: with it nobody makes an invitation.
SIGNER = Signer(salt="cards.invitation", fallback_keys=[])


class InvitationQuerySet(OwnedQuerySet["Invitation"]):
    def open(self, now: datetime | None = None) -> Self:
        """Those that may be accepted: neither accepted nor revoked, not run out, and by somebody who is an owner still.

        Who that is is asked beside the row, not joined to it: of two who accept at the same moment, the second sees
        that it was accepted.
        """
        owners = Membership.objects.filter(role=MemberRole.OWNER, user__is_active=True)
        still_owns = models.Exists(owners.filter(customer=models.OuterRef("customer"), user=models.OuterRef("by")))
        return self.filter(still_owns, accepted_at=None, revoked_at=None, until__gt=now or timezone.now())


class Invitation(models.Model):
    """An owner asks somebody to join their customer. Who holds the signed link may accept it, once, before `until`."""

    customer = models.ForeignKey(
        "cards.Customer", models.CASCADE, related_name="invitations", verbose_name=_("customer")
    )
    role = CharField(_("role"), max_length=8, choices=MemberRole)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("invited by"))
    made_at = models.DateTimeField(_("created at"), auto_now_add=True)
    until = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("accepted by")
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def token(self) -> str:
        """What stands in the link. It does not run out by itself: `until` does, so that the link can be shown again."""
        return SIGNER.sign(str(self.pk))

    @classmethod
    def of_token(cls, token: str) -> "Invitation | None":
        """The open invitation of a link, or None: tampered with, accepted, revoked and run out are all the same."""
        try:
            pk = SIGNER.unsign(token)
        except BadSignature:
            return None
        return cls.objects.open().select_related("customer", "by").filter(pk=pk).first()
