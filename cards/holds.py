"""The open holds of a card: a set by precedence, which columns keep as text, `real_name,credit`."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Self

from cards.choices import Hold, State

# Room in a column for all holds at once, and as much again for those to come.
MOST_TEXT = 128


class Holds(tuple[str, ...]):
    """Open holds, the one with the highest precedence first, whatever order they are given in.

    `str()` is the text that a column keeps of them, and `read` takes it. A code that no hold has, which a later version
    may know, stays as it is, behind the others.
    """

    __slots__ = ()

    def __new__(cls, holds: Iterable[str] = ()) -> Self:
        open_holds = frozenset(filter(None, holds))
        return super().__new__(cls, (*filter(open_holds.__contains__, Hold), *sorted(open_holds.difference(Hold))))

    @classmethod
    @lru_cache(maxsize=128)
    def read(cls, text: str) -> Self:
        return cls(text.split(","))

    def __str__(self) -> str:
        return ",".join(self)

    @property
    def unknown(self) -> list[str]:
        """The codes that no hold has."""
        return [hold for hold in self if not isinstance(hold, Hold)]

    def joined_by(self, hold: str) -> "Holds":
        return Holds((*self, hold))

    def without(self, *holds: str) -> "Holds":
        return Holds(hold for hold in self if hold not in holds)


def stopping(state: str, holds: str) -> Holds:
    """The holds (given as text) that stop a card in this state; of a card that is over they are on record only."""
    return Holds.read(holds if state == State.SUSPENDED else "")


def shown(state: str, holds: str) -> str:
    """What is shown of a card in this state with these holds (given as text): the first that stops it, or the state."""
    return next(iter(stopping(state, holds)), state)


def has_sql(column: str, hold: str) -> str:
    """`hold in Holds.read(column)` in SQL, as part of a statement with parameters; whole codes are compared."""
    code = hold.replace("_", r"\_")
    return rf"',' || {column} || ',' LIKE '%%,{code},%%' ESCAPE '\'"
