"""Usage readings: which of them count, and what they cause (`domain.md`, "Usage").

A reading belongs to its own day; what it causes takes effect on that day or on the day of the card's last event,
whichever is later.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cards import rules
from cards.actions.bulk import insert_rows, update_rows
from cards.actions.write import Signature, Work, change
from cards.models import PolicyBook, UsageDay, UsageTally

DAY_COLUMNS = ("card_id", "day", "bytes", "read_at", "imei")
NOTHING_KNOWN = (None, None, 0, None, "")


@dataclass(slots=True)
class Reading:
    """A card's total bytes on one civil day, as known at `read_at`; `imei` is the device it was seen in, if known."""

    card_id: int
    day: date
    bytes: int
    read_at: datetime
    imei: str = ""


def apply_readings(readings, at=None):
    """Take readings of any cards and apply what they cause, in one transaction.

    Returns the number of readings `created`, `updated` and `stale`, and the outcomes of their cards.
    """
    work = Metering(readings)
    outcomes = change(work.readings, work, Signature() if at is None else Signature(at=at))
    return work.counts, outcomes


class Metering(Work):
    """The work of taking readings: each card's in the order of their days."""

    def __init__(self, readings):
        self.readings = defaultdict(list)
        for reading in sorted(readings, key=lambda reading: (reading.day, reading.read_at)):
            self.readings[reading.card_id].append(reading)
        self.policies = PolicyBook.read()
        self.counts = Counter()

    def load(self, cards):
        days = {reading.day for card in cards for reading in self.readings[card.pk]}
        known = UsageDay.objects.filter(card_id__among=[card.pk for card in cards], day__in=days)
        self.known = {(row[0], row[1]): row for row in known.values_list(*DAY_COLUMNS)}
        self.before, self.kept = set(self.known), {}
        self.counted, self.totals = Counter(), defaultdict(Counter)

    def steps(self, card):
        for reading in self.readings[card.pk]:
            added = self._keep(reading)
            if added is not None and not card.parked:
                yield from self._apply(card, reading, added)

    def save(self):
        new = [row for key, row in self.kept.items() if key not in self.before]
        insert_rows(UsageDay, DAY_COLUMNS, new)
        changed = [row for key, row in self.kept.items() if key in self.before]
        update_rows(UsageDay, DAY_COLUMNS[2:], changed, key=DAY_COLUMNS[:2])
        UsageTally.objects.bulk_create(UsageTally(day=day, **grown) for day, grown in self.totals.items())
        self.counts += self.counted

    def _keep(self, reading):
        """Note the reading unless a later one is known; the bytes that it adds to its day, or None when it is stale."""
        key = reading.card_id, reading.day
        known = self.known.get(key)
        _, _, known_bytes, known_at, _ = known or NOTHING_KNOWN
        if known and known_at >= reading.read_at:
            self.counted["stale"] += 1
            return None
        self.counted["updated" if known else "created"] += 1
        self.known[key] = self.kept[key] = (*key, reading.bytes, reading.read_at, reading.imei)
        added = reading.bytes - known_bytes
        self.totals[reading.day].update(bytes=added, readings=0 if known else 1)
        return added

    def _apply(self, card, reading, added):
        day = max(reading.day, card.changed_on)
        yield from rules.catch_up(card, day, self.policies)
        card.read_at = max(card.read_at or reading.read_at, reading.read_at)
        if card.is_over:
            _note_stray_usage(card, reading, added)
        elif self._counts(card, reading, day):
            card.used_bytes = max(card.used_bytes + added, 0)
            card.used_on = day
            if reading.imei and _shows_the_device(card, reading):
                card.seen_imei = reading.imei
            yield from rules.catch_up(card, day, self.policies)

    def _counts(self, card, reading, day):
        """Whether the meter that runs now is the one that the reading's day belongs to."""
        if card.is_in_test:
            return reading.day >= card.opened_on
        if card.is_silent:
            return reading.day >= (card.test_ended_on or card.opened_on)
        card.move_meter(day, self.policies.in_force(card.carrier, day))
        return card.term_runs and reading.day >= card.cycle_from


def _shows_the_device(card, reading):
    """On the day of a rebind, readings from the old device are still on their way; before it, all are."""
    if card.bound_on is None or reading.day > card.bound_on:
        return True
    return reading.day == card.bound_on and reading.imei != card.previous_imei


def _note_stray_usage(card, reading, added):
    """Usage of a card that has no service: the carrier has not stopped what should be stopped."""
    ended_by_hand = card.service_until is None or card.cancel_on < card.service_until
    without_service_from = card.cancel_on + timedelta(days=1) if ended_by_hand else card.service_until
    if added > 0 and reading.day >= without_service_from:
        card.stray_usage_on = max(card.stray_usage_on or reading.day, reading.day)
