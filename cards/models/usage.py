from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.calendar import EARLIEST
from cards.choices import Quarantine
from cards.models.fields import CharField


class UsageDay(models.Model):
    """A card's total bytes on one civil day, as known at `read_at` (`domain.md`, "Usage").

    On PostgreSQL the table has a part for each month; `actions/usage_months.py` sees to it that there are some ahead.
    For a version, both databases have a column `id` more, which the code of before reads.
    """

    pk = models.CompositePrimaryKey("card", "day")
    # The import joins cards anyway; the database's own look-up per row is half of what the insert costs.
    card = models.ForeignKey(
        "cards.Card",
        models.PROTECT,
        related_name="usage_days",
        db_constraint=False,
        db_index=False,
        verbose_name=_("card"),
    )
    day = models.DateField(_("day"))
    bytes = models.BigIntegerField(_("bytes"))
    read_at = models.DateTimeField(_("read at"))
    imei = CharField(_("IMEI"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("usage day")
        verbose_name_plural = _("usage days")
        constraints = [models.CheckConstraint(condition=models.Q(bytes__gte=0), name="usage_is_not_negative")]

    def __str__(self) -> str:
        return f"{self.card_id} {self.day}"


class PastCycle(models.Model):
    """What a card used in a cycle of its carrier's of which days are deleted, all of its days together.

    A cycle without a row used nothing, or began before such rows were kept.
    """

    pk = models.CompositePrimaryKey("card", "cycle_from")
    card = models.ForeignKey(
        "cards.Card",
        models.PROTECT,
        related_name="past_cycles",
        db_constraint=False,
        db_index=False,
        verbose_name=_("card"),
    )
    cycle_from = models.DateField(_("cycle from"))
    cycle_until = models.DateField(_("cycle until"))
    bytes = models.BigIntegerField(_("bytes"))

    class Meta:
        verbose_name = _("past cycle")
        verbose_name_plural = _("past cycles")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.card_id} {self.cycle_from}"


class DeletedUsage(models.Model):
    """How far usage days that are kept no longer are deleted; one row.

    Through `day` of all cards up to `through_card`; of all cards there are once that is None. Of the month from
    `drops_from` on the cycles are kept and the days stay until it is dropped as a whole. No cycle is kept that began
    before `cycles_since`.
    """

    day = models.DateField(_("day"))
    through_card = models.BigIntegerField(_("processed through card"), default=0, null=True)
    drops_from = models.DateField(_("drops the month from"), null=True)
    cycles_since = models.DateField(_("keeps cycles since"), default=EARLIEST, db_default=EARLIEST)

    class Meta:
        verbose_name = _("deleted usage")
        verbose_name_plural = _("deleted usage days")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="deleted_usage_is_one_row")]

    def __str__(self) -> str:
        return f"{self.day} {self.through_card}"


class QuarantineQuerySet(models.QuerySet["QuarantinedReading"]):
    def waiting(self) -> Self:
        return self.filter(status=Quarantine.WAITING)


class QuarantinedReading(models.Model):
    """A reading of more than a card can carry in a day, kept beside the days until somebody takes or drops it.

    It is not metered and tells no device. What was decided stays: the same file again asks nobody again.
    """

    card = models.ForeignKey(
        "cards.Card", models.PROTECT, related_name="quarantined", db_index=False, verbose_name=_("card")
    )
    day = models.DateField(_("day"))
    bytes = models.BigIntegerField(_("bytes"))
    read_at = models.DateTimeField(_("read at"))
    imei = CharField(_("IMEI"), max_length=16, blank=True)
    told_at = models.DateTimeField(_("received at"))
    status = CharField(_("status"), max_length=8, choices=Quarantine, default=Quarantine.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=pgettext_lazy("reading", "decided by"),
    )
    decided_at = models.DateTimeField(pgettext_lazy("reading", "decided at"), null=True)

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined reading")
        verbose_name_plural = _("quarantined readings")
        default_permissions = ("view",)
        permissions = [("decide_quarantinedreading", "decide")]
        constraints = [
            models.UniqueConstraint(fields=["card", "day", "read_at"], name="one_quarantined_reading_per_instant"),
            models.UniqueConstraint(
                fields=["card", "day"],
                name="one_quarantined_reading_waits",
                condition=models.Q(status=Quarantine.WAITING),
            ),
        ]
        indexes = [models.Index(fields=["id"], name="quarantine_waiting", condition=models.Q(status="waiting"))]

    def __str__(self) -> str:
        return f"{self.card_id} {self.day}"

    @property
    def is_waiting(self) -> bool:
        return self.status == Quarantine.WAITING
