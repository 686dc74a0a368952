"""Civil days in Asia/Shanghai: pure date arithmetic, and the one clock that says what day it is."""

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from functools import cache

from django.conf import settings
from django.utils import timezone

WEEK = 7  # days

# What a page can show and the rules can reckon with: no "never" and no "for ever" of some program is a day.
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
SECONDS_A_DAY = 24 * 60 * 60
CLOCKS_DIFFER_BY = timedelta(hours=1)

_moved_to: ContextVar[datetime | None] = ContextVar("moved_to", default=None)
_done_for: ContextVar[date | None] = ContextVar("done_for", default=None)


def civil_today() -> date:
    """The civil day on which the portal acts: today in Asia/Shanghai, or `SIMPORTAL_TODAY` with DEBUG on.

    Within `for_day` it is that day.
    """
    return _done_for.get() or _by_the_clock()


def midnight(day: date) -> datetime:
    """The instant at which a civil day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def made_up_for() -> date | None:
    """The civil day for which is done what is done now, if that day is over; else None."""
    day = _done_for.get()
    return day if day and day < _by_the_clock() else None


def _by_the_clock() -> date:
    if _moved_to.get():
        return timezone.localdate(_moved_to.get())
    return settings.SIMPORTAL_TODAY or timezone.localdate()


def this_moment() -> datetime:
    """The instant that stands under what is done now."""
    return _moved_to.get() or timezone.now()


@cache
def first_instant() -> datetime:
    """The first instant that may come in."""
    return midnight(EARLIEST)


def last_instant() -> datetime:
    """The last instant that does not lie in the future: other clocks may be an hour ahead of this one."""
    if settings.SIMPORTAL_TODAY and not _moved_to.get():
        return end_of(settings.SIMPORTAL_TODAY) + CLOCKS_DIFFER_BY - timedelta.resolution
    return this_moment() + CLOCKS_DIFFER_BY


def instant_told() -> datetime:
    """The instant at which the portal is told something now.

    A clock that was moved to a day stands in the last hour of the day; what is told later is later all the same.
    """
    if settings.SIMPORTAL_TODAY and not _moved_to.get():
        gone = timezone.now().timestamp() % SECONDS_A_DAY / SECONDS_A_DAY
        return end_of(settings.SIMPORTAL_TODAY) + timedelta(hours=gone - 1)
    return this_moment()


def end_of(day: date) -> datetime:
    """The first instant after a civil day."""
    return midnight(day + timedelta(days=1))


def exists(day: date) -> bool:
    """Whether a day may come in: from 2000 to 2099."""
    return EARLIEST <= day <= LATEST


@contextmanager
def as_of(instant: datetime) -> Iterator[None]:
    """What is done within is done as of that instant: the demo makes its past so, and nobody else."""
    token = _moved_to.set(instant)
    try:
        yield
    finally:
        _moved_to.reset(token)


@contextmanager
def for_day(day: date | None) -> Iterator[None]:
    """What is done within is done for that civil day, which may be over: it is today there. Instants stay those of now.

    None: whatever day it is, also within another `for_day`.
    """
    token = _done_for.set(day)
    try:
        yield
    finally:
        _done_for.reset(token)


def add_months(day: date, months: int, day_of_month: int | None = None) -> date:
    """`day` plus `months` months, on `day_of_month` if it is given.

    A day that does not exist is clamped to the month's last (rule 5).
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    wanted = day_of_month or day.day
    exists_in_each_month = wanted <= 28
    last = 28 if exists_in_each_month else monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(wanted, last))


def months_between(earlier: date, later: date) -> int:
    """How many calendar months `later` is after the month of `earlier`, whatever the days."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def first_of_next_month(day: date) -> date:
    return add_months(first_of_month(day), 1)


def last_of_month(day: date) -> date:
    return last_day(first_of_next_month(day))


def cycle_start(day: date, cycle_day: int) -> date:
    """The first day of the metering cycle that holds `day`, for cycles that start on `cycle_day` (1 to 28)."""
    start = day.replace(day=cycle_day)
    return start if start <= day else add_months(start, -1)


def next_cycle_start(day: date, cycle_day: int) -> date:
    """The first day of the cycle after the one that holds `day`."""
    return add_months(cycle_start(day, cycle_day), 1)


def last_day(until: date) -> date:
    """The last day of what holds up to but not on `until`: that is how people say an end."""
    return until - timedelta(days=1)


def days(start: date, end: date) -> Iterator[date]:
    """Every civil day from `start` to `end`, both included."""
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)
