"""What the lines of the log are about: each says which request, user, job, chunk, card or day it belongs to.

Whoever knows it notes it here, and the log adds it to each line that is written meanwhile, by whatever module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_FACTS: ContextVar[dict[str, Any] | None] = ContextVar("facts of the log", default=None)


def log_facts() -> dict[str, Any]:
    """What is known now, by the names of the log's fields."""
    return _FACTS.get() or {}


def note(**facts: Any) -> None:
    """From now on each line says this too, until the request or the block around it is over."""
    _FACTS.set(log_facts() | facts)


def forget_facts() -> None:
    """What comes next has nothing to do with what was noted."""
    _FACTS.set(None)


@contextmanager
def logged_with(**facts: Any) -> Iterator[None]:
    """Each line that is written in this block says this too."""
    before = _FACTS.set(log_facts() | facts)
    try:
        yield
    finally:
        _FACTS.reset(before)
