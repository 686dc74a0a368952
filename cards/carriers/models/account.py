from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.carriers.choices import OwnWords
from cards.choices import Carrier
from cards.models.fields import CharField, CodeField


class CarrierAccount(models.Model):
    """The dealer's access to a carrier's platform, by one protocol.

    `secrets` are enciphered (`ciphers.py`). `settings` holds what is set otherwise than the protocol's default.
    While `broken_since` stands, the account's circuit is open: nothing is sent but a probe at `probe_at`. `faults` are
    the transport errors one after the other. `broken_s` are the seconds for which it was broken before: no order's
    patience runs then. `next_at` is the earliest start of its next call, whichever worker makes it. `push_key` is the
    unguessable part of the address at which the carrier may knock. `bring_after` is the key of the card up to which the
    cards were brought into step with it since it was made or used otherwise; None, all were.
    """

    name = CodeField(max_length=40, unique=True)
    carrier = CharField(max_length=4, choices=Carrier)
    protocol = CodeField(max_length=10)
    is_on = models.BooleanField(pgettext_lazy("carrier account", "in use"), default=False)
    base_url = CharField(pgettext_lazy("carrier account", "address"), max_length=200)
    fields = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, editable=False)
    settings = models.JSONField(default=dict, blank=True)

    broken_since = models.DateTimeField(null=True, editable=False)
    broken_why = CharField(max_length=500, blank=True, editable=False)
    broken_s = models.PositiveIntegerField(default=0, editable=False)
    probe_at = models.DateTimeField(null=True, editable=False)
    faults = models.PositiveSmallIntegerField(default=0, editable=False)
    token = models.TextField(blank=True, editable=False)  # enciphered
    token_renew_at = models.DateTimeField(null=True, editable=False)
    next_at = models.DateTimeField(null=True, editable=False)
    push_key = CodeField(max_length=43, unique=True, editable=False)
    reconcile_at = models.DateTimeField(null=True, editable=False)
    bring_after = models.BigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("carrier account")
        verbose_name_plural = _("carrier accounts")
        ordering = ["name"]
        default_permissions = ("view",)
        permissions = [("look_at_carrier", "ask carriers"), ("decide_drift", "decide differences")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_locked(self) -> bool:
        """Whether it is ourselves who cannot read its secrets, and no carrier that does not accept it."""
        return self.broken_why == OwnWords.NO_KEY


class AccountRule(models.Model):
    """Which account a new card is on where its carrier has several: by the longest matching number, or its customer."""

    account = models.ForeignKey(CarrierAccount, models.CASCADE, related_name="rules")
    prefix = CodeField(max_length=20, blank=True)
    customer = models.ForeignKey("cards.Customer", models.CASCADE, null=True, blank=True)

    class Meta:
        verbose_name = _("rule of accounts")
        verbose_name_plural = _("rules of accounts")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.prefix}{self.customer_id or ''} {self.account_id}"


class Slot(models.Model):
    """A right to make calls of an account, one after the other, for as long as its owner lives and holds it."""

    account = models.ForeignKey(CarrierAccount, models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    owner = CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("slot")
        verbose_name_plural = _("slots")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="slot_numbers_are_unique")]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.number}"
