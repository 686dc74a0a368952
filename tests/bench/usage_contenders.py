"""The contenders of the usage import: each takes the same file in its own way, and prints how long it took."""

import csv
import json
import resource
import sys
import time
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

import django

django.setup()

from django.core.management.color import no_style  # noqa: E402 -- Django has to be set up first
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from cards.actions.action_requests import act  # noqa: E402
from cards.actions.imports.card_rows import read_card_row  # noqa: E402
from cards.actions.imports.cards_applying import apply_cards  # noqa: E402
from cards.actions.imports.temporary_tables import append_rows, make_table  # noqa: E402
from cards.actions.imports.usage_file import import_usage  # noqa: E402
from cards.actions.usage import Reading, apply_readings  # noqa: E402
from cards.actions.write import chunked  # noqa: E402
from cards.calendar import as_of  # noqa: E402
from cards.models import Card, CardEvent, ServiceTerm, UsageDay  # noqa: E402
from cards.models.card import MB  # noqa: E402
from cards.permissions import Actor  # noqa: E402
from cards.triggers import install_triggers  # noqa: E402
from tests.build import unguarded  # noqa: E402

FIRST_DAY = date(2026, 1, 20)
TOLD_AT = timezone.make_aware(datetime(2026, 1, 31, 12))  # while the cycle of these days still runs
DEVICE = "490154203237518"
FILE = "usage.csv"
BY_IMPORT_EXPORT = 2_000

# What a hundred cards in a row are: used this cycle, used in the last one, about to be used up, not used yet.
KINDS = [0] * 49 + [1] * 49 + [2, 3]
UPSERT = """
    INSERT INTO cards_usageday (card_id, day, bytes, read_at, imei)
    SELECT c.id, {values}, s.imei FROM staging AS s JOIN cards_card AS c ON c.iccid = s.iccid WHERE TRUE
    ON CONFLICT (card_id, day) DO UPDATE SET bytes = excluded.bytes, read_at = excluded.read_at, imei = excluded.imei
    WHERE cards_usageday.read_at < excluded.read_at
"""
VALUES = {
    "postgresql": "s.day::date, s.bytes::bigint, s.read_at::timestamp AT TIME ZONE 'Asia/Shanghai'",
    "sqlite": "s.day, CAST(s.bytes AS integer), datetime(s.read_at, '-8 hours')",
}


def prepare(folder, cards, rows):
    """A fleet, each card a copy of one of four that have lived through the actions; and the file."""
    models = _models()
    first = models[-1] + 1
    make_table("copies", "id integer, iccid varchar(20), model integer")
    copies = ((first + number, _iccid(number), models[KINDS[number % 100]]) for number in range(cards))
    append_rows("copies", ("id", "iccid", "model"), copies)
    _copy(Card, {"id": "n.id", "iccid": "n.iccid"})
    unguarded("cards_cardevent")  # a copied record is not its card's next
    for model in (ServiceTerm, CardEvent):
        _copy(model, {"id": None, "card_id": "n.id"})
    install_triggers()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Card]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    _write_file(rows, cards, folder)
    return {"cards": Card.objects.count()}


def _models():
    taken = [_card_row(number) for number in range(4)]
    apply_cards(taken, actor=Actor.shell())
    models = list(Card.objects.order_by("pk").values_list("pk", flat=True))
    act("activate", models[:3], actor=Actor.shell(), on=date(2025, 11, 5))
    used = ((models[0], date(2026, 1, 5), 2), (models[1], date(2025, 12, 5), 2), (models[2], date(2026, 1, 5), 12))
    read_at = timezone.make_aware(datetime(2026, 1, 6, 8))
    # The day in December is told in December.
    for card_id, day, mb in used:
        apply_readings([Reading(card_id, day, mb * MB, read_at, DEVICE)], told_on=day)
    return models


def _card_row(number):
    texts = {"iccid": _iccid(9 * 10**15 + number), "carrier": "cmcc", "certification": "enterprise"}
    texts |= {"opened_on": "2025-11-01", "plan": "Y1-30", "binding": "fixed", "imei": DEVICE}
    return read_card_row(number, texts, date.max)


def _iccid(number):
    return f"8986{number:016d}"


def _copy(model, new):
    """A row for each copied card like its model's; `new` says what differs, or that the database numbers the rows."""
    columns = {field.column: f"t.{field.column}" for field in model._meta.concrete_fields} | new
    columns = {column: value for column, value in columns.items() if value}
    table, of_card = model._meta.db_table, "id" if model is Card else "card_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
            f"FROM copies AS n JOIN {table} AS t ON t.{of_card} = n.model"
        )


def _write_file(rows, cards, folder):
    """As many days of all cards as make the rows; the last cards have a day less."""
    with (folder / FILE).open("w") as file:
        file.write("iccid,day,bytes,read_at,imei\n")
        for number in range(rows):
            day, card = divmod(number, cards)
            used = number * 7919 % MB + (20 * MB if KINDS[card % 100] == 2 else 1)
            day = FIRST_DAY + timedelta(days=day)
            read_at = f"{day + timedelta(days=1)}T01:{card % 60:02d}:00"
            file.write(f"{_iccid(card)},{day},{used},{read_at},{DEVICE}\n")


def portal(folder):
    """The portal's own import: readings, meters, holds, activations, records, sums."""
    events = CardEvent.objects.count()
    start = time.perf_counter()
    with as_of(TOLD_AT):
        imported = import_usage(folder / FILE)
    seconds = time.perf_counter() - start
    caused = f"{CardEvent.objects.count() - events:,} changes of cards; {len(imported.errors)} rows refused"
    return {"rows": imported.rows, "seconds": seconds, "caused": caused}


@transaction.atomic
def upsert(folder):
    """The limit: the file as it is into a table of texts, and from there in one statement; no card changes."""
    start, columns = time.perf_counter(), "iccid, day, bytes, read_at, imei"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE staging (iccid text, day text, bytes text, read_at text, imei text)")
        with (folder / FILE).open("rb") as file:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY staging ({columns}) FROM STDIN (FORMAT csv, HEADER)") as copy:
                    while block := file.read(131_072):
                        copy.write(block)
                cursor.execute("ANALYZE staging")
            else:
                lines = (line.decode().rstrip().split(",") for line in islice(file, 1, None))
                cursor.executemany("INSERT INTO staging VALUES (%s, %s, %s, %s, %s)", lines)
        cursor.execute(UPSERT.format(values=VALUES[connection.vendor]))
        return {"rows": cursor.rowcount, "seconds": time.perf_counter() - start}


def bulk(folder):
    """What a user of Django would write who thinks of speed."""
    start, rows = time.perf_counter(), 0
    ids = dict(Card.objects.values_list("iccid", "pk"))
    for chunk in chunked(_records(folder), 5_000):
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
        rows += len(days)
    return {"rows": rows, "seconds": time.perf_counter() - start}


def _records(folder):
    with (folder / FILE).open() as file:
        yield from csv.DictReader(file)


def import_export(folder):
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

    records = list(islice(_records(folder), BY_IMPORT_EXPORT))
    start = time.perf_counter()
    dataset = Dataset(*(record.values() for record in records), headers=list(records[0]))
    UsageResource().import_data(dataset, raise_errors=True)
    return {"rows": UsageDay.objects.filter(day=FIRST_DAY).count(), "seconds": time.perf_counter() - start}


CONTENDERS = {"portal": portal, "upsert": upsert, "bulk": bulk, "import_export": import_export}

if __name__ == "__main__":
    name, folder, *numbers = sys.argv[1:]
    result = (CONTENDERS | {"prepare": prepare})[name](Path(folder), *map(int, numbers))
    result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))
