"""Files of cards and of usage, taken in chunk by chunk: good rows go in, bad ones come back with their reason.

A dry run does the same in transactions that are rolled back, one a chunk, so that it never keeps others from writing
for long. A card that stands in two chunks of a file is found all the same; a day's usage that does is counted as
created twice, because the first chunk is gone when the second is tried.
"""

from dataclasses import asdict, dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cards import identifiers
from cards.actions.intake import COLUMNS, REQUIRED, read_card_row, take_cards
from cards.actions.parameters import read_day, read_whole
from cards.actions.usage import Reading, take_readings
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.files import open_table
from cards.lookup import ids_by_iccid

CARDS_AT_ONCE = 2_000
READINGS_AT_ONCE = 5_000
ERRORS_KEPT = 100_000
LARGEST_BYTES = 2**50

USAGE_COLUMNS = ("iccid", "day", "bytes", "read_at", "imei")
USAGE_REQUIRED = ("iccid", "day", "bytes", "read_at")


@dataclass
class Imported:
    """What became of a file's rows."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    errors: list = field(default_factory=list)
    errors_left_out: int = 0

    def refuse(self, number, bad):
        self.add_errors([{"row": number, "field": bad.field or None, "message": str(bad.sentence)}])

    def add_errors(self, errors):
        room = max(ERRORS_KEPT - len(self.errors), 0)
        self.errors += errors[:room]
        self.errors_left_out += len(errors[room:])

    def in_order(self):
        """As a document: the errors in the order of the file."""
        self.errors.sort(key=lambda error: error["row"])
        document = asdict(self)
        if not self.errors_left_out:
            del document["errors_left_out"]
        return document


def import_cards(source, *, actor, update=False, dry_run=False, progress=None):
    """Take the cards of a file; `progress`, if given, is told the file's expected rows and those done since."""
    today = civil_today()
    once = OnceEach()

    def read(row):
        return once.checked(read_card_row(row.number, row.texts, today))

    def take(rows):
        taken = take_cards(rows, actor=actor, update=update)
        return {"created": taken.created, "updated": taken.updated, "unchanged": taken.unchanged}, taken.errors

    with open_table(source, COLUMNS, REQUIRED) as table:
        return _imported(table, read, take, CARDS_AT_ONCE, dry_run, progress)


def import_usage(source, *, dry_run=False, progress=None):
    """Take the readings of a file and apply what they cause."""
    today = civil_today()

    def read(row):
        return read_usage_row(row.number, row.texts, today)

    with open_table(source, USAGE_COLUMNS, USAGE_REQUIRED) as table:
        return _imported(table, read, _take_usage, READINGS_AT_ONCE, dry_run, progress)


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


class OnceEach:
    """Each ICCID of a file once, wherever in it: nobody can say which of two different rows is meant.

    Of a row only its number and a hash are kept.
    """

    def __init__(self):
        self.first = {}

    def checked(self, row):
        """The row, unless the file has had another one of this card."""
        content = hash(tuple(getattr(row, column) for column in COLUMNS))
        number, known = self.first.setdefault(row.iccid, (row.number, content))
        if known != content:
            message = _("the card stands in row {row} already, with other data")
            raise BadInput("iccid", message.format(row=number))
        return row


def _imported(table, read, take, at_once, dry_run, progress):
    imported = Imported()
    for chunk in chunked(table.rows, at_once):
        imported.rows += len(chunk)
        rows = list(_readable(chunk, read, imported))
        counts, errors = _taken(rows, take, dry_run)
        for name, count in counts.items():
            setattr(imported, name, getattr(imported, name) + count)
        imported.add_errors(errors)
        if progress:
            progress(table.expected, len(chunk))
    return imported


def _readable(chunk, read, imported):
    for row in chunk:
        try:
            if row.wrong:
                raise row.wrong
            yield read(row)
        except BadInput as bad:
            imported.refuse(row.number, bad)


def _taken(rows, take, dry_run):
    """Take the rows in one transaction; once more if another import took the same cards at the same moment."""
    try:
        return _taken_once(rows, take, dry_run)
    except IntegrityError:
        return _taken_once(rows, take, dry_run)


def _taken_once(rows, take, dry_run):
    with transaction.atomic():
        taken = take(rows)
        transaction.set_rollback(dry_run)
    return taken


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
