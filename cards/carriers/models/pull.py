from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import PullKind
from cards.carriers.models.account import CarrierAccount
from cards.carriers.results import LONGEST_WORDS
from cards.models.fields import CharField, CodeField


class Pull(models.Model):
    """Something that is fetched for all cards of an account, piece by piece.

    `cursor` is how far pieces were handed out: the last card's key, or the page. `pieces` are those that were and are
    not done, in the hands of a worker or waiting to be tried again (`actions/pieces.py`): what a worker that died over
    one did not finish is handed out again. `is_all_out`: there is none behind the cursor. `total` are the cards to be
    asked for, `told` those of which something was, `missing` those of which nothing was. `failed` are the tries of the
    piece that failed most, `why` the carrier's words for that, or for a figure that it did not tell.
    """

    account = models.ForeignKey(CarrierAccount, models.CASCADE, related_name="pulls", db_index=False)
    kind = CharField(max_length=11, choices=PullKind)
    day = models.DateField()
    round = models.PositiveSmallIntegerField(default=1)
    cursor = CodeField(max_length=200, blank=True)
    total = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    why = CharField(max_length=LONGEST_WORDS, blank=True)
    pieces = models.JSONField(default=list, blank=True)
    is_all_out = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("fetch from a carrier")
        verbose_name_plural = _("fetches from carriers")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["account", "kind", "day", "round"], name="pull_is_made_once")]
        indexes = [models.Index(fields=["account", "next_at"], name="pull_due", condition=Q(next_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.day}"


class CycleReading(models.Model):
    """What a carrier that counts by cycle said last of a card: bytes of the cycle up to `told_at`.

    A day's usage is the difference to the last figure before it, of the same cycle. The latest of a civil day is kept;
    no figure stays above a later one, for then the carrier has corrected itself.
    """

    card = models.ForeignKey("cards.Card", models.CASCADE, related_name="+", db_index=False)
    cycle_from = models.DateField()
    day = models.DateField()
    bytes = models.BigIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reading of a cycle")
        verbose_name_plural = _("readings of cycles")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["card", "day"], name="one_cycle_reading_a_day")]
        indexes = [models.Index(fields=["day"], name="cycle_reading_day")]

    def __str__(self) -> str:
        return f"{self.card_id} {self.day}: {self.bytes}"


class CycleBase(models.Model):
    """From where a card's cycle goes on since its SIM was swapped: a carrier that counts by cycle counts each SIM.

    `other` has the old SIM. `before` is what the card had of the cycle when it got its new SIM, `of_sim` what that SIM
    had been used for until then: the card's total is the first and what the SIM was told to have beyond the second.
    """

    card = models.ForeignKey("cards.Card", models.CASCADE, related_name="+")
    other = models.ForeignKey("cards.Card", models.CASCADE, related_name="+", db_index=False)
    cycle_from = models.DateField()
    before = models.BigIntegerField()
    of_sim = models.BigIntegerField()

    class Meta:
        verbose_name = _("cycle after a swap")
        verbose_name_plural = _("cycles after swaps")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["other", "cycle_from"], name="one_base_per_swap_and_cycle")]

    def __str__(self) -> str:
        return f"{self.card_id} {self.cycle_from}: {self.before}"

    def total(self, told: int) -> int:
        """The card's bytes of the cycle, of what was told of its new SIM."""
        return self.before + max(told - self.of_sim, 0)
