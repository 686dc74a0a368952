"""Staged readings, before they are applied: totals become days, and what says nothing new is taken out.

A carrier that counts through the month tells on the 5th what was used from the 1st to the 5th. The day's bytes are that
total less the days before it in the carrier's cycle, as they are known by now, or told by the same file; never below 0.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from cards.actions.imports.temporary_tables import append_rows, make_table
from cards.actions.imports.usage_uneventful import preview_counts, preview_refusals
from cards.actions.write import CHUNK, chunked
from cards.calendar import cycle_start, first_of_month
from cards.errors import InvariantBroken
from cards.models import Card, PolicyBook, StagedReading, UsageDay

SETTLED = """
    UPDATE cards_stagedreading AS s SET bytes = t.bytes FROM staged_total AS t
    WHERE s.file_id = %s AND s.card_id = t.card_id AND s.day = t.day AND s.number = t.number
"""
THE_SAME = """
    DELETE FROM cards_stagedreading WHERE file_id = %s AND card_id BETWEEN %s AND %s AND EXISTS (
        SELECT 1 FROM cards_usageday AS u
        WHERE u.card_id = cards_stagedreading.card_id AND u.day = cards_stagedreading.day
            AND u.card_id BETWEEN %s AND %s AND u.bytes = cards_stagedreading.bytes
            AND cards_stagedreading.imei IN ('', u.imei)
    )
"""


def settle(file, first, last):
    """Make the file's readings of this range of cards fit to be applied; how many of them said nothing new."""
    if file.is_cumulative:
        staged = StagedReading.objects.filter(file_id=file.pk, card_id__range=(first, last))
        for card_ids in chunked(staged.order_by("card_id").values_list("card_id", flat=True).distinct(), CHUNK):
            _make_days(file, card_ids)
    if not file.tells_no_instant:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(THE_SAME, [file.pk, first, last, first, last])
        return cursor.rowcount


@transaction.atomic
def foreseen_outcome(file):
    """How many of a file's readings would be `created`, `updated`, `unchanged`, `stale`, `quarantined`, `refused`.

    Beside it (row, field, message) of those that would be refused, because they contradict what is known.
    """
    unchanged = settle(file, 0, file.last_card)
    counts = preview_counts(file)
    refusals = preview_refusals(file) if counts["refused"] else []
    transaction.set_rollback(True)
    counts["unchanged"] = unchanged
    return counts, refusals


def _make_days(file, card_ids):
    """Write the day's bytes of each total of these cards."""
    columns = ("card_id", "day", "number", "bytes", "read_at")
    staged = StagedReading.objects.filter(file_id=file.pk, card_id__in=card_ids)
    totals = [Total(*values) for values in staged.order_by("card_id", "day", "read_at", "number").values_list(*columns)]
    cycles = _Cycles(card_ids)
    known = _known_days(card_ids, min(map(cycles.start, totals)))
    make_table("staged_total", "card_id bigint, day date, number integer, bytes bigint")
    append_rows("staged_total", columns[:4], _days_of(totals, known, cycles))
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, [file.pk])


@dataclass(slots=True)
class Total:
    """A figure that counts from the first day of the carrier's cycle to `day`."""

    card_id: int
    day: date
    number: int
    bytes: int
    read_at: datetime


class _Cycles:
    """When the carrier's cycle began that holds the day of a total."""

    def __init__(self, card_ids):
        self.policies = PolicyBook.read()
        self.carriers = dict(Card.objects.filter(pk__in=card_ids).values_list("pk", "carrier"))

    def start(self, total):
        try:
            return cycle_start(total.day, self.policies.in_force(self.carriers[total.card_id], total.day).cycle_day)
        except InvariantBroken:  # before the carrier's first policy
            return first_of_month(total.day)


def _known_days(card_ids, earliest):
    """By card and day: the bytes that are known, and since when."""
    known = {card_id: {} for card_id in card_ids}
    days = UsageDay.objects.filter(card__in=card_ids, day__gte=earliest)
    for card_id, day, bytes, read_at in days.values_list("card_id", "day", "bytes", "read_at"):
        known[card_id][day] = (bytes, read_at)
    return known


def _days_of(totals, known, cycles):
    """(card, day, row, bytes of that day) of each; the last word on a day is known to the days that follow."""
    for total in totals:
        days, first = known[total.card_id], cycles.start(total)
        before = sum(bytes for day, (bytes, _read_at) in days.items() if first <= day < total.day)
        bytes = max(total.bytes - before, 0)
        if total.day not in days or days[total.day][1] < total.read_at:
            days[total.day] = (bytes, total.read_at)
        yield total.card_id, total.day, total.number, bytes
