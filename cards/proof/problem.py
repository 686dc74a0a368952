"""What the proof says of what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cards.choices import Hold, label_of
from cards.phrases import listed

# Codes and sentences of what is wrong with one card.
Findings = Iterator[tuple[str, str]]


@dataclass(slots=True)
class Problem:
    """What is wrong with one card's records, or without `iccid` with the sums over all of them.

    A code is for programs, the sentence for people.
    """

    iccid: str | None
    code: str
    message: str


@dataclass(slots=True)
class Piece:
    """What some seconds of the proof came to; it goes on behind the key `through`, or is over where that is None."""

    problems: list[Problem]
    through: int | None = None
    cards: int = 0
    events: int = 0


# A part of the proof takes the instant since which things are looked at (None: all), and the key behind which it goes
# on; it begins with 0.
ProofPart = Callable[[datetime | None, int], Piece]


def holds_in_words(text: str) -> str:
    return listed(label_of(Hold, code) for code in text.split(",")) if text else "–"
