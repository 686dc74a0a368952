from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import DayStep
from cards.models.fields import CharField, CountsField
from cards.models.leased import Leased

FAILS_FROM_TRIES = 3  # of a step, one a minute: what passes by itself has passed
MOST_DAYS_UNASKED = 60  # well under the 90 after which a card that is not renewed is cancelled


class SweptDay(models.Model):
    """A civil day whose rules have been, or are being, applied. No row: the day still has to be swept."""

    day = models.DateField(_("day"), primary_key=True)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    braked_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    released_by = CharField(_("released by"), max_length=150, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    counts = CountsField(_("changes by rule"), default=dict)

    class Meta:
        verbose_name = _("nightly sweep")
        verbose_name_plural = _("nightly sweeps")
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)

    @property
    def changes(self) -> int:
        return sum(self.counts.values())


class StepOfDay(models.Model):
    """How far a step of a civil day has come: finished, or failed so often (`tries`) and tried again.

    No row: the step has still to be done, or is done again and again, as the steps of today are. A step that is
    finished is never done again. Where `gave_up` it never succeeded, and the days after it went on without it.
    """

    day = models.DateField(_("day"))
    step = CharField(pgettext_lazy("of a day", "step"), max_length=10, choices=DayStep)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("failed attempts"), default=0)
    gave_up = models.BooleanField(_("gave up"), default=False)

    class Meta:
        verbose_name = _("step of a day")
        verbose_name_plural = _("steps of days")
        ordering = ["-day"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["day", "step"], name="a_step_of_a_day_is_one_row")]

    def __str__(self) -> str:
        return f"{self.day} {self.step}"

    @classmethod
    def left(cls, day: date) -> list[DayStep]:
        """The steps of a day that are not finished, in their order."""
        finished = set(cls.objects.filter(day=day, finished_at__isnull=False).values_list("step", flat=True))
        return [step for step in DayStep if step not in finished]

    @classmethod
    def failing(cls, since: date) -> models.QuerySet["StepOfDay"]:
        """Steps since a day that failed several times and are tried again, or that were given up."""
        fails = models.Q(finished_at=None, tries__gte=FAILS_FROM_TRIES)
        return cls.objects.filter(fails | models.Q(gave_up=True), day__gte=since).order_by("day", "pk")


class DaysAtWork(Leased):
    """Who carries the civil days on at this moment; one row.

    `first_day` is the first day for which more than the sweep is done: before it the portal made no promise to anybody.
    """

    first_day = models.DateField(_("first day"))

    class Meta:
        verbose_name = _("days at work")
        verbose_name_plural = _("days at work")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="days_at_work_are_one_row")]

    def __str__(self) -> str:
        return str(self.first_day)

    @property
    def first_open_day(self) -> date:
        """The first day of which something is left to be done; today, if nothing is left of the days before."""
        finished = StepOfDay.objects.filter(step=list(DayStep)[-1], finished_at__isnull=False)
        last = finished.order_by("-day").values_list("day", flat=True).first()
        return last + timedelta(days=1) if last else self.first_day

    def is_held(self, today: date) -> bool:
        """Whether more days are left than are made up for unasked: rather than the portal having been down for so
        long, the clock may be ahead.
        """
        return (today - self.first_open_day).days > MOST_DAYS_UNASKED
