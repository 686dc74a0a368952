"""One row of a usage file: its columns, how each is read, and what is wrong with it."""

from dataclasses import dataclass
from functools import reduce

from django.utils.translation import gettext as _

from cards import identifiers
from cards.calendar import first_instant, last_instant
from cards.catalogue.parameters import read_day, read_whole
from cards.errors import BadInput
from cards.files.days import instant_of
from cards.phrases import joined, pair

LARGEST_BYTES = 2**50

USAGE_COLUMNS = ("iccid", "day", "bytes", "read_at", "imei")
USAGE_REQUIRED = (("iccid", "msisdn"), "day", "bytes")
NEEDED_IN_A_ROW = ("iccid", "day", "bytes", "read_at")

# What the readers below take without a second look, but for days and instants that do not exist or lie in the future.
EVIDENTLY_GOOD = {
    "iccid": "8986[0-9A-Z]{15,16}",
    "day": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "bytes": "[0-9]{1,15}",
    "read_at": "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.+Z-]{4,21}",
    "imei": "(?:(?!0{14})[0-9]{14,16})?",
}


@dataclass(slots=True)
class UsageRow:
    """One row of a usage file, read and valid in itself."""

    number: int
    iccid: str
    day: object
    bytes: int
    read_at: object
    imei: str = ""
    warning: str = ""


def read_usage_row(number, texts, today):
    """A `UsageRow` of one row's texts by column, or `BadInput` that names the field, and says what else is wrong.

    A device that cannot be read is left out, with a warning: the bytes are what the file is for.
    """
    values = {}
    faults = [BadInput(column, _("a value is required")) for column in NEEDED_IN_A_ROW if not texts.get(column)]
    for column, text in texts.items():
        if text:
            try:
                values[column] = USAGE_READERS[column](text)
            except BadInput as bad:
                faults.append(bad)
    if "day" in values and values["day"] > today:
        faults.append(BadInput("day", _("{day} is in the future").format(day=values["day"])))
    if faults:
        first, *others = faults
        raise BadInput(first.field, reduce(joined, (pair(bad.field, bad.sentence) for bad in others), first.sentence))
    row = UsageRow(number, **values)
    if texts.get("imei") and not row.imei:
        row.warning = _("“{text}” is no IMEI: the row was taken without a device").format(text=texts["imei"])
    return row


def _read_at(text):
    """An instant, in any form that leaves no doubt; without a zone it is Asia/Shanghai's."""
    instant = instant_of(text)
    if instant is None:
        raise BadInput("read_at", _("“{text}” is not a date and time; write it as 2026-03-02T08:00").format(text=text))
    if instant < first_instant():
        raise BadInput("read_at", _("“{text}” is before 2000").format(text=text))
    if instant > last_instant():
        raise BadInput("read_at", _("“{text}” is in the future").format(text=text))
    return instant


def _device(text):
    """The IMEI that can be read, if one can."""
    try:
        return identifiers.imei_if_any(text)
    except BadInput:
        return ""


USAGE_READERS = {
    "iccid": identifiers.iccid,
    "day": read_day("day"),
    "bytes": read_whole("bytes", 0, LARGEST_BYTES),
    "read_at": _read_at,
    "imei": _device,
}
