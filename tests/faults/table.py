"""The faults. A new one is one entry here: what it is, how it is provoked, upon which work it falls."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults import provoke as p

EVERY = ("sweep", "cards read", "cards", "usage read", "usage", "job", "order", "renewals", "export")
SERVED = ("worker", "beat", "web")


@dataclass(frozen=True)
class Fault:
    """`strikes` is how often it falls upon each round, `lasts` for how many seconds; `prepared` makes a site ready for
    it before anything runs, and `can_be` says whether this machine can have it."""

    words: str
    how: str
    provoke: Callable
    works: tuple = EVERY
    strikes: int = 1
    rounds: int = 1
    lasts: float = 0
    processes: tuple = ("worker", "beat")
    prepared: Callable = field(default=lambda site: None)
    can_be: Callable = field(default=lambda: True)
    is_kill: bool = False


def _is_root():
    return os.geteuid() == 0 and shutil.which("unshare") is not None


def _has_compiler():
    return shutil.which("cc") is not None


FAULTS = {
    "worker killed": Fault(
        "a worker is killed", "`kill -9` of it and its children", p.kill("worker"), strikes=4, is_kill=True
    ),
    "worker stopped": Fault(
        "a worker is told to stop", "SIGTERM, and a new one", p.stop_worker, ("job", "order", "usage"), strikes=2
    ),
    "beat killed": Fault(
        "beat is killed", "`kill -9`, and a new one", p.kill("beat"), ("sweep", "order"), strikes=3, is_kill=True
    ),
    "web killed": Fault(
        "the web server is killed inside a POST",
        "`kill -9` while the lines are written; the browser sends the form again",
        p.kill("web"),
        ("post",),
        rounds=3,
        strikes=2,
        processes=SERVED,
        is_kill=True,
    ),
    "database crashed": Fault(
        "PostgreSQL crashes",
        "immediate stop, crash recovery",
        p.crash_postgres,
        (*EVERY, "post"),
        strikes=2,
        processes=SERVED,
        is_kill=True,
    ),
    "database away": Fault(
        "PostgreSQL is away for a minute",
        "immediate stop, started after 60 s",
        p.crash_postgres,
        ("usage", "order", "sweep"),
        lasts=60,
        processes=SERVED,
    ),
    "connections cut": Fault(
        "every connection is cut",
        "`pg_terminate_backend`",
        p.cut_connections,
        ("usage read", "usage", "job", "order", "renewals", "post"),
        strikes=2,
        processes=SERVED,
    ),
    "rows held": Fault(
        "somebody holds every card for two minutes",
        "`SELECT … FOR UPDATE` in an open transaction",
        p.hold_rows,
        ("job", "sweep"),
        lasts=120,
        processes=SERVED,
    ),
    "deadlock": Fault(
        "two transactions want each other's rows",
        "cards locked in the other order",
        p.deadlock,
        ("job", "order"),
        strikes=2,
        lasts=20,
    ),
    "broker killed": Fault(
        "Redis is killed", "`kill -9`, started empty", p.crash_redis, ("job", "order"), strikes=3, is_kill=True
    ),
    "broker flushed": Fault("Redis forgets everything", "`FLUSHALL`", p.flush_redis, ("order",), strikes=3),
    "broker away": Fault(
        "Redis is away for a minute", "`kill -9`, started after 60 s", p.crash_redis, ("order", "sweep"), lasts=60
    ),
    "beat alone": Fault(
        "beat rings and no worker is there", "for two minutes", p.leave_beat_alone, ("order",), lasts=120
    ),
    "two of each": Fault(
        "two beats, two workers",
        "started beside each other",
        p.nothing,
        ("sweep", "order", "renewals"),
        processes=("worker", "beat", "worker2", "beat2"),
    ),
    "clock set back": Fault(
        "the clock is set back an hour",
        "an hour less for worker, beat and web server, while they run",
        p.set_clock_back,
        ("order", "sweep"),
        processes=SERVED,
        prepared=p.own_clock,
        can_be=_has_compiler,
    ),
    "files' disk full": Fault(
        "the disk for files is full",
        "a file system of 300 kB; room after 20 s",
        p.make_room_for_files,
        ("export",),
        lasts=20,
        prepared=p.small_disk_for_files,
        can_be=_is_root,
    ),
    "database's disk full": Fault(
        "PostgreSQL's disk is full",
        "filled to the last block; room after 20 s",
        p.fill_database_disk,
        ("cards", "order"),
        lasts=20,
        processes=SERVED,
        prepared=p.small_disk_for_database,
        can_be=_is_root,
    ),
}
