from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.calendar import add_months, first_of_month, first_of_next_month
from cards.choices import Carrier, ForcedMode, Hold
from cards.errors import InvariantBroken
from cards.models.fields import CharField


class CarrierPolicy(models.Model):
    """The numbers by which a carrier's cards live, from a day on (`domain.md`, "Rules, one by one").

    A policy is never edited once it is in force: a change is a new row with a later `valid_from`. Dates that a card
    already carries stay; what is reckoned from `valid_from` on uses the new numbers.
    """

    carrier = CharField(_("carrier"), max_length=4, choices=Carrier)
    valid_from = models.DateField(_("valid from"))
    forced_mode = CharField(_("forced activation"), max_length=13, choices=ForcedMode, default=ForcedMode.MONTHS)
    silent_months = models.PositiveSmallIntegerField(
        _("silent months"), default=6, validators=[MinValueValidator(1), MaxValueValidator(36)]
    )
    silent_days = models.PositiveSmallIntegerField(
        _("silent days"), default=360, validators=[MinValueValidator(1), MaxValueValidator(1100)]
    )
    silent_from_opening = models.BooleanField(_("silent period starts at opening"), default=False)
    cycle_day = models.PositiveSmallIntegerField(
        _("first day of the cycle"), default=1, validators=[MinValueValidator(1), MaxValueValidator(28)]
    )
    renewal_days = models.PositiveSmallIntegerField(
        _("grace days for renewal"), default=90, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    rebinds_per_month = models.PositiveSmallIntegerField(_("device changes per month"), default=2)
    cards_per_person = models.PositiveSmallIntegerField(
        _("cards per person"), default=10, validators=[MinValueValidator(1)]
    )
    restores_credit = models.BooleanField(_("next cycle lifts a used-up allowance"), default=True)
    restores_threshold = models.BooleanField(_("next cycle lifts a reached limit"), default=True)
    ends_waiver = models.BooleanField(_("next cycle reinstates a waived limit"), default=True)
    ends_packs = models.BooleanField(_("add-on packs end with the cycle"), default=True)

    most_bytes_a_day = models.BigIntegerField(
        _("most bytes a day"),
        default=2**40,
        db_default=2**40,
        validators=[MinValueValidator(2**20), MaxValueValidator(2**50)],
        help_text=_("What a card can carry in a day. More is quarantined until somebody accepts or drops it."),
    )

    class Meta:
        verbose_name = _("carrier policy")
        verbose_name_plural = _("carrier policies")
        ordering = ["carrier", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["carrier", "valid_from"], name="one_policy_per_carrier_and_day"),
            models.CheckConstraint(condition=models.Q(cycle_day__range=(1, 28)), name="cycle_day_exists_in_each_month"),
        ]

    def __str__(self) -> str:
        return f"{self.get_carrier_display()} {self.valid_from:%Y-%m-%d}"

    def forced_activation_on(self, silent_from: date) -> date:
        """The day on which a card silent since `silent_from` is forced active (rule 4)."""
        if self.forced_mode == ForcedMode.DAYS:
            return silent_from + timedelta(days=self.silent_days)
        if self.forced_mode == ForcedMode.OPENING_MONTH:
            return add_months(first_of_month(silent_from), self.silent_months)
        return first_of_next_month(add_months(silent_from, self.silent_months))

    def cancel_on(self, service_until: date) -> date:
        """The day on which a card without service since `service_until` is cancelled (rule 7)."""
        return service_until + timedelta(days=self.renewal_days)

    def restores(self, hold: str) -> bool:
        """Whether a hold of this kind is lifted by the next cycle (rule 6); it is where the policy has no say in it."""
        said: dict[str, bool] = {Hold.CREDIT: self.restores_credit, Hold.THRESHOLD: self.restores_threshold}
        return said.get(hold, True)


class PolicyBook:
    """All carrier policies, read once: which one is in force for a carrier on a day."""

    def __init__(self, policies: Iterable[CarrierPolicy]) -> None:
        self._dated: dict[str, tuple[list[date], list[CarrierPolicy]]] = {}
        for policy in sorted(policies, key=lambda policy: policy.valid_from):
            days, rows = self._dated.setdefault(policy.carrier, ([], []))
            days.append(policy.valid_from)
            rows.append(policy)

    @classmethod
    def read(cls) -> Self:
        return cls(CarrierPolicy.objects.order_by())

    def most_bytes_a_day(self, carrier: str, day: date) -> int | None:
        """How much a card of `carrier` can carry on `day`; None where no policy says so."""
        try:
            return self.in_force(carrier, day).most_bytes_a_day
        except InvariantBroken:
            return None

    def cycle_day(self, carrier: str, day: date) -> int:
        """On which day of the month a cycle of `carrier` began on `day`: the first, before its first policy."""
        try:
            return self.in_force(carrier, day).cycle_day
        except InvariantBroken:
            return 1

    def in_force(self, carrier: str, day: date) -> CarrierPolicy:
        """The policy of `carrier` on `day`; `InvariantBroken` when it has none that early."""
        days, rows = self._dated.get(carrier, ([], []))
        index = bisect_right(days, day)
        if not index:
            raise InvariantBroken("no_policy", carrier=carrier, day=day)
        return rows[index - 1]
