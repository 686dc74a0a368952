"""Days and instants as people, spreadsheets and carriers write them: the year first, so that there is no doubt."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from django.utils import timezone as portal_time

DAY = (
    r"(?P<year>[0-9]{4})(?:(?P<sign>[-/.])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})"
    r"|(?P<month_2>[0-9]{2})(?P<day_2>[0-9]{2})"
    r"|\s*年\s*(?P<month_3>[0-9]{1,2})\s*月\s*(?P<day_3>[0-9]{1,2})\s*[日号]?)"
)
FRACTION = "[.,][0-9]+"
TIME = (
    r"(?P<hour>[0-9]{1,2})(?:[:时点](?P<minute>[0-9]{1,2})"
    rf"(?:[:分](?P<second>[0-9]{{1,2}})(?P<fraction>{FRACTION})?秒?|分)?)?"
)
PLAIN_TIME = rf"(?P<hour_2>[0-9]{{2}})(?P<minute_2>[0-9]{{2}})(?P<second_2>[0-9]{{2}})?(?P<fraction_2>{FRACTION})?"
ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?(?:[0-9]{2})?)"
INSTANT = re.compile(rf"{DAY}(?:(?:(?:T|\s+|(?<=[日号])){TIME}|[T\s]?{PLAIN_TIME})\s*{ZONE}?)?", re.IGNORECASE)


def day_of(text: str) -> date | None:
    """The civil day that a text says; None when it says none, or leaves a doubt (`1/5/2026`).

    An hour behind it does not matter, nor does a zone, but that the day is Shanghai's.
    """
    if len(text) == 10 and text[4] == text[7] == "-":  # as most files have it, and as is read in no time
        with suppress(ValueError):
            return date.fromisoformat(text)
    instant = instant_of(text)
    try:
        return instant and portal_time.localtime(instant).date()
    except OverflowError:
        return None


def instant_of(text: str) -> datetime | None:
    """The instant that a text says, with its zone, Shanghai's where it says none; None as for `day_of`.

    A day without an hour is its first moment.
    """
    found = INSTANT.fullmatch(text.strip())
    if not found or (found["hour_2"] and not found["month_2"]):
        return None
    said = {name.rstrip("_23"): value for name, value in found.groupdict().items() if value is not None}
    numbers = {name: int(said.get(name, 0)) for name in ("year", "month", "day", "hour", "minute", "second")}
    try:
        day = datetime(numbers["year"], numbers["month"], numbers["day"], tzinfo=_zone(said.get("zone", "")))
        return day.replace(
            hour=numbers["hour"],
            minute=numbers["minute"],
            second=numbers["second"],
            microsecond=_microseconds(said.get("fraction", "")),
        )
    except (ValueError, OverflowError):
        return None


def _microseconds(fraction: str) -> int:
    return int(fraction[1:7].ljust(6, "0")) if fraction else 0


def _zone(text: str) -> tzinfo:
    if not text:
        return portal_time.get_default_timezone()
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
