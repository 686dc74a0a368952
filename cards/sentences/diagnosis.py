"""“My card does not work”: what is looked at, one after the other, what is found, and what is kept of it as evidence.

Pure, on a card as it is now: each check has a finding and a sentence for the customer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.calendar import last_day
from cards.choices import Binding, Certification, RealName, UsageLevel
from cards.models import Card
from cards.quantities import megabytes
from cards.sentences.customer_text import describe, reasons_text


class Finding(TextChoices):
    GOOD = "good", gettext_lazy("All right")
    BAD = "bad", gettext_lazy("Something is wrong")
    UNCLEAR = "unclear", gettext_lazy("Unclear")


class Subject(TextChoices):
    """What is looked at, in this order."""

    STATE = "state", gettext_lazy("Card state")
    HOLDS = "holds", gettext_lazy("Suspension")
    ALLOWANCE = "allowance", gettext_lazy("Data left")
    TERM = "term", pgettext_lazy("service", "Term")
    DEVICE = "device", gettext_lazy("Device")
    REAL_NAME = "real_name", gettext_lazy("ID verification")
    DATA_AGE = "data_age", gettext_lazy("Carrier data")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what was found."""

    subject: Subject
    finding: Finding
    sentence: str


def diagnose(card: Card, day: date, late_after_days: int) -> list[Check]:
    """Every check, in order; the carrier's last reading is too old for a card in use after so many days."""
    return [
        Check(Subject.STATE, *_state(card)),
        Check(Subject.HOLDS, *_holds(card)),
        Check(Subject.ALLOWANCE, *_allowance(card, day)),
        Check(Subject.TERM, *_term(card)),
        Check(Subject.DEVICE, *_device(card)),
        Check(Subject.REAL_NAME, *_real_name(card)),
        Check(Subject.DATA_AGE, *_data_age(card, day, late_after_days)),
    ]


def evidence_now(card: Card, checks: Iterable[Check], day: date) -> dict[str, Any]:
    """What the portal knows of the card now, in codes and plain values, to be kept with a request."""
    meter = card.meter(day)
    facts = {
        "state": card.state,
        "holds": list(card.hold_list),
        "real_name": card.real_name,
        "used_bytes": meter.used_bytes,
        "allowance_bytes": meter.quota_bytes,
        "limit_mb": card.limit_mb,
        "service_until": card.service_until and str(card.service_until),
        "cancel_on": card.cancel_on and str(card.cancel_on),
        "imei": card.seen_imei,
        "bound_imei": card.bound_imei,
    }
    return {
        "facts": {name: value for name, value in facts.items() if value not in (None, "", [])},
        "checks": [[str(check.subject), str(check.finding)] for check in checks],
        "read_at": card.read_at and card.read_at.isoformat(),
        "version": card.version,
    }


def _state(card: Card) -> tuple[Finding, str]:
    if card.parked or card.is_over:
        return Finding.BAD, describe(card).sentence
    return Finding.GOOD, _("The card is neither shut down nor cancelled.")


def _holds(card: Card) -> tuple[Finding, str]:
    if card.hold_list and not card.is_over:
        return Finding.BAD, _("The card is suspended: {reasons}.").format(
            reasons=reasons_text(card.hold_list, card.real_name)
        )
    return Finding.GOOD, _("The card is not suspended.")


def _allowance(card: Card, day: date) -> tuple[Finding, str]:
    meter = card.meter(day)
    if meter.quota_bytes is None:
        return Finding.GOOD, _("No usage is counted: there is no current term.")
    amounts = {"used": megabytes(meter.used_bytes), "of": megabytes(meter.quota_bytes)}
    if meter.used_bytes >= meter.quota_bytes:
        return Finding.BAD, _("All data is used up: {used} of {of} MB.").format(**amounts)
    if meter.used_bytes * 100 >= meter.quota_bytes * UsageLevel.LOW:
        return Finding.UNCLEAR, _("Little data is left: {used} of {of} MB used.").format(**amounts)
    return Finding.GOOD, _("Data is left: {used} of {of} MB used.").format(**amounts)


def _term(card: Card) -> tuple[Finding, str]:
    if card.is_over:
        return Finding.BAD, _("Its service has ended.")
    if card.term_runs and card.service_until:
        return Finding.GOOD, _("Its service runs; the last day is {day}.").format(day=last_day(card.service_until))
    return Finding.GOOD, _("Its term has not started yet.")


def _device(card: Card) -> tuple[Finding, str]:
    if card.binding == Binding.NONE:
        return Finding.GOOD, _("The card can be used in any device.")
    if card.is_in_another_device:
        sentence = _("It was last seen in device {seen}, but is bound to {bound}.")
        return Finding.BAD, sentence.format(seen=card.seen_imei, bound=card.bound_imei)
    if card.bound_imei:
        return Finding.GOOD, _("It is bound to device {bound} and does not work in any other.").format(
            bound=card.bound_imei
        )
    return Finding.GOOD, _("It will be bound to the first device it is used in.")


def _real_name(card: Card) -> tuple[Finding, str]:
    if card.certification == Certification.ENTERPRISE:
        return Finding.GOOD, _("The card needs no ID verification.")
    if not card.lacks_real_name:
        return Finding.GOOD, _("The ID verification is approved.")
    if card.real_name == RealName.SUBMITTED:
        return Finding.UNCLEAR, _("ID verification was submitted, and your dealer is reviewing it.")
    return Finding.BAD, _("The ID is not verified yet.")


def _data_age(card: Card, day: date, late_after_days: int) -> tuple[Finding, str]:
    if card.read_at is None:
        return Finding.UNCLEAR, _("The carrier has not reported any usage yet.")
    read_on = localdate(card.read_at)
    sentence = _("The carrier last reported usage on {day}.").format(day=read_on)
    is_late = card.term_runs and read_on < day - timedelta(days=late_after_days)
    return (Finding.UNCLEAR if is_late else Finding.GOOD), sentence
