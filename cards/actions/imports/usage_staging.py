"""Usage files, staged: a row that can be applied becomes a `StagedReading`, any other a `RefusedRow` with its reason.

Portion by portion a file's lines go to the database as they are, where one statement finds their cards. What is not
evidently good goes through `read_usage_row`, row by row: it knows every rule and every message.

An example: there are the cards 89860000000000000001 and 89860000000000000021, and the file has these lines:

    1  iccid,day,bytes,read_at,imei
    2  89860000000000000001,2026-01-20,5,2026-01-21T01:00,
    3  8986000000000000002,2026-01-20,7,2026-01-21T01:00,
    4  89860000000000000001,2026-01-32,5,2026-01-21T01:00,
    5  89860000000000000001,2026-01-18,seven,2026-01-21T01:00,

Lines 2 to 4 look good (`EVIDENTLY_GOOD`) and go to `staged_raw` as they are; line 5 is set aside. `STAGE` finds the
card of line 2. Lines 3 and 4 are left over: `OTHERWISE_NUMBERED` finds the one card whose ICCID begins with the 19
characters of line 3, and for line 4 there is no such day, so it is read by hand, as line 5 is. What comes out: a
`StagedReading` for line 2 and one for line 3, and a `RefusedRow` for line 4 (`day`) and for line 5 (`bytes`).
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions.imports.temporary_tables import (
    analyze,
    append_rows,
    fill_from_lines,
    make_table,
    select_into,
    tune_for_bulk,
)
from cards.actions.imports.told import AS_IT_STANDS
from cards.actions.imports.usage_before_swaps import give_to_who_had_the_sim, swaps_latest_first
from cards.actions.imports.usage_rows import (
    EVIDENTLY_GOOD,
    USAGE_COLUMNS,
    USAGE_READERS,
    read_usage_row,
)
from cards.actions.imports.usage_table import names_sims, open_usage, tells_no_instant
from cards.actions.lanes import in_lanes
from cards.actions.last_words import keep_last_words
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.files import Row, opened
from cards.files.plain import plain_blocks, plain_start
from cards.identifiers import FILLER
from cards.lookup import ids_by_iccid
from cards.models import RefusedRow, StagedFile, StagedReading

BLOCKS_AT_ONCE = {"postgresql": 4, "sqlite": 1}  # of 1 MB; SQLite has one writer, who must not keep the others long
ROWS_PER_STATEMENT = {"postgresql": 100_000, "sqlite": 15_000}
READ_BY_US_AT_ONCE = 5_000
ABANDONED_AFTER = timedelta(hours=12)
STAGED_AT_MOST = 5  # times, where SIMs are swapped meanwhile

RAW = "n {number}, iccid varchar(20) {collation}, day text, bytes bigint, read_at text, imei text"

# The rows whose day and instant exist and whose card is known; `cards` says by which number.
STAGE = """
    INSERT INTO cards_stagedreading (file_id, card_id, day, number, bytes, read_at, imei)
    SELECT %(file)s, c.id, d.day, %(before)s + r.n, r.bytes, i.read_at, COALESCE(r.imei, '')
    FROM {rows} AS r
    JOIN staged_day AS d ON d.filed = r.day
    JOIN staged_instant AS i ON i.filed = r.read_at
    JOIN {cards} AS c ON c.iccid = r.iccid
    {nearby}
    ORDER BY c.id, d.day
"""
# Most files stand in the order of their cards: then PostgreSQL reads those of a portion, and not all there are. SQLite
# looks each of them up anyway.
NEARBY = {"postgresql": "WHERE c.iccid BETWEEN %(first)s AND %(last)s", "sqlite": ""}
ENDS = "SELECT MIN(iccid), MAX(iccid) FROM staged_raw"
LEFT_OVER = """
    SELECT r.* FROM staged_raw AS r
    LEFT JOIN staged_day AS d ON d.filed = r.day
    LEFT JOIN staged_instant AS i ON i.filed = r.read_at
    LEFT JOIN cards_card AS c ON c.iccid = r.iccid
    WHERE r.iccid IS NOT NULL AND (d.day IS NULL OR i.read_at IS NULL OR c.id IS NULL)
"""
# `domain.md`, "Identifiers": 20 characters may mean the card of 19, and 19 the one card of 20 that begins with them. An
# F in the 20th place is a filler.
OTHERWISE_NUMBERED = f"""
    WITH unknown AS (
        SELECT DISTINCT r.iccid,
            CASE WHEN SUBSTR(r.iccid, 20) IN ('', '{FILLER}') THEN SUBSTR(r.iccid, 1, 19) END AS nineteen
        FROM staged_left AS r
        WHERE NOT EXISTS (SELECT 1 FROM cards_card AS c WHERE c.iccid = r.iccid)
    )
    SELECT iccid, MIN(id) AS id FROM (
        SELECT u.iccid, c.id FROM unknown AS u JOIN cards_card AS c ON c.iccid = SUBSTR(u.iccid, 1, 19)
        WHERE LENGTH(u.iccid) = 20
        UNION ALL
        SELECT u.iccid, c.id FROM unknown AS u
        JOIN cards_card AS c ON c.iccid > u.nineteen AND c.iccid < u.nineteen || '~'
    ) AS meant GROUP BY iccid HAVING COUNT(*) = 1
"""
NO_LONGER_LEFT = """
    DELETE FROM staged_left WHERE day IN (SELECT filed FROM staged_day)
    AND read_at IN (SELECT filed FROM staged_instant) AND iccid IN (SELECT iccid FROM staged_meant)
"""


def open_file(kept_for=ABANDONED_AFTER):
    """A new `StagedFile` with nothing in it yet; after `kept_for` it is thrown away."""
    return StagedFile.objects.create(kept_until=timezone.now() + kept_for)


def stage(source, file, progress=None, told=AS_IT_STANDS):
    """Stage the rows of `source`, a path or a file open for reading bytes, read as `told`; the closed `Table`, for what
    it says of the file. `BadInput` when the file itself is no good.

    Writes nothing but staged rows. Begins anew when it is called again, and when a SIM was swapped meanwhile: of its
    rows nobody could say any more which card they were given to. `progress`, if given, is called with the file's
    expected rows and those staged since.
    """
    with opened(source) as opened_file:
        for _time in range(STAGED_AT_MOST):
            swaps = swaps_latest_first()
            table = _stage_all(opened_file, file, progress, told)
            if swaps_latest_first() == swaps:
                conclude(file, swaps, names_sims(table))
                return table
            opened_file.seek(0)
    raise BadInput("", _("SIMs were swapped again and again while the file was read. Import it again."))


def _stage_all(source, file, progress, told):
    empty(file)
    with open_usage(source, told) as table:
        file.is_cumulative, file.tells_no_instant = told.cumulative, tells_no_instant(table)
        start = plain_start(table.file, table.columns) if table.is_ours else None
        feed = RowFeed(table) if start is None else LineFeed(table, start)
        with closing(in_lanes(partial(_stage_portion, file, feed.columns), feed.portions(), at_hand=1)) as staged:
            for rows in staged:
                file.rows += rows
                if progress:
                    progress(table.expected, rows)
    return table


@transaction.atomic
def conclude(file, swaps=(), names_sims=True):
    """Leave one reading a card and day, the last word of the file.

    What a file that names SIMs tells of days before a swap is of the card that had the SIM then. `swaps` are those that
    there were before the first row was staged.
    """
    tune_for_bulk()
    with connection.cursor() as cursor:
        analyze(cursor, "cards_stagedreading")
    file.names_sims = names_sims
    if names_sims:
        give_to_who_had_the_sim(file, swaps)
    file.stale = keep_last_words(file)
    file.save(update_fields=["rows", "stale", "is_cumulative", "tells_no_instant", "names_sims"])


def empty(file):
    """Take everything out of a staged file."""
    readings, at_once = StagedReading.objects.filter(file_id=file.pk), ROWS_PER_STATEMENT[connection.vendor]
    if readings.exists() and not _emptied_at_once(file):
        while following := list(readings.order_by("card_id").values_list("card_id", flat=True)[at_once : at_once + 1]):
            readings.filter(card_id__lte=following[0]).delete()
        readings.delete()
    RefusedRow.objects.filter(file=file).delete()
    file.rows, file.stale, file.told_on = 0, 0, None
    file.save()


@transaction.atomic
def _emptied_at_once(file):
    """On PostgreSQL a table of which nobody else has rows is emptied in no time, whatever its size."""
    if connection.vendor != "postgresql" or _others_have_rows(file):
        return False
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE cards_stagedreading IN ACCESS EXCLUSIVE MODE")
        alone = not _others_have_rows(file)
        if alone:
            cursor.execute("SELECT cards_empty_staged_readings()")  # only who owns a table empties it at once
    return alone


def _others_have_rows(file):
    """The key finds them on both sides of the file; what is not equal would be looked for row by row."""
    staged = StagedReading.objects
    return staged.filter(file_id__lt=file.pk).exists() or staged.filter(file_id__gt=file.pk).exists()


def discard(file):
    empty(file)
    file.delete()


def discard_abandoned():
    """Throw away what an import that was killed, or that nobody started, has left; how many files, and that is all."""
    files = list(StagedFile.objects.filter(kept_until__lt=timezone.now()))
    for file in files:
        discard(file)
    return len(files), False


@dataclass
class Portion:
    """Some lines of a file: those that look good, in `blocks` as the database takes them, their numbers counted from
    `before`; and `aside` the rows to read one by one. `rows` counts both."""

    before: int
    blocks: list[bytes] = field(default_factory=list)
    aside: list[Row] = field(default_factory=list)
    lines: int = 0
    rows: int = 0


class LineFeed:
    """The rows of a plain file: its lines as they are. A row set aside leaves an empty line, so that all keep count."""

    def __init__(self, table, start):
        self.table, self.start = table, start
        patterns = ",".join(EVIDENTLY_GOOD[name] for name in table.columns).encode()
        self.good_line, self.good_block = re.compile(patterns), re.compile(b"(?:%b\n)*+" % patterns)
        self.columns, self.empty_line = table.columns, b"," * (len(table.columns) - 1)

    def portions(self) -> Iterator[Portion]:
        portion = Portion(before=1)
        for block in plain_blocks(self.table.file, self.start):
            portion.blocks.append(self._sifted(block, portion))
            if len(portion.blocks) == BLOCKS_AT_ONCE[connection.vendor] or len(portion.aside) >= READ_BY_US_AT_ONCE:
                yield portion
                portion = Portion(before=portion.before + portion.lines)
        if portion.lines:
            yield portion

    def _sifted(self, block, portion):
        if self.good_block.fullmatch(block):
            lines = block.count(b"\n")
            portion.lines, portion.rows = portion.lines + lines, portion.rows + lines
            return block
        lines = block.removesuffix(b"\n").split(b"\n")
        return b"".join(self._good_or_empty(line, portion) + b"\n" for line in lines)

    def _good_or_empty(self, line, portion):
        portion.lines += 1
        good = self.good_line.fullmatch(line)
        if good:
            portion.rows += 1
        elif row := self.table.row_of(portion.before + portion.lines, line.decode()):
            portion.rows += 1
            portion.aside.append(row)
        return line if good else self.empty_line


class RowFeed:
    """The rows of any other file, read by `cards.files`; each is staged with its number."""

    def __init__(self, table):
        self.table = table
        self.good_line = re.compile(",".join(EVIDENTLY_GOOD[name] for name in table.columns), re.ASCII)
        self.columns = ["n", *table.columns]

    def portions(self) -> Iterator[Portion]:
        portion = Portion(before=0)
        for rows in chunked(self.table.rows, READ_BY_US_AT_ONCE):
            portion.blocks.append("".join(filter(None, (self._good(row, portion) for row in rows))).encode())
            portion.rows += len(rows)
            full = portion.rows >= ROWS_PER_STATEMENT[connection.vendor]
            if full or len(portion.aside) >= READ_BY_US_AT_ONCE:
                yield portion
                portion = Portion(before=0)
        if portion.rows:
            yield portion

    def _good(self, row, portion):
        line = ",".join(row.texts.values())
        if not row.wrong and self.good_line.fullmatch(line):
            return f"{row.number},{line}\n"
        portion.aside.append(row)
        return ""


@transaction.atomic
def _stage_portion(file, columns, portion):
    """Stage a portion of a file with these columns; how many rows it has."""
    tune_for_bulk()
    today = civil_today()
    postgresql = connection.vendor == "postgresql"
    number = "integer GENERATED BY DEFAULT AS IDENTITY" if postgresql else "INTEGER PRIMARY KEY"
    make_table("staged_raw", RAW.format(number=number, collation='COLLATE "C"' if postgresql else ""))
    fill_from_lines("staged_raw", columns, portion.blocks)
    _read_the_different("day", "staged_day", "date", lambda day: day <= today)
    _read_the_different("read_at", "staged_instant", "timestamptz" if postgresql else "text")
    with connection.cursor() as cursor:
        for table in ("staged_raw (iccid, day, read_at)", "staged_day", "staged_instant"):
            analyze(cursor, table)
        cursor.execute(ENDS)
        first, last = cursor.fetchone()
        among = {"file": file.pk, "before": portion.before, "first": first, "last": last}
        cursor.execute(STAGE.format(rows="staged_raw", cards="cards_card", nearby=NEARBY[connection.vendor]), among)
        if cursor.rowcount < portion.rows - len(portion.aside):
            _stage_the_left_over(cursor, file, portion, among, today)
    _stage_by_hand(file, portion.aside, today)
    return portion.rows


def _read_the_different(column, table, kind, may_be=None):
    """Read each text of a column once, and keep what it means; one that means nothing is left out."""
    read, meant = USAGE_READERS[column], []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT {column} FROM staged_raw WHERE {column} IS NOT NULL")
        for (text,) in cursor.fetchall():
            try:
                value = read(text)
            except BadInput:
                continue
            if may_be is None or may_be(value):
                meant.append((text, value))
    make_table(table, f"filed text, {column} {kind}")
    append_rows(table, ("filed", column), meant)


def _stage_the_left_over(cursor, file, portion, among, today):
    """Rows of cards that are filed under their other number, and rows that only look good."""
    select_into("staged_left", LEFT_OVER, [], counted="iccid")
    select_into("staged_meant", OTHERWISE_NUMBERED, [], counted="iccid")
    cursor.execute(STAGE.format(rows="staged_left", cards="staged_meant", nearby=""), among)
    cursor.execute(NO_LONGER_LEFT)
    page = f"SELECT n, {', '.join(USAGE_COLUMNS)} FROM staged_left WHERE n > %s ORDER BY n LIMIT {READ_BY_US_AT_ONCE}"
    last = 0
    while left := cursor.execute(page, [last]) and cursor.fetchall():
        last = left[-1][0]
        texts = [(n, [str(cell or "") for cell in cells]) for n, *cells in left]
        rows = [Row(portion.before + n, dict(zip(USAGE_COLUMNS, cells, strict=True))) for n, cells in texts]
        _stage_by_hand(file, rows, today)


def _stage_by_hand(file, rows, today):
    """Stage or refuse each of these rows for itself."""
    read, refused = [], []
    for row in rows:
        try:
            if row.wrong:
                raise row.wrong
            read.append(read_usage_row(row.number, row.texts, today))
        except BadInput as bad:
            refused.append((file.pk, row.number, bad.field, str(bad.sentence)))
    meant = ids_by_iccid([row.iccid for row in read])
    known = [row for row in read if len(meant[row.iccid]) == 1]
    several, unknown = _("several cards begin with this ICCID"), _("there is no card with this ICCID")
    refused += [
        (file.pk, row.number, "iccid", several if meant[row.iccid] else unknown)
        for row in read
        if len(meant[row.iccid]) != 1
    ]
    warnings = [(file.pk, row.number, "imei", row.warning, True) for row in known if row.warning]
    columns = ("file_id", "number", "field", "message", "is_warning")
    append_rows("cards_refusedrow", columns, [*((*row, False) for row in refused), *warnings])
    append_rows(
        "cards_stagedreading",
        ("file_id", "card_id", "number", "day", "bytes", "read_at", "imei"),
        ((file.pk, meant[row.iccid][0], row.number, row.day, row.bytes, row.read_at, row.imei) for row in known),
    )
