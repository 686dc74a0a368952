"""What passes by itself, whatever raised it: a database that is away, rows that another one holds, a full disk.

Work that stopped for a `Fault` is done again after a while. Whatever else stopped it is a mistake, of ours or of what
we were given, and stays one however often it is tried.
"""

import errno
import sqlite3
from collections.abc import Iterator

import psycopg
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Fault(TextChoices):
    """Why work could not be done for now, as people are told."""

    AWAY = "away", _("the database did not answer")
    HELD = "held", _("another change held these rows too long")
    SLOW = "slow", _("it took too long")
    FULL = "full", _("the disk is full")
    DISK = "disk", _("the disk could not be read or written")
    DIED = "died", _("the worker stopped before the job was finished")
    MERGED = "merged", _("the customer was merged into another one meanwhile")


# By SQLSTATE, or the class that its first two characters are: PostgreSQL's manual, "PostgreSQL Error Codes".
_BY_STATE = {
    "08": Fault.AWAY,  # connection
    "25P03": Fault.SLOW,  # idle in a transaction
    "25P04": Fault.SLOW,  # a transaction
    "40001": Fault.HELD,  # serialization
    "40003": Fault.AWAY,  # nobody knows whether a statement was done: the connection broke over it
    "40P01": Fault.HELD,  # deadlock
    "53": Fault.AWAY,  # too many connections, out of memory
    "53100": Fault.FULL,
    "55006": Fault.HELD,
    "55P03": Fault.HELD,  # lock_timeout
    "57014": Fault.SLOW,  # statement_timeout
    "57P": Fault.AWAY,  # shut down, crashed, starting
    "58": Fault.DISK,
}
BY_SQLITE_CODE = {
    sqlite3.SQLITE_BUSY: Fault.HELD,
    sqlite3.SQLITE_LOCKED: Fault.HELD,
    sqlite3.SQLITE_PROTOCOL: Fault.HELD,
    sqlite3.SQLITE_IOERR: Fault.DISK,
    sqlite3.SQLITE_CANTOPEN: Fault.DISK,
    sqlite3.SQLITE_FULL: Fault.FULL,
}
BY_ERRNO = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EFBIG: Fault.FULL,  # no file may be this long, by a limit of the system
    errno.EIO: Fault.DISK,
    errno.ESTALE: Fault.DISK,
}
# What the database says to who gives something to a customer who was merged: tried again, it is the other customer's.
MERGED_AWAY = "what would be a merged customer's is the other one's"
PRIMARY = 0xFF  # the rest of SQLite's code says more of the same


def fault_of(error: BaseException) -> Fault | None:
    """The fault that stopped some work, found through whatever was raised because of it; None for a mistake."""
    found = list(causes(error))
    return next(filter(None, map(_fault, found)), None) or (Fault.AWAY if any(map(_is_djangos_own, found)) else None)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came of."""
    seen: set[int] = set()
    while error and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _fault(error: BaseException) -> Fault | None:
    if isinstance(error, psycopg.Error | sqlite3.Error) and MERGED_AWAY in str(error):
        return Fault.MERGED
    if isinstance(error, psycopg.Error):
        return _by_state(error)
    if isinstance(error, sqlite3.Error):
        return BY_SQLITE_CODE.get(getattr(error, "sqlite_errorcode", 0) & PRIMARY)
    if isinstance(error, OSError):
        return BY_ERRNO.get(error.errno or 0)
    return Fault.SLOW if isinstance(error, SoftTimeLimitExceeded) else None


def _is_djangos_own(error: BaseException) -> bool:
    """Whether Django says by itself that there is no connection: behind what else it raises stands a driver."""
    return isinstance(error, OperationalError | InterfaceError) and error.__cause__ is None


def _by_state(error: psycopg.Error) -> Fault | None:
    """A broken connection has no state: there was nobody left to say one."""
    if error.sqlstate is None:
        return Fault.AWAY if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else None
    return next((_BY_STATE[error.sqlstate[:n]] for n in (5, 3, 2) if error.sqlstate[:n] in _BY_STATE), None)
