from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import LineStep, ServiceState, Switch
from cards.carriers.models.account import CarrierAccount
from cards.models.fields import CharField, CodeField


class Line(models.Model):
    """A card at its carrier: what should be so there, what was last seen, and how far the two have come together.

    `wanted_…` follow from the card as it was at its record `seq` (`wanted.py`). `activation_seq` is the record by which
    the portal itself activated it, 0 without: only that lets an activation be ordered. `seen_…` are the words of the
    last state query; `missing_at` says when the carrier knew no such card. `ask_at` is when it is looked at next:
    those first that a person asked for, then those that an order waits for. `looks` says how many of the later looks
    for late effects are still to come; `worker` looks at it at this moment.
    """

    card = models.OneToOneField("cards.Card", models.PROTECT, related_name="+")
    account = models.ForeignKey(CarrierAccount, models.PROTECT, null=True, related_name="lines", db_index=False)

    wanted_service = CharField(max_length=9, choices=ServiceState, blank=True)
    wanted_data = CharField(max_length=3, choices=Switch, blank=True)
    wanted_cap_mb = models.PositiveIntegerField(null=True)
    wanted_imei = CharField(max_length=16, blank=True)
    activation_seq = models.PositiveIntegerField(default=0)
    seq = models.PositiveIntegerField(default=0)
    wanted_at = models.DateTimeField(null=True)

    seen_service = CharField(max_length=9, choices=ServiceState, blank=True)
    seen_code = CodeField(max_length=40, blank=True)
    seen_text = CharField(max_length=200, blank=True)
    seen_reasons = CharField(max_length=100, blank=True)  # of StopReason, comma-separated
    seen_reason_text = CharField(max_length=200, blank=True)
    seen_data = CharField(max_length=3, choices=Switch, blank=True)
    seen_real_name = CharField(max_length=3, choices=Switch, blank=True)
    seen_imei = CharField(max_length=16, blank=True)
    seen_since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    missing_at = models.DateTimeField(null=True)

    last_sent_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)
    is_asked_by_person = models.BooleanField(default=False)
    has_order = models.BooleanField(default=False)
    looks = models.PositiveSmallIntegerField(default=0)
    worker = CharField(max_length=64, blank=True)
    step = CharField(max_length=8, choices=LineStep, default=LineStep.BY_HAND)
    paused = models.BooleanField(default=False)
    comparison = models.ForeignKey(
        "carriers.Reconciliation", models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("card at its carrier")
        verbose_name_plural = _("cards at their carriers")
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["account", "-is_asked_by_person", "-has_order", "ask_at"],
                name="line_to_look_at",
                condition=Q(ask_at__isnull=False),
            ),
            models.Index(fields=["account", "ask_at"], name="line_to_ask", condition=Q(ask_at__isnull=False)),
            models.Index(fields=["account", "card"], name="line_of_account"),
            models.Index(fields=["step", "card"], name="line_step"),
            models.Index(fields=["comparison", "card"], name="line_to_correct", condition=Q(comparison__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.step}"

    def is_behind(self, version: int) -> bool:
        """Whether the card of this version has changed since this line was brought into step with it: the workers do it
        within seconds."""
        return self.account_id is not None and version > self.seq

    def step_at(self, version: int) -> str:
        """Where the card of this version stands."""
        return LineStep.WAITING if self.is_behind(version) else LineStep(self.step)

    @property
    def is_by_hand(self) -> bool:
        return self.step == LineStep.BY_HAND
