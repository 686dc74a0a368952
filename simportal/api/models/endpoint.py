from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.ciphers import deciphered
from cards.models import Customer
from cards.models.fields import CharField
from cards.scope import OwnedQuerySet
from simportal.api.choices import EventType, OffReason


class Endpoint(models.Model):
    """An address of a customer's to which their events are sent, signed with its secret.

    `types` are those that it wants; none: all. `with_card` sends the card's document too. `secrets` are enciphered:
    `secret`, and `former` beside it until `former_until`. `failing_since` is when the first of all tries failed since
    the last that did not. While it is off, `stopped_after` is the last event that it would have been sent: from there
    on it is told what it missed. `mails_owners`: its customer's owners are to be told that the portal switched it off.
    """

    MARK: ClassVar = "wh_"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    url = CharField(pgettext_lazy("webhook", "URL"), max_length=500)
    types = models.JSONField(pgettext_lazy("webhook", "events"), default=list, blank=True)
    with_card = models.BooleanField(_("send the whole card too"), default=False)
    secrets = models.TextField(editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    is_on = models.BooleanField(pgettext_lazy("webhook", "on"), default=True)
    off_reason = CharField(max_length=8, choices=OffReason, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    stopped_after = models.BigIntegerField(null=True, editable=False)
    mails_owners = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("API", "webhook")
        verbose_name_plural = pgettext_lazy("API", "webhooks")
        default_permissions = ()
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.url

    @property
    def number(self) -> str:
        """How programs name it."""
        return f"{self.MARK}{self.pk}"

    def wants(self, kind: str) -> bool:
        return not self.types or kind in self.types or kind == EventType.TEST

    def signing_secrets(self, now: datetime) -> list[str]:
        """The secret, and the former one while it still signs. Raises `BadInput` where no key opens them."""
        kept = deciphered(self.secrets)
        signing = [kept["secret"]]
        if self.former_until and now < self.former_until and "former" in kept:
            signing.append(kept["former"])
        return signing
