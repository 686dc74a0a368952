"""The open holds of a card: a set by precedence, which columns keep as text, `real_name,credit`."""

from functools import lru_cache

from cards.choices import Hold, State

# Room in a column for all holds at once, and as much again for those to come.
MOST_TEXT = 128


class Holds(tuple):
    """Open holds, the one with the highest precedence first, whatever order they are given in.

    `str()` is the text that a column keeps of them, and `read` takes it.
    """

    __slots__ = ()

    def __new__(cls, holds=()):
        open_holds = frozenset(holds)
        return super().__new__(cls, (hold for hold in Hold if hold in open_holds))

    @classmethod
    @lru_cache(maxsize=128)
    def read(cls, text):
        """`ValueError` for a code that no hold has."""
        return cls(map(Hold, text.split(","))) if text else cls()

    def __str__(self):
        return ",".join(self)

    def joined_by(self, hold):
        return Holds((*self, hold))

    def without(self, *holds):
        return Holds(hold for hold in self if hold not in holds)


def stopping(state, holds):
    """The holds (given as text) that stop a card in this state; of a card that is over they are on record only."""
    return Holds.read(holds) if state == State.SUSPENDED else Holds()


def shown(state, holds):
    """What is shown of a card in this state with these holds (given as text): the first that stops it, or the state."""
    return next(iter(stopping(state, holds)), state)


def has_sql(column, hold):
    """`hold in Holds.read(column)` in SQL, as part of a statement with parameters; whole codes are compared."""
    code = hold.replace("_", r"\_")
    return rf"',' || {column} || ',' LIKE '%%,{code},%%' ESCAPE '\'"
