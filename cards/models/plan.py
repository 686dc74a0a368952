from datetime import date
from functools import cached_property

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cards.calendar import add_months, cycle_start
from cards.choices import Alignment, PlanKind
from cards.models.fields import CharField
from cards.phrases import noted, pair
from cards.quantities import volume

PERIODS = {
    1: _("Monthly plan"),
    3: _("Quarterly plan"),
    6: _("Half-yearly plan"),
    12: _("Yearly plan"),
}
LONGEST_MONTHS = 240


class Plan(models.Model):
    """A data plan or an add-on pack as a technical thing: how long, how aligned, how much. Prices live elsewhere."""

    code = CharField(
        _("code"),
        max_length=32,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]*$", _("Capital letters, digits and hyphens only."))],
    )
    name = CharField(_("name"), max_length=64, blank=True)
    kind = CharField(_("kind"), max_length=4, choices=PlanKind, default=PlanKind.PLAN)
    months = models.PositiveSmallIntegerField(
        _("months"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MONTHS)]
    )
    alignment = CharField(_("alignment"), max_length=11, choices=Alignment, blank=True)
    quota_mb = models.PositiveIntegerField(_("allowance per cycle (MB)"), validators=[MinValueValidator(1)])
    is_sold = models.BooleanField(_("on sale"), default=True)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["kind", "code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind=PlanKind.PACK, months=None, alignment="")
                | (models.Q(kind=PlanKind.PLAN, months__gte=1) & ~models.Q(alignment="")),
                name="plan_has_months_and_pack_has_none",
                violation_error_message=_("A plan has months and an alignment; an add-on pack has neither."),
            )
        ]

    def __str__(self) -> str:
        """What people call it, and the code that files and carriers have for it."""
        return noted(self.title, self.code)

    @property
    def title(self) -> str:
        """What people call it: its name, or else what it is."""
        return self.name or self.description

    @property
    def description(self) -> str:
        """What it is, in the reader's language: `Yearly plan 30 MB/month`."""
        quota = volume(self.quota_mb)
        if self.kind == PlanKind.PACK:
            return gettext("Add-on pack {quota}").format(quota=quota)
        months = self.months or 0  # in a form that nobody has filled in yet
        period = PERIODS.get(months) or ngettext("{months}-month plan", "{months}-month plan", months)
        facts = {"period": period.format(months=months), "quota": quota}
        if self.alignment == Alignment.ANNIVERSARY:
            return gettext("{period} {quota}/month, from activation day").format(**facts)
        return gettext("{period} {quota}/month").format(**facts)

    @property
    def offer(self) -> str:
        """How it stands among others to choose from: also what it is, where its name does not say that."""
        return pair(self, self.description) if self.name else str(self)


class PlanBook:
    """The plans by their codes, for records and refusals that name one: read once, if anything asks."""

    @cached_property
    def _plans(self) -> dict[str, Plan]:
        return {plan.code: plan for plan in Plan.objects.all()}

    def get(self, code: str) -> Plan | None:
        return self._plans.get(code)

    def named(self, code: str) -> str:
        """What people call it, with its code; the code alone of a plan that is no more."""
        return str(self.get(code) or code)


def service_until(
    starts_on: date, months: int, alignment: str, cycle_day: int, anniversary_day: int | None = None
) -> date:
    """The exclusive end of a term of `months` that starts on `starts_on` (rule 5).

    `anniversary_day` is the day of the month on which the chain of anniversary terms began that this one continues.
    """
    if alignment == Alignment.ANNIVERSARY:
        return add_months(starts_on, months, anniversary_day)
    return add_months(cycle_start(starts_on, cycle_day), months)
