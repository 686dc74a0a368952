"""What a piece of work costs: its seconds, the processors' on both sides, what is written down, and memory."""

import os
import resource
import time
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from cards.collector import spare_the_program

TICKS = os.sysconf("SC_CLK_TCK")
WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
SERVER = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int"


@contextmanager
def costing():
    """A dictionary that holds, once the block is over, what it cost.

    `seconds`; `client` and `server`, seconds of processors: of this process with its children that have ended, and of
    PostgreSQL with all that it does, autovacuum too; `written`, bytes of WAL, or of SQLite's files; `megabytes`, the
    most memory that any process of the client has had.
    """
    cost = {}
    server, client, written, start = _server(), _client(), _written(), time.perf_counter()
    yield cost
    cost["seconds"] = time.perf_counter() - start
    cost |= {"client": _client() - client, "server": _server() - server, "written": _written() - written}
    cost["megabytes"] = max(used.ru_maxrss for used in _of_the_client()) / 1024


def _client():
    return sum(used.ru_utime + used.ru_stime for used in _of_the_client())


def _of_the_client():
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _server():
    """PostgreSQL's first process counts for those of its children that have ended, too."""
    if connection.vendor == "sqlite":
        return 0
    first, ticks = _value(SERVER), 0
    for pid, fields in _processes():
        if first in (pid, int(fields[1])):
            ticks += sum(map(int, fields[11 : 15 if pid == first else 13]))
    return ticks / TICKS


def _written():
    if connection.vendor == "postgresql":
        return _value(WAL)
    said = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(said["wchar"])


def _value(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _processes():
    """(pid, the fields of its `stat` behind the name)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended


def as_deployed():
    """What a worker does before its work."""
    spare_the_program()
