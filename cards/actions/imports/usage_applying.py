"""Staged usage files, applied: range by range of cards, each range in one transaction.

Whatever moment it is stopped at, each reading is applied once, and the next call goes on behind it. The readings of a
card are applied together, in the order of their days, wherever in the file they stand.
"""

from collections import Counter

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cards.actions.imports.temporary_tables import tune_for_bulk
from cards.actions.imports.usage_totals import settle
from cards.actions.imports.usage_uneventful import COUNTED_OUTCOMES, apply_uneventful, classify
from cards.actions.jobs.engine import NoLongerRead
from cards.actions.usage import Reading, apply_readings
from cards.actions.write import CHUNK, chunked
from cards.calendar import civil_today
from cards.models import StagedFile, StagedReading

READINGS_AT_ONCE = {"postgresql": 50_000, "sqlite": 15_000}
APPLIED = (*COUNTED_OUTCOMES, "quarantined")
READING_COLUMNS = ("card_id", "day", "bytes", "read_at", "imei")
LOCK = """
    SELECT COUNT(*) FROM (
        SELECT id FROM cards_card WHERE id IN (
            SELECT card_id FROM cards_stagedreading WHERE file_id = %s AND card_id BETWEEN %s AND %s
        ) AND id BETWEEN %s AND %s ORDER BY id FOR UPDATE
    ) AS locked
"""


@transaction.atomic
def apply_next(file, at_once=None):
    """Record the readings of the file's next cards and apply what they cause; how many readings, 0 when none is left.

    About `at_once` of them: as many as keep others waiting for a second or so, unless the caller knows better.
    """
    file = StagedFile.objects.select_for_update().get(pk=file.pk)
    first, last = file.taken_through + 1, _last_of_next(file, at_once or READINGS_AT_ONCE[connection.vendor])
    if last is None:
        return 0
    tune_for_bulk()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [file.pk, first, last, first, last])
    unchanged = settle(file, first, last)
    told_on = file.told_on or civil_today()
    readings, eventful = classify(file, first, last, told_on)
    counts = apply_uneventful(first, last)
    for card_ids in chunked(eventful, CHUNK):
        staged = StagedReading.objects.filter(file_id=file.pk, card_id__in=card_ids).order_by("number")
        told = [Reading(*values) for values in staged.values_list(*READING_COLUMNS)]
        applied, _outcomes = apply_readings(told, told_on=told_on)
        counts += Counter({name: applied[name] for name in APPLIED})
    counts["unchanged"] = unchanged
    grown = {name: F(name) + count for name, count in counts.items()}
    StagedFile.objects.filter(pk=file.pk).update(taken_through=last, told_on=told_on, **grown)
    return readings + unchanged


def _last_of_next(file, at_once):
    """The last card of the next range; None when there is none. A card is never divided."""
    if file.taken_through >= file.last_card:
        return None
    left = StagedReading.objects.filter(file_id=file.pk, card_id__gt=file.taken_through)
    last = left.order_by("card_id").values_list("card_id", flat=True)[at_once - 1 : at_once].first()
    if last is None:
        refuse_lost(file)
    return last or file.last_card


def refuse_lost(file):
    """Raise `NoLongerRead` if the rows that are not applied yet are gone: a crash empties what PostgreSQL does not log.

    The readings of the last card are there until they are applied.
    """
    left = StagedReading.objects.filter(file_id=file.pk, card_id__gt=file.taken_through)
    if file.taken_through < file.last_card and not left.exists():
        raise NoLongerRead("", _("The uploaded data was lost in a database crash: import the file again."))
