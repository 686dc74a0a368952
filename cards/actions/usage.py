"""Usage readings: which of them count, and what they cause (`domain.md`, "Usage").

A reading belongs to its own day; what it causes takes effect on that day or on the day of the card's last event,
whichever is later. Bytes of a cycle that is over on the day on which they are told are history.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.utils import timezone

from cards import rules
from cards.actions.bulk import insert_rows, update_rows
from cards.actions.last_words import last_words
from cards.actions.set_aside import Quarantined
from cards.actions.write import Signature, Work, change
from cards.calendar import civil_today, cycle_start
from cards.choices import Action
from cards.kept import first_day_told
from cards.models import CardEvent, PolicyBook, UsageDay, UsageTally

DAY_COLUMNS = ("card_id", "day", "bytes", "read_at", "imei")
NOTHING_KNOWN = (None, None, 0, None, "")
BEGINS_A_COUNT = (Action.ADOPT, Action.ROLL_OVER)  # with holds that may be older than what is counted then


@dataclass(slots=True)
class Reading:
    """A card's total bytes on one civil day, as known at `read_at`; `imei` is the device it was seen in, if known."""

    card_id: int
    day: date
    bytes: int
    read_at: datetime
    imei: str = ""


def apply_readings(readings, at=None, told_on=None, is_trusted=False):
    """Take readings of any cards and apply what they cause, in one transaction.

    `told_on` is the civil day on which the portal is told: that of `at`, or else today, if nobody says another. Of
    trusted readings somebody has said that they are right, however large. Returns the number of readings `created`,
    `updated`, `stale`, `refused` and `quarantined`, and the outcomes of their cards.
    """
    work = Metering(readings, told_on or (timezone.localdate(at) if at else civil_today()), is_trusted)
    outcomes = change(work.readings, work, Signature() if at is None else Signature(at=at))
    return work.counts, outcomes


class Metering(Work):
    """The work of taking readings, told on one civil day: each card's in the order of their days."""

    def __init__(self, readings, told_on, is_trusted=False):
        self.told_on, self.first_day = told_on, first_day_told(told_on)
        self.readings = defaultdict(list)
        for reading in sorted(readings, key=lambda reading: reading.day):
            self.readings[reading.card_id].append(reading)
        self.policies = PolicyBook.read()
        self.is_trusted = is_trusted
        self.counts = Counter()

    def load(self, cards):
        days = {reading.day for card in cards for reading in self.readings[card.pk]}
        known = UsageDay.objects.filter(card_id__among=[card.pk for card in cards], day__in=days)
        self.known = {(row[0], row[1]): row for row in known.values_list(*DAY_COLUMNS)}
        self.before, self.kept = set(self.known), {}
        self.quarantine = Quarantined(cards, days)
        self.counted, self.totals = Counter(), defaultdict(Counter)
        self.carried = self._carried_holds(cards)

    def steps(self, card):
        news = list(self._news(card))
        if card.parked or not news:
            return
        told_on = max(self.told_on, card.changed_on, *(reading.day for reading, _added in news))
        withdrawn = set()
        for reading, added in _in_order(card, news, told_on):
            if added < 0:
                withdrawn.update(rules.reached(card))
            yield from self._apply(card, reading, added, told_on)
        if withdrawn := withdrawn.difference(self.carried[card.pk], rules.reached(card)):
            yield from rules.catch_up(card, told_on, self.policies)
            for hold in filter(withdrawn.__contains__, filter(card.has_hold, rules.RESTS_ON)):
                yield rules.lift_withdrawn(card, hold, told_on, self.policies)

    def save(self):
        new = [row for key, row in self.kept.items() if key not in self.before]
        insert_rows(UsageDay, DAY_COLUMNS, new)
        changed = [row for key, row in self.kept.items() if key in self.before]
        update_rows(UsageDay, DAY_COLUMNS[2:], changed, key=DAY_COLUMNS[:2])
        self.quarantine.save()
        UsageTally.objects.bulk_create(UsageTally(day=day, **grown) for day, grown in self.totals.items())
        self.counts += self.counted

    def _news(self, card):
        """The readings of a card that count, one a day, and the bytes that each adds to its day."""
        for _day, told in groupby(self.readings[card.pk], key=lambda reading: reading.day):
            for reading in self._last_words(card, list(told)):
                added = self._keep(reading)
                if added is not None:
                    yield reading, added

    def _last_words(self, card, told):
        """What the readings of one day come to: the last that is plausible, if any; one in quarantine is set aside."""
        most = None if self.is_trusted else self.policies.most_bytes_a_day(card.carrier, told[0].day)
        words = last_words(told, most)
        self.counted["refused"] += words.contradicting
        self.counted["stale"] += words.replaced
        for reading in words.said:
            if most is not None and reading.bytes > most:
                self._set_aside(reading)
            else:
                yield reading

    def _set_aside(self, reading):
        outcome = self._already_said(reading) or self.quarantine.already_said(reading)
        if not outcome:
            self.quarantine.add(reading)
        self.counted[outcome or "quarantined"] += 1

    def _already_said(self, reading):
        """What is to be counted of a reading of a day of which as much, or more, is known, or nothing is kept any more;
        nothing if it is news.
        """
        if reading.day < self.first_day:
            return "stale"
        _, _, known_bytes, known_at, _ = self.known.get((reading.card_id, reading.day), NOTHING_KNOWN)
        if known_at == reading.read_at and known_bytes != reading.bytes:
            return "refused"
        return "stale" if known_at and known_at >= reading.read_at else ""

    def _keep(self, reading):
        """Note the reading unless as much is known; the bytes that it adds to its day, or None when it is no news."""
        key = reading.card_id, reading.day
        known = self.known.get(key)
        _, _, known_bytes, _, _ = known or NOTHING_KNOWN
        outcome = self._already_said(reading) or (self.quarantine.contradicts(reading) and "refused")
        if outcome:
            self.counted[outcome] += 1
            return None
        self.quarantine.end(reading)
        self.counted["updated" if known else "created"] += 1
        self.known[key] = self.kept[key] = (*key, reading.bytes, reading.read_at, reading.imei)
        added = reading.bytes - known_bytes
        self.totals[reading.day].update(bytes=added, readings=0 if known else 1)
        return added

    def _apply(self, card, reading, added, told_on):
        yield from rules.catch_up(card, max(reading.day, card.changed_on), self.policies)
        card.read_at = max(card.read_at or reading.read_at, reading.read_at)
        self._turn_meter(card, told_on)
        if card.is_over:
            _note_stray_usage(card, reading, added)
            return
        if reading.imei:
            card.hears_of_device(reading.imei, reading.day)
        if reading.day >= card.meter_from and not (card.is_in_service and card.cycle_is_over(told_on)):
            yield from self._count(card, reading, added, told_on)
        else:
            yield from rules.catch_up(card, max(reading.day, card.changed_on), self.policies)

    def _count(self, card, reading, added, told_on):
        day, last_used_on = max(reading.day, card.changed_on), card.used_on
        if card.is_in_test:  # which does not end before a day that was counted already
            day = max(day, last_used_on or day)
        card.used_bytes, card.used_on = max(card.used_bytes + added, 0), day
        if card.is_silent and card.used_bytes:
            yield self._first_use(card, reading, told_on)
        yield from rules.catch_up(card, day, self.policies)
        card.used_on = max(day, last_used_on or day) if reading.bytes else last_used_on

    def _first_use(self, card, reading, told_on):
        """Rule 3, on the reading's own day, however late; the meter then stands where it stands today."""
        change = rules.due(card, card.used_on)
        rules.perform(card, change, self.policies)
        if card.term_runs and (card.cycle_is_over(told_on) or self._is_of_a_cycle_before(card, reading)):
            card.used_bytes = 0
            self._turn_meter(card, told_on)
        rules.settle(card, change.on)
        return change

    def _is_of_a_cycle_before(self, card, reading):
        policy = self.policies.in_force(card.carrier, card.cycle_from)
        return reading.day < cycle_start(card.cycle_from, policy.cycle_day)

    def _turn_meter(self, card, day):
        """A cycle that is over on `day` is over, also where nothing is recorded of its end."""
        if card.term_runs and card.cycle_is_over(day):
            card.move_meter(day, self.policies.in_force(card.carrier, day))

    def _carried_holds(self, cards):
        """The holds from before the running cycle, of cards for which readings take something back: by their keys."""
        held = {card.pk: set(filter(card.has_hold, rules.RESTS_ON)) for card in cards if self._takes_back(card)}
        held = {card_id: holds for card_id, holds in held.items() if holds}
        carried, seen = defaultdict(set), set()
        records = CardEvent.objects.filter(card__among=list(held)).order_by("card_id", "-seq") if held else ()
        for record in records:
            if record.card_id not in seen:
                held[record.card_id].intersection_update(record.hold_list)
                if record.action in BEGINS_A_COUNT or "anew" in record.evidence:
                    seen.add(record.card_id)
                    carried[record.card_id] = held[record.card_id]
        return carried

    def _takes_back(self, card):
        known = ((self.known.get((card.pk, reading.day)), reading) for reading in self.readings[card.pk])
        return any(row and reading.bytes < row[2] for row, reading in known)


def _in_order(card, news, told_on):
    """By their days; but where nothing is due, what is taken back comes first, so that nothing is stopped in vain."""
    if card.next_due_on and card.next_due_on <= told_on:
        return news
    return sorted(news, key=lambda item: item[1] >= 0)


def _note_stray_usage(card, reading, added):
    """Usage of a card that has no service: the carrier has not stopped what should be stopped."""
    ended_by_hand = card.service_until is None or card.cancel_on < card.service_until
    without_service_from = card.cancel_on + timedelta(days=1) if ended_by_hand else card.service_until
    if added > 0 and reading.day >= without_service_from:
        card.stray_usage_on = max(card.stray_usage_on or reading.day, reading.day)
