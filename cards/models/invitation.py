from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.choices import MemberRole
from cards.models.customer import Customer, Membership
from cards.models.fields import CharField
from cards.scope import OwnedQuerySet, Scope

# A key of before may be listed because it leaked: with it nobody makes an invitation.
SIGNER = Signer(salt="cards.invitation", fallback_keys=[])
STAFF_SIGNER = Signer(salt="cards.staff_invitation", fallback_keys=[])
GIVES_MEMBERSHIPS = "cards.add_membership"
TRIED_FOR = timedelta(minutes=15)  # so long a mail is tried that the server does not take
KEEPS_STAFF = "cards.keep_staff"  # nobody can be given it: superusers have whatever is asked

_Row = TypeVar("_Row", bound="SignedInvitation")


class SignedInvitationQuerySet(models.QuerySet[_Row]):
    def open(self, now: datetime | None = None) -> Self:
        """Those that may be accepted: neither accepted nor revoked, not run out, and by somebody who may invite still.

        Who that is is asked beside the row, not joined to it: of two who accept at the same moment, the second sees
        that it was accepted.
        """
        return self.filter(self.by_who_may(), accepted_at=None, revoked_at=None, until__gt=now or timezone.now())

    def by_who_may(self) -> models.Exists | models.Q:
        """The condition that who has invited may invite to this now."""
        raise NotImplementedError


class InvitationQuerySet(  # type: ignore[override]  # the plugin types the manager of each base by itself
    SignedInvitationQuerySet["Invitation"], OwnedQuerySet["Invitation"]
):
    def by_who_may(self) -> models.Exists | models.Q:
        """An owner of the customer, or staff who give memberships; to who was merged nobody invites."""
        owners = Membership.objects.filter(role=MemberRole.OWNER, user__is_active=True)
        owns = models.Exists(owners.filter(customer=models.OuterRef("customer"), user=models.OuterRef("by")))
        merged = Customer.objects.filter(pk=models.OuterRef("customer")).exclude(merged_into=None)
        return models.Q(owns | _by_staff_with(GIVES_MEMBERSHIPS), ~models.Exists(merged))


class StaffInvitationQuerySet(SignedInvitationQuerySet["StaffInvitation"]):
    def by_who_may(self) -> models.Exists | models.Q:
        return _by_staff_with(KEEPS_STAFF)


class SignedInvitation(models.Model):
    """Somebody is asked to join. Who holds the signed link may accept it, once, before `until`.

    Where there is an `email` a worker sends the link to it, in `mail_language`, which is empty once it was taken. What
    the mail server refuses is put back, and given up after a while: then it `is_not_mailed`.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("invited by"))
    email = models.EmailField(_("email"), blank=True, default="", db_default="")
    mail_language = CharField(max_length=16, blank=True, default="", db_default="", editable=False)
    made_at = models.DateTimeField(_("created at"), auto_now_add=True)
    until = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("accepted by")
    )

    objects: Any
    signer: ClassVar = SIGNER

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def token(self) -> str:
        """What stands in the link. It does not run out by itself: `until` does, so that the link can be shown again."""
        return self.signer.sign(str(self.pk))

    @property
    def is_not_mailed(self) -> bool:
        """Whether the mail was given up: who has invited sends the link themselves."""
        return bool(self.mail_language) and self.made_at + TRIED_FOR < timezone.now()

    @classmethod
    def of_token(cls, token: str) -> Self | None:
        """The open invitation of a link, or None: tampered with, accepted, revoked and run out are all the same."""
        try:
            pk = cls.signer.unsign(token)
        except BadSignature:
            return None
        found: Self | None = cls.objects.open().select_related("by").filter(pk=pk).first()
        return found


class Invitation(SignedInvitation):
    """An owner, or the dealer, asks somebody to join a customer."""

    customer = models.ForeignKey(
        "cards.Customer", models.CASCADE, related_name="invitations", verbose_name=_("customer")
    )
    role = CharField(_("role"), max_length=8, choices=MemberRole)

    objects = InvitationQuerySet.as_manager()

    class Meta(SignedInvitation.Meta):
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    @property
    def is_by_dealer(self) -> bool:
        """Customers read no name of the staff."""
        return Scope.of(self.by).is_staff


class StaffInvitation(SignedInvitation):
    """An admin asks somebody to work for the dealer; `roles` are words of `StaffRole`."""

    roles = models.JSONField(_("roles"), default=list)

    objects = StaffInvitationQuerySet.as_manager()
    signer: ClassVar = STAFF_SIGNER

    class Meta(SignedInvitation.Meta):
        verbose_name = _("staff invitation")
        verbose_name_plural = _("staff invitations")


def _by_staff_with(permission: str) -> models.Exists:
    """The condition that who has invited is staff who have this permission."""
    allowed = User.objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    return models.Exists(allowed.filter(is_staff=True, pk=models.OuterRef("by")))
