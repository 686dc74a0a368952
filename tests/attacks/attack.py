"""What an attack is, what it may use, and what came of it."""

import random
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

from tests.own_portal import own_portal


@dataclass
class Tally:
    """What came of an attack: how often it was tried, and a line for whatever got `through`.

    `seconds` is the longest of the tries, `megabytes` the most memory that one took where that was measured; `remarks`
    stand in the table behind how it is tried.
    """

    tries: int = 0
    through: list = field(default_factory=list)
    seconds: float = 0
    megabytes: float | None = None
    remarks: list = field(default_factory=list)

    @contextmanager
    def one_try(self):
        """Gives how long it took, as `seconds`, once it is over."""
        self.tries += 1
        took, start = SimpleNamespace(seconds=0), time.perf_counter()
        yield took
        took.seconds = time.perf_counter() - start
        self.seconds = max(self.seconds, took.seconds)

    def got_through(self, what, *details):
        self.through.append(" ".join([what, *map(str, details)]))


@dataclass(frozen=True)
class Stage:
    """Where an attack takes place: a database as it is after `migrate`, within a transaction that is taken back.

    `is_short` in the suite: a few seconds at most. What is random comes from `chance`, so that it can be had again.
    """

    request: object
    seed: int
    is_short: bool = True

    @property
    def chance(self):
        return random.Random(self.seed)

    @property
    def folder(self):
        return self.request.getfixturevalue("tmp_path")

    def portal(self, **environment):
        """Within `with`: a migrated portal in a folder of its own, for real processes; its entry `has_processes`."""
        return own_portal(self.folder, like=self.request.getfixturevalue("migrated"), **environment)


@dataclass(frozen=True)
class Attack:
    """`attempt` takes the stage and gives a `Tally`. `asks_the_database`: what comes of it may differ by database."""

    words: str
    how: str
    attempt: Callable[[Stage], Tally]
    asks_the_database: bool = False
    has_processes: bool = False
