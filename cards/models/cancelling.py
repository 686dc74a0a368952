from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class CancellingRules(models.Model):
    """How many cards one person may cancel alone; one row, kept in the admin.

    Within `days` days, today the last of them, it may be `most_alone` cards; more takes a second person, who has
    `approval_days` for it.
    """

    most_alone = models.PositiveIntegerField(_("cards one person may cancel alone"), default=100)
    days = models.PositiveSmallIntegerField(
        _("added up over (days)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    approval_days = models.PositiveSmallIntegerField(
        _("approval period (days)"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )

    class Meta:
        verbose_name = _("cancellation settings")
        verbose_name_plural = _("cancellation settings")
        default_permissions = ("change", "view")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="rules_of_cancelling_are_one_row")]

    def __str__(self) -> str:
        return str(_("Cancellation settings"))

    @classmethod
    def read(cls) -> Self:
        return cls.objects.get()
