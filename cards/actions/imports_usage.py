"""Files of usage, taken in chunk by chunk: good rows go in, bad ones come back with their reason."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cards import identifiers
from cards.actions.imports import take_table
from cards.actions.parameters import read_day, read_whole
from cards.actions.usage import Reading, take_readings
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.files import open_table
from cards.lookup import ids_by_iccid

READINGS_AT_ONCE = 5_000
LARGEST_BYTES = 2**50

USAGE_COLUMNS = ("iccid", "day", "bytes", "read_at", "imei")
USAGE_REQUIRED = ("iccid", "day", "bytes", "read_at")


def import_usage(source, *, dry_run=False, progress=None):
    """Take the readings of a file and apply what they cause."""
    today = civil_today()

    def read(row):
        return read_usage_row(row.number, row.texts, today)

    with open_table(source, USAGE_COLUMNS, USAGE_REQUIRED) as table:
        return take_table(table, read, _take_usage, READINGS_AT_ONCE, dry_run, progress)


@dataclass(slots=True)
class UsageRow:
    """One row of a usage file, read and valid in itself."""

    number: int
    iccid: str
    day: object
    bytes: int
    read_at: object
    imei: str = ""


def read_usage_row(number, texts, today):
    """A `UsageRow` of one row's texts by column, or `BadInput` that names the field."""
    for column in USAGE_REQUIRED:
        if not texts.get(column):
            raise BadInput(column, _("a value is required"))
    row = UsageRow(number, **{column: USAGE_READERS[column](text) for column, text in texts.items() if text})
    if row.day > today:
        raise BadInput("day", _("{day} lies in the future").format(day=row.day))
    return row


def _read_at(text):
    """An instant in ISO 8601; without a zone it is Asia/Shanghai's."""
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None:
        raise BadInput("read_at", _("“{text}” is not an instant; write it as 2026-03-02T08:00").format(text=text))
    return timezone.make_aware(instant) if timezone.is_naive(instant) else instant


USAGE_READERS = {
    "iccid": identifiers.iccid,
    "day": read_day("day"),
    "bytes": read_whole("bytes", 0, LARGEST_BYTES),
    "read_at": _read_at,
    "imei": identifiers.imei,
}


def _take_usage(rows):
    ids, readings, errors = ids_by_iccid([row.iccid for row in rows]), [], []
    for row in rows:
        meant = ids[row.iccid]
        if len(meant) == 1:
            readings.append(Reading(meant[0], row.day, row.bytes, row.read_at, row.imei))
        else:
            message = _("several cards begin with this ICCID") if meant else _("there is no card with this ICCID")
            errors.append({"row": row.number, "field": "iccid", "message": message})
    counts, _outcomes = take_readings(readings)
    return counts, errors
