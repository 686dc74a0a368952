"""Staged readings, before they are applied: totals become days, and what says nothing new is taken out.

A carrier that counts through the month tells on the 5th what was used from the 1st to the 5th. The day's bytes are that
total less the days before it in the carrier's cycle, as they are known by now, or told by the same file; never below 0.

A SIM's own total begins anew on the day of a swap, and that of an old SIM goes on with what its card had before: it
says nothing of the days since, and is taken out.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from cards.actions.imports.temporary_tables import append_rows, make_table
from cards.actions.imports.usage_before_swaps import swaps_latest_first
from cards.actions.imports.usage_uneventful import THE_LAST_OF_ALL, preview_counts, preview_refusals
from cards.actions.write import CHUNK, chunked
from cards.calendar import cycle_start
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
    left_out = 0
    if file.is_cumulative:
        swaps = _Swaps(swaps_latest_first() if file.names_sims else [])
        staged = StagedReading.objects.filter(file_id=file.pk, card_id__range=(first, last))
        for card_ids in chunked(staged.order_by("card_id").values_list("card_id", flat=True).distinct(), CHUNK):
            left_out += _make_days(file, card_ids, swaps)
    if not file.tells_no_instant:
        return left_out
    with connection.cursor() as cursor:
        cursor.execute(THE_SAME, [file.pk, first, last, first, last])
        return left_out + cursor.rowcount


@transaction.atomic
def foreseen_outcome(file):
    """How many of a file's readings would be `created`, `updated`, `unchanged`, `stale`, `quarantined`, `refused`.

    Beside it (row, field, message) of those that would be refused, because they contradict what is known.
    """
    unchanged = settle(file, 0, THE_LAST_OF_ALL)
    counts = preview_counts(file)
    refusals = preview_refusals(file) if counts["refused"] else []
    transaction.set_rollback(True)
    counts["unchanged"] = unchanged
    return counts, refusals


def _make_days(file, card_ids, swaps):
    """Write the day's bytes of each total of these cards; how many are taken out."""
    columns = ("card_id", "day", "number", "bytes", "read_at")
    staged = StagedReading.objects.filter(file_id=file.pk, card_id__in=card_ids)
    totals = [Total(*values) for values in staged.order_by("card_id", "day", "read_at", "number").values_list(*columns)]
    cycles = _Cycles(card_ids, swaps)
    known = _known_days(card_ids, min(map(cycles.start, totals)))
    make_table("staged_total", "card_id bigint, day date, number integer, bytes bigint")
    of_old_sims = [total for total in totals if cycles.began_with_another(total)]
    of_cards = [total for total in totals if not cycles.began_with_another(total)] if of_old_sims else totals
    append_rows("staged_total", columns[:4], _days_of(of_cards, known, cycles))
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, [file.pk])
    for total in of_old_sims:
        staged.filter(card_id=total.card_id, day=total.day, number=total.number).delete()
    return len(of_old_sims)


@dataclass(slots=True)
class Total:
    """A figure that counts from the first day of the carrier's cycle to `day`."""

    card_id: int
    day: date
    number: int
    bytes: int
    read_at: datetime


class _Swaps:
    """On which days cards got their SIMs: a new one, or the old one with which they were cancelled."""

    def __init__(self, latest_first):
        self.new, self.old = {}, {}
        for old, card, on in latest_first:
            self.new.setdefault(card, []).append(on)
            self.old.setdefault(old, on)


class _Cycles:
    """When the carrier's cycle began that holds the day of a total, or the total of a new SIM within it."""

    def __init__(self, card_ids, swaps):
        self.swaps = swaps
        self.policies = PolicyBook.read()
        self.carriers = dict(Card.objects.filter(pk__in=card_ids).values_list("pk", "carrier"))

    def start(self, total):
        return max([self._of_all(total), *(on for on in self.swaps.new.get(total.card_id, ()) if on <= total.day)])

    def began_with_another(self, total):
        """Whether another card had the SIM when the cycle began, and this one has it on the day."""
        on = self.swaps.old.get(total.card_id)
        return on is not None and self._of_all(total) < on <= total.day

    def _of_all(self, total):
        return cycle_start(total.day, self.policies.cycle_day(self.carriers[total.card_id], total.day))


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
