"""SQLite's writers one after another, each soon: it has one at a time, and keeps no queue of those who wait.

By itself it looks ever more seldom, in the end ten times a second. Beside a worker that writes one short transaction
after another, a page that waits so meets none of the gaps between them for many seconds.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

_LOOKED_AFTER_MS = 1


def queue(sender: object, connection: BaseDatabaseWrapper, **_of_the_signal: object) -> None:
    """Whoever opens a connection to SQLite looks each millisecond for its turn, as long as it would wait anyway."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {_LOOKED_AFTER_MS}")
    if _in_turn not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _in_turn)  # before those that a block puts on, and takes off, at the end


def _in_turn(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    gives_up_at = time.monotonic() + context["connection"].settings_dict["OPTIONS"]["timeout"]
    while True:
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if not _is_taken(error) or time.monotonic() > gives_up_at:
                raise


def _is_taken(error: OperationalError) -> bool:
    """Another writes at this moment. Whoever has read what is old by now would wait in vain: that has its own code."""
    return getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
