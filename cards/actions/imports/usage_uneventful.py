"""Readings that cause nothing, applied by the database: thousands of cards in a few statements.

This is `Metering` and `rules` said once more, for cards on which nothing happens but that a counter moves:
`UNEVENTFUL` says which. All others are left to Python. It may be too strict, but never too lax: a test applies random
readings of random cards both ways and demands the same rows.

An example: cards A and B are in use, each with 30 MB a cycle, of which 20 MB are used; 4 MB of those are the reading of
20 January. The file, told on 22 January, has for each a later reading of that day, and one of the next day:

    A  01-20  6 MB        A  01-21  3 MB
    B  01-20  6 MB        B  01-21  9 MB

What is added counts, so A would come to 20 + (6 - 4) + 3 = 25 MB and B to 20 + (6 - 4) + 9 = 31 MB. 25 MB are below
the allowance, nothing is due by 21 January, and no reading names another device: A is uneventful. `apply_uneventful`
sets its meter to 25 MB and its usage level to 80 (per cent), corrects its day 20 and adds its day 21; no record is
written. B passes 30 MB, so `classify` returns its key, and `Metering` applies the same two readings in Python, where
the rules place the hold `credit`. Both times one reading is `updated` and one `created`.
"""

from collections import Counter

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cards.actions.imports.temporary_tables import analyze, append_rows, make_table, select_into
from cards.actions.last_words import TOO_MUCH
from cards.calendar import civil_today, cycle_start, next_cycle_start
from cards.choices import HOLDS_THAT_END_WITH_A_CYCLE, Binding, Carrier, Hold, Quarantine, State, UsageLevel
from cards.errors import InvariantBroken
from cards.holds import has_sql
from cards.identifiers import device_sql
from cards.kept import first_day_told
from cards.models import PolicyBook
from cards.models.card import MB

THE_LAST_OF_ALL = 2**63 - 1  # no card has a key beyond

# What is asked of a card: its row is wide, and read once. A meter whose cycle is over today turns to the cycle of today
# (`next_from`), and counts from zero.
FACTS_METERED = (
    *("id", "holds", "parked", "opened_on", "changed_on", "counted_from", "test_until", "test_ended_on"),
    *("test_quota_mb", "silent_from", "forced_activation_on", "next_due_on", "service_from", "service_until"),
    *("cycle_from", "cycle_until", "quota_mb", "pack_mb", "limit_mb", "limit_waived", "used_bytes", "used_on"),
    *("binding", "bound_on", "previous_imei", "seen_on", "seen_imei"),
)
PHASE_NOW = "COALESCE(NULLIF(c.resumes_to, ''), c.state)"
OF_HELD_CARDS = f"""
    SELECT {", ".join(f"c.{fact}" for fact in FACTS_METERED)}, {PHASE_NOW} AS phase,
        {PHASE_NOW} = '{State.IN_USE}' AND COALESCE(c.cycle_until <= %(today)s, FALSE) AS turns,
        {{greatest}}(y.cycle_from, c.cycle_until) AS next_from, y.cycle_until AS next_until
    FROM cards_card AS c LEFT JOIN staged_cycle AS y ON y.carrier = c.carrier
    WHERE c.id BETWEEN %(first)s AND %(last)s AND c.id IN (
        SELECT card_id FROM cards_stagedreading WHERE file_id = %(file)s AND card_id BETWEEN %(first)s AND %(last)s
    ) ORDER BY c.id
"""

# What is in quarantine: of each card and day the newest reading, and the one that waits.
SET_ASIDE = f"""
    SELECT card_id, day, MAX(read_at) AS read_at,
        MAX(CASE WHEN status = '{Quarantine.WAITING}' THEN read_at END) AS waiting_at,
        MAX(CASE WHEN status = '{Quarantine.WAITING}' THEN bytes END) AS waiting_bytes
    FROM cards_quarantinedreading GROUP BY card_id, day
"""

# The staged readings of a range of cards, beside what is known of their days; nothing of a day before
# `first_day` counts. The range is said of each table, here and below: PostgreSQL does not conclude one from another.
PLACED = f"""
    SELECT p.*, day < %(first_day)s OR NOT refused AND (
        COALESCE(read_at <= known_at, FALSE) OR too_much AND COALESCE(read_at <= set_aside_at, FALSE)
    ) AS stale
    FROM (
        SELECT s.card_id, s.day, s.number, s.bytes, s.read_at, s.imei, u.bytes AS known_bytes, u.read_at AS known_at,
            q.read_at AS set_aside_at, {TOO_MUCH} AS too_much,
            s.day >= %(first_day)s AND (COALESCE(s.read_at = u.read_at AND s.bytes <> u.bytes, FALSE)
                OR COALESCE(s.read_at = q.waiting_at AND s.bytes <> q.waiting_bytes, FALSE)
                    AND NOT COALESCE(s.read_at <= u.read_at, FALSE)) AS refused
        FROM cards_stagedreading AS s
        LEFT JOIN cards_usageday AS u
            ON u.card_id = s.card_id AND u.day = s.day AND u.card_id BETWEEN %(first)s AND %(last)s
        LEFT JOIN ({SET_ASIDE}) AS q ON q.card_id = s.card_id AND q.day = s.day
        WHERE s.file_id = %(file)s AND s.card_id BETWEEN %(first)s AND %(last)s
    ) AS p
"""
COUNTED_OUTCOMES = ("created", "updated", "stale")
PREVIEWED = (*COUNTED_OUTCOMES, "quarantined", "refused")
PREVIEWED_COUNTS = """
        COUNT(*) FILTER (WHERE NOT (stale OR refused OR too_much) AND known_bytes IS NULL),
        COUNT(*) FILTER (WHERE NOT (stale OR refused OR too_much) AND known_bytes IS NOT NULL),
        COUNT(*) FILTER (WHERE stale),
        COUNT(*) FILTER (WHERE too_much AND NOT (stale OR refused)),
        COUNT(*) FILTER (WHERE refused)
"""

# Rows that were told at the instant of what is known, with other bytes.
CONTRADICTS_WHAT_IS_KNOWN = gettext_noop("the portal already has another figure for this day, read at the same time")
NO_LONGER_STAGED = """
    DELETE FROM cards_stagedreading WHERE file_id = %s AND (card_id, day, number) IN (
        SELECT card_id, day, number FROM staged_placed WHERE refused
    )
"""

# What the readings of each card come to. A reading takes effect on its own day or on that of the card's last event,
# whichever is later (`on_day`), and counts from `meter_from` on, unless its day is that on which a test was used up.
SUMS = f"""
    SELECT card_id,
        COUNT(*) FILTER (WHERE too_much OR set_aside_at IS NOT NULL) AS quarantine,
        MIN(added) FILTER (WHERE NOT stale) AS least_added,
        MAX(on_day) FILTER (WHERE NOT stale) AS last_on,
        MAX(read_at) FILTER (WHERE NOT stale) AS read_at,
        MAX(on_day) FILTER (WHERE counts AND bytes > 0) AS used_on,
        MIN(imei) FILTER (WHERE tells) AS an_imei,
        MAX(imei) FILTER (WHERE tells) AS imei,
        MAX(day) FILTER (WHERE tells) AS seen_on,
        MAX(used_before) + COALESCE(SUM(added) FILTER (WHERE counts), 0) AS used_now
    FROM (
        SELECT met.*, bytes - COALESCE(known_bytes, 0) AS added,
            NOT stale AND day >= meter_from AND day >= counted_from AND NOT is_of_the_test AS counts,
            NOT stale AND imei <> '' AND hears AS tells
        FROM (
            SELECT t.*, CASE WHEN c.turns THEN 0 ELSE c.used_bytes END AS used_before,
                {{greatest}}(t.day, c.changed_on) AS on_day,
                COALESCE(c.counted_from, c.opened_on) AS counted_from,
                CASE c.phase
                    WHEN '{State.TESTING}' THEN c.opened_on
                    WHEN '{State.UNUSED}' THEN COALESCE(c.test_ended_on, c.opened_on)
                    WHEN '{State.IN_USE}' THEN CASE WHEN c.turns THEN c.next_from ELSE c.cycle_from END
                END AS meter_from,
                c.phase = '{State.UNUSED}'
                    AND COALESCE(c.test_ended_on < c.test_until AND t.day = c.test_ended_on, FALSE) AS is_of_the_test,
                (c.seen_on IS NULL OR t.day >= c.seen_on) AND (c.bound_on IS NULL OR t.day > c.bound_on
                    OR t.day = c.bound_on AND {device_sql("t.imei")} <> {device_sql("c.previous_imei")}) AS hears
            FROM staged_placed AS t JOIN staged_card AS c ON c.id = t.card_id
        ) AS met
    ) AS counted
    GROUP BY card_id
"""

HAS_CREDIT, HAS_THRESHOLD = (has_sql("c.holds", hold) for hold in (Hold.CREDIT, Hold.THRESHOLD))
NO_HOLD_ENDS = " AND ".join(f"NOT {has_sql('c.holds', hold)}" for hold in HOLDS_THAT_END_WITH_A_CYCLE)
ALLOWANCE = f"((CAST(c.quota_mb AS bigint) + c.pack_mb) * {MB})"
# Since when the card is known to be in it is known too: what is due because of it can only become due later.
SAME_DEVICE = f"c.seen_on IS NOT NULL AND {device_sql('s.imei')} = {device_sql('c.seen_imei')}"

# Whether nothing comes of it. The facts that `rules.check` asks for are there; nothing is due by the last day; no
# reading corrects downwards or has to do with the quarantine; the device is the one last seen, or does not matter; the
# term runs today, and nothing but the count ends with a cycle that is over; and the meter stays below whatever it could
# reach.
UNEVENTFUL = f"""
    s.quarantine = 0 AND COALESCE(s.least_added, 0) >= 0 AND c.parked = ''
    AND (s.last_on IS NULL OR c.next_due_on > s.last_on AND s.last_on <= %(today)s)
    AND (s.imei IS NULL OR s.imei = s.an_imei
        AND ({SAME_DEVICE} OR c.binding = '{Binding.NONE}' AND c.bound_on IS NULL))
    AND s.used_now < {2**53}
    AND CASE c.phase
        WHEN '{State.TESTING}' THEN
            c.test_until IS NOT NULL AND COALESCE(c.next_due_on > c.used_on, TRUE)
            AND s.used_now < CAST(c.test_quota_mb AS bigint) * {MB}
        WHEN '{State.UNUSED}' THEN
            c.silent_from IS NOT NULL AND c.forced_activation_on IS NOT NULL AND s.used_now = 0
        WHEN '{State.IN_USE}' THEN
            c.service_from IS NOT NULL AND c.service_until > %(today)s
            AND c.cycle_from IS NOT NULL AND c.cycle_until IS NOT NULL
            AND (s.used_now < {ALLOWANCE} OR {HAS_CREDIT})
            AND (c.limit_mb IS NULL OR s.used_now < CAST(c.limit_mb AS bigint) * {MB} OR c.limit_waived
                OR {HAS_THRESHOLD})
            AND (NOT c.turns OR c.next_until IS NOT NULL AND c.pack_mb = 0 AND NOT c.limit_waived AND {NO_HOLD_ENDS})
        ELSE FALSE
    END
"""
CLASSIFIED = f"""
    SELECT s.card_id, s.last_on, s.read_at, s.used_on, s.imei, s.seen_on, s.used_now,
        CASE WHEN c.turns THEN c.next_from END AS cycle_from,
        CASE WHEN c.turns THEN c.next_until END AS cycle_until,
        CASE
            WHEN c.phase <> '{State.IN_USE}' THEN {UsageLevel.NORMAL}
            WHEN s.used_now >= {ALLOWANCE} THEN {UsageLevel.USED_UP}
            WHEN s.used_now * 100 >= {ALLOWANCE} * {UsageLevel.LOW} THEN {UsageLevel.LOW}
            ELSE {UsageLevel.NORMAL}
        END AS usage_level,
        CASE WHEN {UNEVENTFUL} THEN 1 ELSE 0 END AS uneventful
    FROM ({SUMS}) AS s JOIN staged_card AS c ON c.id = s.card_id
"""

METERS = """
    UPDATE cards_card AS c SET
        used_bytes = j.used_now,
        used_on = {greatest}(COALESCE(j.used_on, c.used_on), COALESCE(c.used_on, j.used_on)),
        read_at = {greatest}(COALESCE(c.read_at, j.read_at), j.read_at),
        seen_imei = COALESCE(j.imei, c.seen_imei),
        seen_on = COALESCE(j.seen_on, c.seen_on),
        cycle_from = COALESCE(j.cycle_from, c.cycle_from),
        cycle_until = COALESCE(j.cycle_until, c.cycle_until),
        usage_level = j.usage_level
    FROM staged_classified AS j
    WHERE c.id = j.card_id AND j.uneventful = 1 AND j.last_on IS NOT NULL AND c.id BETWEEN %(first)s AND %(last)s
"""
NEWS = """
    FROM staged_placed AS t JOIN staged_classified AS j ON j.card_id = t.card_id
    WHERE j.uneventful = 1 AND NOT t.stale
"""
NO_NEWS = """
    SELECT COUNT(*) FROM staged_placed
    WHERE stale AND card_id IN (SELECT card_id FROM staged_classified WHERE uneventful = 1)
"""
NEW_DAYS = f"""
    INSERT INTO cards_usageday (card_id, day, bytes, read_at, imei)
    SELECT t.card_id, t.day, t.bytes, t.read_at, t.imei {NEWS} AND t.known_bytes IS NULL ORDER BY t.card_id, t.day
"""
KNOWN_DAYS = f"""
    UPDATE cards_usageday AS u SET bytes = n.bytes, read_at = n.read_at, imei = n.imei
    FROM (SELECT t.* {NEWS} AND t.known_bytes IS NOT NULL) AS n
    WHERE u.card_id = n.card_id AND u.day = n.day AND u.card_id BETWEEN %(first)s AND %(last)s
"""
USAGE_TOTALS = f"""
    INSERT INTO cards_usagetally (day, bytes, readings)
    SELECT t.day, SUM(t.bytes - COALESCE(t.known_bytes, 0)), COUNT(*) - COUNT(t.known_bytes) {NEWS} GROUP BY t.day
"""


def preview_counts(file):
    """How many of a file's readings would be `created`, `updated`, `stale`, `quarantined` and, late, `refused`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {PREVIEWED_COUNTS} FROM ({PLACED}) AS placed", _all_of(file))
        counts = Counter(dict(zip(PREVIEWED, cursor.fetchone(), strict=True)))
    counts["stale"] += file.stale
    return counts


def preview_refusals(file):
    """(row, field, message) of the staged readings that contradict what is known."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number FROM ({PLACED}) AS placed WHERE refused ORDER BY number", _all_of(file))
        return _as_contradictions(cursor)


def _as_contradictions(cursor):
    return [(number, "bytes", _(CONTRADICTS_WHAT_IS_KNOWN)) for (number,) in cursor.fetchall()]


def _all_of(file):
    told_on = file.told_on or civil_today()
    return {"file": file.pk, "first": 0, "last": THE_LAST_OF_ALL, "first_day": str(first_day_told(told_on))}


def hold_cards(file, first, last, told_on):
    """Lock the cards of the staged readings in this range of keys, and read what is asked of them on that day."""
    _reckon_cycles(told_on)
    locking = " FOR UPDATE OF c" if connection.vendor == "postgresql" else ""
    among = {"file": file.pk, "first": first, "last": last, "today": str(told_on)}
    select_into("staged_card", _in_dialect(OF_HELD_CARDS) + locking, among, counted="id")


def classify(file, first, last, told_on):
    """Find the cards in this range of keys, both ends included, for which the staged readings are uneventful.

    `told_on` is the civil day on which the portal is told, the same for all of a file. The cards are held. Readings
    that contradict what is known are refused. Returns (row, field, message) of these, and the keys of the eventful
    cards.
    """
    among = {"file": file.pk, "first": first, "last": last}
    among |= {"today": str(told_on), "first_day": str(first_day_told(told_on))}
    select_into("staged_placed", PLACED, among, counted="card_id, day")
    refused = _refuse_contradictions(file)
    select_into("staged_classified", _in_dialect(CLASSIFIED), among, counted="card_id, uneventful")
    with connection.cursor() as cursor:
        cursor.execute("SELECT card_id FROM staged_classified WHERE uneventful = 0 ORDER BY card_id")
        return refused, [card_id for (card_id,) in cursor.fetchall()]


def apply_uneventful(first, last):
    """Apply the readings of the uneventful cards; how many were `created`, `updated` and `stale`."""
    among = {"first": first, "last": last}
    _write(METERS, among)
    counts = Counter(updated=_write(KNOWN_DAYS, among), created=_write(NEW_DAYS, among))
    _write(USAGE_TOTALS, among)
    with connection.cursor() as cursor:
        cursor.execute(NO_NEWS)
        return counts + Counter(stale=cursor.fetchone()[0])


def _write(statement, among):
    """How many rows it has written."""
    with connection.cursor() as cursor:
        cursor.execute(_in_dialect(statement), among)
        return cursor.rowcount


def _refuse_contradictions(file):
    """Take out the placed readings that contradict what is known: (row, field, message) of each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM staged_placed WHERE refused ORDER BY number")
        refused = _as_contradictions(cursor)
        if refused:
            cursor.execute(NO_LONGER_STAGED, [file.pk])
            cursor.execute("DELETE FROM staged_placed WHERE refused")
    return refused


def _reckon_cycles(day):
    """The cycle of each carrier on that day: the calendar has one home, and it is not SQL."""
    policies, rows = PolicyBook.read(), []
    for carrier in Carrier.values:
        try:
            cycle_day = policies.in_force(carrier, day).cycle_day
        except InvariantBroken:
            continue
        starts_on = cycle_start(day, cycle_day)
        rows.append((carrier, starts_on, next_cycle_start(starts_on, cycle_day)))
    make_table("staged_cycle", "carrier varchar(4), cycle_from date, cycle_until date")
    append_rows("staged_cycle", ("carrier", "cycle_from", "cycle_until"), rows)
    with connection.cursor() as cursor:
        analyze(cursor, "staged_cycle")


def _in_dialect(statement):
    """A statement in the SQL of the database in use."""
    return statement.format(greatest="GREATEST" if connection.vendor == "postgresql" else "MAX")
