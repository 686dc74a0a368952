from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.models.fields import CharField


class Person(models.Model):
    """What the portal knows of a user besides what Django does: a phone to log in with, and a second factor.

    The secret of the second factor stands here as it is: it must be known in the clear to check a code. Without a
    password it opens nothing, and whoever reads this table can write to it as well. `sessions_ended` counts how often
    all sessions were ended: one that began before the last time is over.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="person", verbose_name=_("user"))
    phone = CharField(_("phone"), max_length=11, unique=True, null=True, blank=True)
    totp_secret = CharField(_("two-step login secret"), max_length=64, blank=True, editable=False)
    totp_step = models.BigIntegerField(_("time step of the last code"), default=0, editable=False)
    sessions_ended = models.PositiveIntegerField(_("sessions ended"), default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        default_permissions = ("view", "change")
        permissions = [("export_person", "export personal data"), ("erase_person", "delete personal data")]

    def __str__(self) -> str:
        return f"{self.user} · {self.phone}" if self.phone else str(self.user)

    @property
    def has_second_factor(self) -> bool:
        return bool(self.totp_secret)


class RecoveryCode(models.Model):
    """A code that stands in for the second factor once, when the phone is lost. Kept as a keyed hash alone."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="recovery_codes", verbose_name=_("person"))
    digest = CharField(_("hash"), max_length=64, editable=False)
    key_id = CharField(_("key of the hash"), max_length=12, default="", db_default="", editable=False)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["person", "digest"], name="a_recovery_code_stands_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"
