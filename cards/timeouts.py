"""How long the database may keep a process waiting: each kind says which it is when it starts.

Commands that people type (`migrate`, `sweep`, `verify`, `demo` …) say nothing, and are never cut off.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.db import Error, connection


@dataclass(frozen=True)
class TimeLimits:
    """Seconds for a statement, for a lock that somebody else has, and for a transaction in which nothing is asked.

    `turn` is SQLite's only one: how long a writer waits for the others (`cards.turns`). It has no queue, so that beside
    a busy worker luck decides, and a page may need longer than it waits for a lock of PostgreSQL's.
    """

    statement: float
    lock: float
    idle: float
    turn: float


PAGES = TimeLimits(statement=10, lock=5, idle=60, turn=20)
WORKERS = TimeLimits(statement=60, lock=30, idle=120, turn=30)  # below Celery's own limit, and a lease's 90 s
DOWNLOAD_SECONDS = 3600  # its one statement lasts until the reader has all of it
READY_SECONDS = 2.0


def keep_to(limits: TimeLimits) -> None:
    """Every connection that this process opens from now on keeps to these limits."""
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "postgresql":
        options["options"] = f"{options['options']} {_as_options(limits)}"
    else:
        options["timeout"] = limits.turn


def _as_options(limits: TimeLimits) -> str:
    named = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    return " ".join(f"-c {name}={_milliseconds(seconds)}" for name, seconds in named.items())


@contextmanager
def statements_within(seconds: float) -> Iterator[None]:
    """In this block a statement may take so long, whatever its process keeps to otherwise. SQLite cuts none off."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(_milliseconds(seconds))])
    try:
        yield
    finally:
        # A broken connection is thrown away, and a transaction that failed takes the limit back by itself.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")


def _milliseconds(seconds: float) -> int:
    """None left is one: to PostgreSQL, 0 would be no limit."""
    return max(1, round(seconds * 1000))
