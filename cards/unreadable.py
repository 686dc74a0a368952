"""What stands in the database and nobody can read: another version wrote it, or a hand. Nothing breaks on it."""

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist

logger = logging.getLogger(__name__)

_Read = TypeVar("_Read")

NOT_TO_BE_READ = (
    ArithmeticError,
    AttributeError,
    FieldDoesNotExist,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
LONGEST_IN_LOG = 200


def read_kept(read: Callable[[Any], _Read], kept: Any, instead: Callable[[str], _Read]) -> _Read:
    """What `read` makes of what was kept; of what it cannot read, what `instead` makes of its text."""
    try:
        return read(kept)
    except NOT_TO_BE_READ:
        tell_unreadable(str(kept)[:LONGEST_IN_LOG])
        return instead(str(kept))


@lru_cache(maxsize=1_000)
def tell_unreadable(text: str) -> None:
    """Say so in the log: once, however often a page is looked at."""
    logger.warning("What was kept cannot be read: %s", text, exc_info=True)
