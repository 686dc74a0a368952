from django.db import models
from django.utils.translation import gettext_lazy as _


class SweptDay(models.Model):
    """A civil day whose rules have been, or are being, applied. No row: the day still has to be swept."""

    day = models.DateField(_("day"), primary_key=True)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    braked_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    released_by = models.CharField(_("released by"), max_length=150, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    counts = models.JSONField(_("changes by rule"), default=dict)

    class Meta:
        verbose_name = _("nightly sweep")
        verbose_name_plural = _("nightly sweeps")
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)

    @property
    def changes(self) -> int:
        return sum(self.counts.values())
