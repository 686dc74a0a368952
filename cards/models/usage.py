from django.db import models
from django.utils.translation import gettext_lazy as _


class UsageDay(models.Model):
    """A card's total bytes on one civil day, as known at `read_at` (`domain.md`, "Usage")."""

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
    imei = models.CharField(_("IMEI"), max_length=15, blank=True)

    class Meta:
        verbose_name = _("usage day")
        verbose_name_plural = _("usage days")
        constraints = [
            models.UniqueConstraint(fields=["card", "day"], name="one_reading_per_card_and_day"),
            models.CheckConstraint(condition=models.Q(bytes__gte=0), name="usage_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.day}"
