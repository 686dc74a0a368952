"""Work on parts of which none waits for another, on as many connections as there are processors to serve them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import cycle
from typing import Any, TypeVar

from django.db import connection

LANES_AT_ONCE = 2

_Part = TypeVar("_Part")


def in_lanes(do: Callable[[_Part], Any], parts: Iterable[_Part], at_hand: int = 0) -> Iterator[Any]:
    """The results of `do` for each part, in their order. On PostgreSQL one part is thought about while another is being
    written.

    A lane is a thread that keeps its connection for all of them: nearly all of its time is the server's. What the
    caller set up for itself (the language, the day) is there too. SQLite has one writer, and a caller's transaction
    one connection: there it is one part after the other.

    So many parts are `at_hand` for the lane that is done first, which begins with them without asking: none where
    whoever takes the results may stop after any of them.
    """
    if connection.vendor == "sqlite" or connection.in_atomic_block:
        yield from map(do, parts)
        return
    lanes, waiting = [ThreadPoolExecutor(1) for _ in range(LANES_AT_ONCE)], deque[Future[Any]]()
    try:
        for lane, part in zip(cycle(lanes), parts, strict=False):
            waiting.append(lane.submit(copy_context().run, do, part))
            if len(waiting) == LANES_AT_ONCE + at_hand:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for queued in waiting:
            queued.cancel()
        for lane in lanes:
            lane.submit(_hang_up)
            lane.shutdown()


def _hang_up() -> None:
    """A thread's connection is its own, and nobody else would close it."""
    connection.close()
