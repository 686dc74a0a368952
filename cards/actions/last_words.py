"""What several readings of a card and day in one file come to (`domain.md`, "Usage").

Two that were told at one instant with other bytes contradict each other: nobody can say which is meant, and neither is
taken. Of the others the last word counts; before it is looked for, what is more than a card can carry in a day is set
apart, and its last word counts beside the other while it is the later one.

This is said twice: here of readings in memory, and in SQL of those that are staged.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain

from django.db import connection
from django.utils.translation import gettext as _

from cards.actions.imports.temporary_tables import select_into


@dataclass(frozen=True)
class Words:
    """What is said in the end, at most one reading of each kind, and how many rows are not."""

    said: list
    contradicting: int
    replaced: int


def last_words(told, most):
    """`Words` of the readings of one card and day; `most` is what it can carry, None for no limit."""
    if len(told) == 1:
        return Words(told, 0, 0)
    at = defaultdict(list)
    for reading in told:
        at[reading.read_at].append(reading)
    agreed = list(chain.from_iterable(rows for rows in at.values() if len({row.bytes for row in rows}) == 1))
    plausible = [reading for reading in agreed if most is None or reading.bytes <= most]
    too_much = [reading for reading in agreed if most is not None and reading.bytes > most]
    said = [max(readings, key=_which_counts) for readings in (plausible, too_much) if readings]
    if len(said) == 2 and said[1].read_at <= said[0].read_at:
        del said[1]
    return Words(said, len(told) - len(agreed), len(agreed) - len(said))


def _which_counts(reading):
    """The last; of several that say the same one that tells a device."""
    return reading.read_at, reading.imei


# How much a card can carry on a day, by the policy in force.
MOST_BYTES = """
    SELECT p.most_bytes_a_day FROM cards_carrierpolicy AS p JOIN cards_card AS c ON c.carrier = p.carrier
    WHERE c.id = s.card_id AND p.valid_from <= s.day ORDER BY p.valid_from DESC LIMIT 1
"""
TOO_MUCH = f"""
    CASE WHEN s.bytes > (SELECT MIN(most_bytes_a_day) FROM cards_carrierpolicy)
        THEN COALESCE(s.bytes > ({MOST_BYTES}), FALSE) ELSE FALSE
    END
"""
TOLD_AGAIN = """
    SELECT card_id, day FROM cards_stagedreading WHERE file_id = %s GROUP BY card_id, day HAVING COUNT(*) > 1
"""
NOT_THE_LAST_WORD = f"""
    WITH told AS (
        SELECT s.card_id, s.day, s.number, s.bytes, s.read_at, s.imei, {TOO_MUCH} AS too_much,
            MIN(s.bytes) OVER same AS least, MAX(s.bytes) OVER same AS most
        FROM staged_repeated AS r
        JOIN cards_stagedreading AS s ON s.file_id = %s AND s.card_id = r.card_id AND s.day = r.day
        WINDOW same AS (PARTITION BY s.card_id, s.day, s.read_at)
    ), placed AS (
        SELECT told.*,
            CASE WHEN bytes = least THEN MIN(CASE WHEN bytes = most THEN number END) OVER same
                ELSE MIN(CASE WHEN bytes = least THEN number END) OVER same END AS other,
            ROW_NUMBER() OVER (
                PARTITION BY card_id, day, too_much, least < most ORDER BY read_at DESC, imei DESC, number
            ) AS place,
            MAX(CASE WHEN NOT too_much AND least = most THEN read_at END) OVER (PARTITION BY card_id, day) AS last_at
        FROM told WINDOW same AS (PARTITION BY card_id, day, read_at)
    )
    SELECT card_id, day, number, CASE WHEN least < most THEN other END AS other FROM placed
    WHERE least < most OR place > 1 OR too_much AND last_at >= read_at
"""
REFUSE_BOTH = """
    INSERT INTO cards_refusedrow (file_id, number, field, message)
    SELECT %s, number, 'bytes', REPLACE(%s, '{row}', CAST(other AS text)) FROM staged_not_said WHERE other IS NOT NULL
"""
TAKE_OUT = """
    DELETE FROM cards_stagedreading WHERE file_id = %s AND (card_id, day, number) IN (
        SELECT card_id, day, number FROM staged_not_said
    )
"""


def keep_last_words(file):
    """Leave of a staged file what its rows come to; rows that contradict each other become `RefusedRow`s.

    Returns how many rows were replaced by later ones of the file.
    """
    with connection.cursor() as cursor:
        select_into("staged_repeated", TOLD_AGAIN, [file.pk], counted="card_id, day")
        cursor.execute("SELECT EXISTS (SELECT 1 FROM staged_repeated)")
        if not cursor.fetchone()[0]:
            return 0
        select_into("staged_not_said", NOT_THE_LAST_WORD, [file.pk], counted="card_id, day")
        message = _("row {row} gives another figure for this day, read at the same time")
        cursor.execute(REFUSE_BOTH, [file.pk, message])
        cursor.execute(TAKE_OUT, [file.pk])
        cursor.execute("SELECT COUNT(*) FROM staged_not_said WHERE other IS NULL")
        return cursor.fetchone()[0]
