"""What a row of the card list says about a card: what it shows, what it has used, and what comes next."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from cards.calendar import last_day
from cards.choices import State
from cards.columns.next_day import NEXT_DAY, RENEWED
from cards.quantities import per_cent

SOON_DAYS = 30
LOW_PER_CENT = 80


@dataclass(frozen=True)
class Usage:
    """Used of how much, and how it looks."""

    used_bytes: int
    quota_bytes: int
    per_cent: int
    tone: str


@dataclass(frozen=True)
class MeterInRow:
    """The meter in a row, as of an instant some `days` from today; None when nothing was read yet."""

    usage: Usage
    read_at: datetime | None
    days: int | None


@dataclass(frozen=True)
class Shown:
    """The state or hold that is shown, and whether the card is set aside."""

    code: str
    is_parked: bool


@dataclass(frozen=True)
class Next:
    """The day that matters next, what it is, and how many days away."""

    day: date
    label: str
    days: int
    is_soon: bool


def shown_of(card):
    return Shown(card.shown, bool(card.parked))


def used_of(card, day):
    """What the row says of the card's usage, or None while no meter runs."""
    usage = usage_of(card, day)
    if usage is None:
        return None
    days = (timezone.localdate(card.read_at) - day).days if card.read_at else None
    return MeterInRow(usage, card.read_at, days)


def next_of(card, day):
    """What the row says of the day that matters next, or None if there is none; a renewed card needs nobody soon.

    Whether it is renewed was read with the card, as `has_next_term`.
    """
    next_day, label = next_day_of(card)
    if next_day is None:
        return None
    days, renewed = (next_day - day).days, RENEWED.get(card.phase) if card.has_next_term else None
    is_soon = days <= SOON_DAYS and not (card.is_final or renewed)
    return Next(next_day, renewed or label, days, is_soon)


def usage_of(card, day):
    """The card's meter as a bar, or None while none runs."""
    if card.term_runs and card.cycle_until is None:
        return None  # A card that contradicts itself is shown all the same, for somebody to see.
    meter = card.meter(day)
    if meter.quota_bytes is None:
        return None
    share = per_cent(meter.used_bytes, meter.quota_bytes)
    tone = "is-out" if share == 100 else "is-low" if share >= LOW_PER_CENT else ""
    return Usage(meter.used_bytes, meter.quota_bytes, share, tone)


def next_day_of(card):
    """The day that matters next on the card and what it is: `(2026-12-31, "last day of service")`."""
    name, label = NEXT_DAY.get(card.phase, ("", ""))
    if not name:  # a state that only a later version knows
        return None, ""
    day = getattr(card, name)
    if day and name.endswith("_until"):
        day = last_day(day)
    if day is None:
        # In use without a term: it waits for the real-name check, at the longest until it is forced active.
        day, label = card.forced_activation_on, NEXT_DAY[State.UNUSED][1]
    return day, label
