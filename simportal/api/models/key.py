from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.models import Customer
from cards.models.fields import CharField
from cards.scope import OwnedQuerySet

KEY_MARK = "spk"  # how every key begins, so that scanners for lost secrets know it


class ApiKeyQuerySet(OwnedQuerySet["ApiKey"]):
    def living(self, today: date) -> Self:
        """Those that open something today: neither revoked nor run out."""
        return self.filter(Q(expires_on=None) | Q(expires_on__gt=today), revoked_at=None)


class ApiKey(models.Model):
    """What a customer's program shows instead of a password: a public part, by which it is found and named, and the
    SHA-256 of all of it. The key itself was shown once and is nowhere.

    It belongs to the customer and survives whoever made it. `user` is who acts with it: an account that nobody can log
    in with, a member of this customer alone and of nothing else, so that all that people may and see is asked of it in
    the same way. `scopes` narrow that. `addresses` are the networks it is taken from; none: from anywhere. It runs out
    at the beginning of `expires_on`.
    """

    prefix = CharField(max_length=8, unique=True, editable=False)
    digest = CharField(max_length=64, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    name = CharField(pgettext_lazy("API key", "name"), max_length=60)
    scopes = models.JSONField(pgettext_lazy("API key", "permissions"), default=list)
    addresses = models.JSONField(pgettext_lazy("API key", "addresses"), default=list, blank=True)
    expires_on = models.DateField(pgettext_lazy("API key", "expires on"), null=True, blank=True)
    last_used_on = models.DateField(pgettext_lazy("API key", "last used on"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("created by")
    )
    revoked_at = models.DateTimeField(pgettext_lazy("API key", "revoked at"), null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        default_permissions = ("view",)
        permissions = [("revoke_apikey", "revoke API keys")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} · {self.public}"

    @property
    def public(self) -> str:
        """By which people name the key: its beginning, which opens nothing."""
        return f"{KEY_MARK}_{self.prefix}"

    def is_living(self, today: date) -> bool:
        """Whether it opens something on this day."""
        return self.revoked_at is None and (self.expires_on is None or today < self.expires_on)

    def may(self, scope: str) -> bool:
        return scope in self.scopes
