"""The contenders of the usage import: each takes the same file in its own way, and prints how long it took."""

import csv
import json
import sys
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 -- Django has to be set up first
from django.utils import timezone  # noqa: E402

from cards.actions.action_requests import act  # noqa: E402
from cards.actions.imports.card_rows import read_card_row  # noqa: E402
from cards.actions.imports.cards_applying import apply_cards  # noqa: E402
from cards.actions.imports.temporary_tables import analyze, tune_for_bulk  # noqa: E402
from cards.actions.imports.usage_file import import_usage  # noqa: E402
from cards.actions.usage import Reading, apply_readings  # noqa: E402
from cards.actions.write import chunked  # noqa: E402
from cards.calendar import as_of  # noqa: E402
from cards.models import Card, CardEvent, UsageDay  # noqa: E402
from cards.models.card import MB  # noqa: E402
from cards.permissions import Actor  # noqa: E402
from tests.bench.cost import as_deployed, costing  # noqa: E402
from tests.bench.usage_files import KINDS, UNUSED, iccid, imei  # noqa: E402

TOLD_AT = timezone.make_aware(datetime(2026, 1, 31, 12))  # while the cycle of these days still runs
BY_IMPORT_EXPORT = 1_000

SHELL = Actor.shell()
# The file as it is into a table of texts; its cards found and its texts read; then a statement each for the days, the
# counters of the cards and the sums.
PLACED = """
    CREATE TEMPORARY TABLE placed AS
    SELECT c.id AS card_id, {values}, s.imei FROM staging AS s JOIN cards_card AS c ON c.iccid = s.iccid
"""
WRITTEN = (
    """
    INSERT INTO cards_usageday (card_id, day, bytes, read_at, imei)
    SELECT card_id, day, bytes, read_at, imei FROM placed WHERE TRUE
    ON CONFLICT (card_id, day) DO UPDATE SET bytes = excluded.bytes, read_at = excluded.read_at, imei = excluded.imei
    WHERE cards_usageday.read_at < excluded.read_at
    """,
    """
    UPDATE cards_card AS c SET used_bytes = c.used_bytes + n.bytes, used_on = n.day, read_at = n.read_at
    FROM (
        SELECT card_id, SUM(bytes) AS bytes, MAX(day) AS day, MAX(read_at) AS read_at FROM placed GROUP BY card_id
    ) AS n WHERE c.id = n.card_id
    """,
    "INSERT INTO cards_usagetally (day, bytes, readings) SELECT day, SUM(bytes), COUNT(*) FROM placed GROUP BY day",
)
VALUES = {
    "postgresql": "s.day::date AS day, s.bytes::bigint AS bytes, "
    "s.read_at::timestamp AT TIME ZONE 'Asia/Shanghai' AS read_at",
    "sqlite": "s.day AS day, CAST(s.bytes AS integer) AS bytes, datetime(s.read_at, '-8 hours') AS read_at",
}


def prepare():
    """A hundred cards that have lived through the actions."""
    rows = [_card_row(key) for key in range(1, len(KINDS) + 1)]
    assert apply_cards(rows, actor=SHELL).errors == []
    act("activate", [key for key, kind in _lives() if kind is not UNUSED], actor=SHELL, on=date(2025, 11, 5))
    for day in sorted({kind.day for kind in KINDS if kind.day}):
        # The day in December is told in December.
        told = [Reading(key, day, kind.mb * MB, _noon(day), imei(key)) for key, kind in _lives() if kind.day == day]
        apply_readings(told, told_on=day)


def _lives():
    return enumerate(KINDS, 1)


def _card_row(key):
    texts = {"iccid": iccid(key), "carrier": "cmcc", "certification": "enterprise"}
    texts |= {"opened_on": "2025-11-01", "plan": "Y1-30", "binding": "fixed", "imei": imei(key)}
    return read_card_row(key, texts, date.max)


def _noon(day):
    return timezone.make_aware(datetime.combine(day, time(12)))


def portal(file):
    """The portal's own import: readings, meters, holds, activations, records, sums."""
    as_deployed()
    events = CardEvent.objects.count()
    with costing() as cost, as_of(TOLD_AT):
        imported = import_usage(file)
    caused = f"{CardEvent.objects.count() - events:,} changes of cards; {len(imported.errors)} rows refused"
    return {"count": imported.rows, "caused": caused, **cost}


def again(file):
    """The same file sent once more."""
    with as_of(TOLD_AT):
        import_usage(file)
    return portal(file)


@transaction.atomic
def upsert(file):
    """The limit: who knows that nothing can be wrong and that nothing comes of it says it in a few statements."""
    columns = "iccid, day, bytes, read_at, imei"
    with costing() as cost, connection.cursor() as cursor:
        tune_for_bulk()
        cursor.execute("CREATE TEMPORARY TABLE staging (iccid text, day text, bytes text, read_at text, imei text)")
        with file.open("rb") as opened:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY staging ({columns}) FROM STDIN (FORMAT csv, HEADER)") as copy:
                    while block := opened.read(131_072):
                        copy.write(block)
                cursor.execute("ANALYZE staging")
            else:
                lines = (line.decode().rstrip().split(",") for line in islice(opened, 1, None))
                cursor.executemany("INSERT INTO staging VALUES (%s, %s, %s, %s, %s)", lines)
        cursor.execute(PLACED.format(values=VALUES[connection.vendor]))
        analyze(cursor, "placed")
        rows = 0
        for statement in WRITTEN:
            cursor.execute(statement)
            rows = rows or cursor.rowcount
    return {"count": rows, **cost}


def bulk(file):
    """What a user of Django would write who thinks of speed."""
    rows = 0
    with costing() as cost:
        ids = dict(Card.objects.values_list("iccid", "pk"))
        for chunk in chunked(_records(file), 5_000):
            rows += _create(chunk, ids)
    return {"count": rows, **cost}


def _create(chunk, ids):
    days = [
        UsageDay(
            card_id=ids[record["iccid"]],
            day=date.fromisoformat(record["day"]),
            bytes=int(record["bytes"]),
            read_at=timezone.make_aware(datetime.fromisoformat(record["read_at"])),
            imei=record["imei"],
        )
        for record in chunk
    ]
    written = {"update_fields": ["bytes", "read_at", "imei"], "unique_fields": ["card", "day"]}
    UsageDay.objects.bulk_create(days, update_conflicts=True, **written)
    return len(days)


def _records(file):
    with file.open() as opened:
        yield from csv.DictReader(opened)


def import_export(file):
    """What its documentation says, on the file's first rows."""
    from import_export.fields import Field
    from import_export.resources import ModelResource
    from import_export.widgets import DateTimeWidget, ForeignKeyWidget
    from tablib import Dataset

    class UsageResource(ModelResource):
        card = Field(attribute="card", column_name="iccid", widget=ForeignKeyWidget(Card, "iccid"))
        read_at = Field(attribute="read_at", column_name="read_at", widget=DateTimeWidget("%Y-%m-%dT%H:%M:%S"))

        class Meta:
            model = UsageDay
            fields = import_order = ("card", "day", "bytes", "read_at", "imei")
            import_id_fields = ("card", "day")

    records = list(islice(_records(file), BY_IMPORT_EXPORT))
    with costing() as cost:
        dataset = Dataset(*(record.values() for record in records), headers=list(records[0]))
        UsageResource().import_data(dataset, raise_errors=True)
    return {"count": len(records), **cost}


CONTENDERS = {
    "prepare": prepare,
    "portal": portal,
    "again": again,
    "upsert": upsert,
    "bulk": bulk,
    "import_export": import_export,
}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](*map(Path, arguments))))
