"""Staged usage: what the database takes by itself is what the rules would have done, and nothing is lost or doubled."""

import logging
from collections import Counter
from datetime import date, datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cards import rules
from cards.actions.imports.usage_applying import apply_range, ranges_of
from cards.actions.imports.usage_staging import conclude, open_file
from cards.actions.usage import Reading, apply_readings
from cards.calendar import next_cycle_start
from cards.choices import Binding, Hold, Quarantine, State
from cards.errors import InvariantBroken
from cards.models import (
    Card,
    CardEvent,
    CarrierPolicy,
    DeviceBinding,
    Plan,
    QuarantinedReading,
    QueuedTerm,
    RefusedRow,
    ServiceTerm,
    StagedFile,
    StagedReading,
    StateTally,
    UsageDay,
    UsageTally,
)
from cards.models.card import MB

pytestmark = pytest.mark.django_db

START = date(2026, 1, 20)
PHONE, CAMERA = "490154203237518", "356938035643809"
PHONE_AS_14_DIGITS, PHONE_WITH_ITS_SOFTWARE = "49015420323751", "4901542032375142"
NOON = timezone.make_aware(datetime(2026, 4, 1, 12))
HELD_IN = {
    State.TESTING: [Hold.ANOMALY, Hold.REBIND],
    State.UNUSED: [Hold.ANOMALY, Hold.REAL_NAME],
    State.IN_USE: list(Hold),
}
NEEDED_IN = {
    State.TESTING: ["test_until"],
    State.UNUSED: ["silent_from", "forced_activation_on"],
    State.IN_USE: ["service_from", "service_until", "cycle_until"],
}
CARDS = 100
COUNTED = ("created", "updated", "stale", "quarantined", "refused")
TERABYTE = 2**40


class Chance:
    """Random cards and readings, close to everything that the rules look at.

    Most are calm but for one thing or another, so that it is this one thing that makes the difference.
    """

    def __init__(self, seed):
        self.random = Random(seed)
        self.calm = 0
        self.upset = set()

    def of(self, usual, *others):
        return usual if self.random.random() < self.calm else self.random.choice((usual, *others))

    def once_in(self, times):
        return self.random.randrange(times) == 0

    def day(self, first=-30, last=45):
        return START + timedelta(days=self.random.randint(first, last))

    def told_on(self):
        """Mostly after all that is told; else what is told later than that is the rules' to take."""
        return START + timedelta(days=self.random.choice([5, 12, 20, 30, 45, 60]))

    def read_at(self):
        return NOON + timedelta(hours=self.random.randint(0, 12))

    def policies(self):
        CarrierPolicy.objects.filter(carrier="cmcc").update(cycle_day=self.of(1, 15, 27))
        changed = {"carrier": "cmcc", "cycle_day": self.of(1, 2, 20), "restores_credit": self.of(True, False)}
        CarrierPolicy.objects.create(valid_from=self.day(0, 40), ends_packs=self.of(True, False), **changed)
        CarrierPolicy.objects.filter(carrier="cucc").update(valid_from=self.day(-20, 20))

    def card(self, number, plan):
        self.calm = self.random.choice([0.5, 0.9, 0.97])
        phase = self.random.choice(["testing", "unused", *["in_use"] * 6, self.of("in_use", "shut_down")])
        card = Card(iccid=f"8986{number:016d}", carrier=self.of("cmcc", "cucc"), plan=plan, state=phase)
        card.certification, card.real_name = self.of("enterprise", "individual"), self.of("approved", "none")
        card.opened_on, card.changed_on = self.day(-60, -30), self.of(self.day(-30, -20), self.day(-20, 5))
        card.test_quota_mb, card.test_until = 5, self.of(self.day(60, 90), self.day(0, 60))
        card.forced_activation_on = self.of(self.day(60, 90), self.day(0, 60))
        card.test_ended_on, card.silent_from = self.of(None, card.opened_on, self.day()), card.opened_on
        card.counted_from = self.of(None, self.day(-30, 10))
        self._stop(card)
        if phase in ("in_use", "shut_down"):
            self._serve(card)
        self._fill_meter(card)
        card.used_on = card.changed_on
        self._put_into_a_device(card)
        card.version = self.random.randint(1, 5)
        card.read_at = self.of(NOON - timedelta(days=self.random.randint(0, 60)), None)
        return self._upset(self._settled(card))

    def _stop(self, card):
        kinds = HELD_IN.get(card.state, [])
        if kinds and self.of(False, True):
            held = {self.random.choice(kinds), self.random.choice(kinds)}
            card.holds = ",".join(hold for hold in Hold.values if hold in held)
            card.__dict__.update(resumes_to=card.state, state="suspended")

    def _serve(self, card):
        card.service_from, card.term_number = self.day(-30, 0), 1
        card.service_until, card.cancel_on = self.of(self.day(60, 400), self.day(-10, 60)), self.day(60, 100)
        card.quota_mb, card.pack_mb = self.of(30, 0, 1, 2_000_000_000), self.of(0, 10)
        card.limit_mb, card.limit_waived = self.of(None, 1, 20, 2_000_000_000), self.of(False, True)
        card.cycle_from = self.of(date(2026, self.random.randint(1, 2), 1), self.day(-30, 10))
        card.cycle_until = next_cycle_start(card.cycle_from, self.of(1, 15, 27))
        if card.state == State.SHUT_DOWN:
            card.cycle_from = card.cycle_until = None
        elif self.of(False, True):
            card.changed_on = card.cycle_until + timedelta(days=2)
        elif self.of(False, True):
            card.queue = [QueuedTerm(2, "Y1-30", 1, "calendar", 100)]

    def _fill_meter(self, card):
        full = card.allowance_bytes or 5 * MB
        card.used_bytes = self.of(self.random.randint(0, MB), 0, full * 8 // 10 - 1, full * 8 // 10, full - 1, full)
        if card.phase == State.UNUSED:
            card.used_bytes = self.of(0, 1)

    def _put_into_a_device(self, card):
        card.binding = self.of(self.random.choice(Binding.values), *Binding.values)
        phones = PHONE, PHONE_AS_14_DIGITS, PHONE_WITH_ITS_SOFTWARE
        card.seen_imei, card.bound_imei = self.of(*phones, ""), self.of(*phones, "", CAMERA)
        card.previous_imei, card.bound_on = self.of("", *phones), self.of(None, self.day())
        card.seen_on = self.of(card.changed_on, self.day()) if card.seen_imei and not self.once_in(5) else None

    def _settled(self, card):
        """As the write path leaves a card: it keeps the level, and the day on which something is due next."""
        card.usage_level = int(card.level)
        card.next_due_on = rules.upcoming(card).on
        if card.next_due_on > card.used_on:  # nothing that usage causes waits to be done
            card.used_on = self.of(card.used_on, self.day(0, 30))
        return card

    def _upset(self, card):
        """Facts that contradict each other, and cards that have been set aside for such."""
        if self.once_in(12) and card.phase in NEEDED_IN:
            self.upset.add(card.iccid)
            setattr(card, self.random.choice(NEEDED_IN[card.phase]), None)
        if self.once_in(25):
            card.parked = InvariantBroken("no_cycle").written()
        return card

    def readings(self, card):
        """No reading of a card that will be parked counts; so that none is stale or refused, its days are told once."""
        imei, told_days = self.of(card.seen_imei, "", PHONE, CAMERA), set()
        for _ in range(self.random.choice([0, 1, 1, 2, 3, 4])):
            full = card.test_quota_bytes if card.phase == State.TESTING else card.allowance_bytes
            left = min(max(full - card.used_bytes, 1), 2**50)
            idle = 0 if card.phase == State.UNUSED else self.random.randint(0, MB)
            large = self.of(TERABYTE, TERABYTE + 1, 2 * TERABYTE)
            usual = self.of(idle, 0, 1, 5 * MB, 20 * MB, left - 1, left, left * 8 // 10)
            used = left if self.once_in(12) else large if self.once_in(25) else usual
            edges = (card.cycle_until or START, card.changed_on, card.opened_on, card.test_ended_on or START)
            day = self.of(self.day(0, 30), self.day(), *edges)
            if card.iccid in self.upset and day in told_days:
                continue
            told_days.add(day)
            told = self.of(imei, "", PHONE, CAMERA, PHONE_AS_14_DIGITS, PHONE_WITH_ITS_SOFTWARE)
            yield Reading(card.pk, day, used, self.read_at(), told)

    def known(self, card, readings):
        """Days of the card that are known before: earlier, later, at the same instant."""
        for day in {reading.day for reading in readings if self.once_in(4) and card.iccid not in self.upset}:
            read_at = self.of(NOON - timedelta(hours=1), self.read_at())
            yield UsageDay(card=card, day=day, bytes=self.of(0, 1, MB), read_at=read_at, imei="")

    def quarantined(self, card, readings):
        """Days of the card of which a reading is in quarantine, or was."""
        for day in {reading.day for reading in readings if self.once_in(20) and card.iccid not in self.upset}:
            status = self.of(Quarantine.WAITING, Quarantine.DROPPED)
            told = {"bytes": 2 * TERABYTE, "read_at": self.read_at(), "told_at": NOON, "status": status}
            yield QuarantinedReading(card=card, day=day, **told)


def lay_in(chance):
    """A fleet of random cards, and readings of them in random order."""
    plan = Plan.objects.get(code="Y1-30")
    chance.policies()
    cards = [chance.card(number, plan) for number in range(CARDS)]
    for card, made in zip(cards, Card.objects.bulk_create(cards), strict=True):
        card.pk = made.pk
    ServiceTerm.objects.bulk_create(
        ServiceTerm(card=card, bought_on=START, **term._asdict() | {"plan": plan})
        for card in cards
        for term in card.queue
    )
    readings = {card: list(chance.readings(card)) for card in cards}
    UsageDay.objects.bulk_create(day for card in cards for day in chance.known(card, readings[card]))
    QuarantinedReading.objects.bulk_create(row for card in cards for row in chance.quarantined(card, readings[card]))
    everything = [reading for of_card in readings.values() for reading in of_card]
    chance.random.shuffle(everything)
    return everything


def staged(readings, told_on=None):
    file = open_file()
    StagedFile.objects.filter(pk=file.pk).update(told_on=told_on)
    StagedReading.objects.bulk_create(
        StagedReading(
            file=file,
            number=number,
            **{name: getattr(reading, name) for name in ("card_id", "day", "bytes", "read_at", "imei")},
        )
        for number, reading in enumerate(readings)
    )
    conclude(file)
    return file


def rows(model, *but):
    names = [field.attname for field in model._meta.concrete_fields if field.attname not in ("id", *but)]
    return sorted(model.objects.values_list(*names), key=repr)


def everything_known():
    days = UsageTally.objects.values_list("day").annotate(Sum("bytes"), Sum("readings")).order_by("day")
    states = StateTally.objects.values_list("day", "action", "state", "holds").annotate(cards=Sum("cards"))
    return {
        "cards": list(Card.objects.order_by("pk").values()),
        "usage days": rows(UsageDay),
        "quarantine": rows(QuarantinedReading, "told_at"),
        "events": rows(CardEvent, "executed_at"),
        "terms": rows(ServiceTerm),
        "devices": rows(DeviceBinding, "bound_at"),
        "usage tallies": list(days),
        "state tallies": sorted((tally for tally in states if tally[-1]), key=repr),
    }


def after(apply):
    """What is known after something was done that is then undone."""
    with transaction.atomic():
        counts = apply()
        known = everything_known()
        transaction.set_rollback(True)
    return counts, known


def by_the_rules(readings, told_on):
    counts, _outcomes = apply_readings(readings, told_on=told_on)
    return {name: counts[name] for name in COUNTED}


def from_staging(readings, at_once, told_on):
    file = staged(readings, told_on)
    counts = Counter(stale=file.stale, refused=RefusedRow.objects.filter(file=file, is_warning=False).count())
    for cards in ranges_of(file, at_once):
        taken = apply_range(file, cards)
        counts += taken.counts + Counter(refused=len(taken.refused))
    return {name: counts[name] for name in COUNTED}


@given(st.integers(0, 2**32), st.sampled_from([20, 10_000]))
@settings(deadline=None, max_examples=10, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_what_the_database_takes_by_itself_is_what_the_rules_would_have_done(seed, at_once):
    logging.disable(logging.ERROR)
    with transaction.atomic():
        chance = Chance(seed)
        readings, told_on = lay_in(chance), chance.told_on()
        wanted, expected = after(lambda: by_the_rules(readings, told_on))
        counts, known = after(lambda: from_staging(readings, at_once, told_on))
        for kind, found in known.items():
            assert found == expected[kind], (seed, kind)
        assert counts == wanted
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
