"""Staged usage files, applied: range by range of cards, each range in one transaction.

The readings of a card are applied together, in the order of their days, wherever in the file they stand, so no range
waits for another. That each is applied once is the caller's care: the chunks of a job are ranges.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cards.actions.imports.temporary_tables import tune_for_bulk
from cards.actions.imports.usage_totals import settle
from cards.actions.imports.usage_uneventful import (
    COUNTED_OUTCOMES,
    THE_LAST_OF_ALL,
    apply_uneventful,
    classify,
    hold_cards,
)
from cards.actions.jobs.engine import NoLongerRead
from cards.actions.lanes import LANES_AT_ONCE
from cards.actions.usage import Reading, apply_readings
from cards.actions.write import CHUNK, chunked
from cards.calendar import civil_today
from cards.models import StagedFile, StagedReading

READINGS_AT_ONCE = {"postgresql": 50_000, "sqlite": 15_000}
APPLIED = (*COUNTED_OUTCOMES, "quarantined")
READING_COLUMNS = ("card_id", "day", "bytes", "read_at", "imei")


class CardRange(NamedTuple):
    """Cards by their keys, both ends included."""

    first: int
    last: int


@dataclass
class Taken:
    """What became of a range: its readings by their outcome, and (row, field, message) of those that were refused."""

    counts: Counter[str]
    refused: list[tuple[int, str, str]]

    @property
    def readings(self):
        return self.counts.total() + len(self.refused)


def ranges_of(file, at_once=None, after=0):
    """All cards with keys above `after`, in ranges with about `at_once` of the file's readings; none of no readings.

    As many as keep others waiting for a second or so at the most, and alike, so that the lanes end together, unless the
    caller knows better. A card is never divided.
    """
    at_once = at_once or _share(file.rows)
    staged = StagedReading.objects.filter(file_id=file.pk).order_by("card_id").values_list("card_id", flat=True)
    ranges, first = [], after + 1
    while last := staged.filter(card_id__gte=first)[at_once - 1 : at_once].first():
        ranges.append(CardRange(first, last))
        first = last + 1
    if staged.filter(card_id__gte=first).exists():
        ranges.append(CardRange(first, first))
    if ranges:
        ranges[-1] = ranges[-1]._replace(last=THE_LAST_OF_ALL)
    return ranges


def _share(readings):
    """How many of so many readings a range has; where there are several ranges, each lane has as many of them."""
    most = READINGS_AT_ONCE[connection.vendor]
    if readings <= most:
        return most
    ranges = LANES_AT_ONCE * -(-readings // (LANES_AT_ONCE * most))
    return -(-readings // ranges)


@transaction.atomic
def apply_range(file, cards):
    """Record the file's readings of this range of cards, and apply what they cause; what was `Taken`.

    Raises `NoLongerRead` if they are gone.
    """
    told_on = begin_applying(file)
    tune_for_bulk()
    hold_cards(file, *cards, told_on)
    unchanged = settle(file, *cards)
    refused, eventful = classify(file, *cards, told_on)
    counts = apply_uneventful(*cards)
    for card_ids in chunked(eventful, CHUNK):
        staged = StagedReading.objects.filter(file_id=file.pk, card_id__in=card_ids).order_by("number")
        told = [Reading(*values) for values in staged.values_list(*READING_COLUMNS)]
        applied, _outcomes = apply_readings(told, told_on=told_on)
        counts += Counter({name: applied[name] for name in APPLIED})
    counts["unchanged"] = unchanged
    taken = Taken(counts, refused)
    if not taken.readings:
        refuse_lost(file)
    return taken


def begin_applying(file):
    """Note the civil day on which applying the file begins, once; that day.

    Outside of a range's transaction, or the next range waits for its end.
    """
    if file.told_on:
        return file.told_on
    StagedFile.objects.filter(pk=file.pk, told_on=None).update(told_on=civil_today())
    return StagedFile.objects.values_list("told_on", flat=True).get(pk=file.pk)


def refuse_lost(file):
    """Raise `NoLongerRead` if all that was staged of the file is gone: a crash empties what PostgreSQL does not log."""
    if not StagedReading.objects.filter(file_id=file.pk).exists():
        raise NoLongerRead("", _("The uploaded data was lost in a database crash: import the file again."))
