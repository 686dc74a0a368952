"""Of what use a step is to a card that does not work: the one rule of the console's page of a card and the customers'.

A step is *needed* where it brings the card nearer to working and nothing stands before it that nobody here can take
away. As long as the carrier blocks the card, nothing else makes it work: buying data, resuming, another device.
"""

from collections.abc import Iterable
from enum import Enum, auto

from django.utils.translation import gettext_lazy

from cards.choices import Action, Hold

IN_VAIN_TEXT = gettext_lazy("This can wait: the card will not work before the carrier lifts its block.")


class Use(Enum):
    NEEDED = auto()  # the first of these is what the page proposes
    AT_WILL = auto()  # it may be done, and does not make the card work
    IN_VAIN = auto()  # said, and not offered


def is_barred(holds: Iterable[str]) -> bool:
    """Whether one of these holds is the carrier's, or one that this version does not know."""
    return any(hold == Hold.ANOMALY or hold not in Hold for hold in holds)


def use_of(action: str, holds: Iterable[str]) -> Use:
    """Of what use this action is to a card with these open holds.

    A card that is not used yet works: activating it is at will. So is renewing one that the carrier blocks, which is
    kept from being cancelled by it.
    """
    if action == Action.ACTIVATE:
        return Use.AT_WILL
    if action == Action.UNPARK or not is_barred(holds):
        return Use.NEEDED
    return Use.AT_WILL if action == Action.RENEW else Use.IN_VAIN
