from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.carriers.choices import DriftKind, DriftState, ServiceState
from cards.carriers.models.account import CarrierAccount
from cards.carriers.querysets import DriftQuerySet
from cards.choices import Action
from cards.models.fields import CharField, CodeField, FactsField


class Drift(models.Model):
    """A difference between the portal and a carrier that nobody has settled yet, and what is proposed for it.

    A stranger has no card here, only its `number` there. `version` is the card's when it was found: approved later, the
    proposal is refused where the card has changed meanwhile. `proposal` is an action of `cards` with `params`; where it
    is blank, a person decides what is to be done, and where.
    """

    account = models.ForeignKey(CarrierAccount, models.PROTECT, related_name="drifts", db_index=False)
    card = models.ForeignKey("cards.Card", models.PROTECT, null=True, related_name="+", db_index=False)
    number = CodeField(max_length=20, blank=True)
    kind = CharField(max_length=13, choices=DriftKind)
    portal = CharField(max_length=9, choices=ServiceState, blank=True)
    commanded = CharField(max_length=20, blank=True)
    seen = CharField(max_length=9, choices=ServiceState, blank=True)
    evidence = FactsField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=0)
    proposal = CharField(max_length=20, choices=Action, blank=True)
    params = FactsField(default=dict, blank=True)
    state = CharField(max_length=11, choices=DriftState, default=DriftState.OPEN)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    job = models.ForeignKey("cards.Job", models.PROTECT, null=True, related_name="+")

    objects = DriftQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("difference from the carrier")
        verbose_name_plural = gettext_lazy("differences from the carriers")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["card", "kind"], name="one_open_drift", condition=Q(state="open", card__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["account", "number"], name="one_open_stranger", condition=Q(state="open", card__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "id"], name="drift_open", condition=Q(state="open")),
            models.Index(fields=["card", "-id"], name="drift_of_card"),
            models.Index(fields=["ended_at"], name="drift_ended", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.card_id or self.number} {self.kind}: {self.state}"

    @property
    def is_rejected(self) -> bool:
        return self.state == DriftState.REJECTED


class Reconciliation(models.Model):
    """One comparison of all cards of an account with what the carrier says, and what it found: the daily report.

    `pull` looks at the cards. `held_above`: it would have corrected more cards than so many, so it corrected none
    (the brake), with `examples`, until somebody releases it.
    """

    account = models.ForeignKey(CarrierAccount, models.CASCADE, related_name="reconciliations")
    pull = models.ForeignKey("carriers.Pull", models.SET_NULL, null=True, related_name="+", db_index=False)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    looked_at = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict)  # counts, by DriftKind and "corrected"
    held_above = models.PositiveIntegerField(null=True)
    examples = models.JSONField(default=list)  # ICCIDs
    released_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = gettext_lazy("comparison with a carrier")
        verbose_name_plural = gettext_lazy("comparisons with carriers")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["account", "-began_at"], name="reconciliation_latest")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.began_at:%Y-%m-%d}"

    @property
    def held_why(self) -> str:
        """Why it corrected nothing, in a sentence; blank where it did not hold back."""
        if self.held_above is None:
            return ""
        sentence = _("{number} cards would be corrected, more than {most}: nothing is corrected.")
        return sentence.format(number=f"{self.found.get('corrected', 0):,}", most=f"{self.held_above:,}")
