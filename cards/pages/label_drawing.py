"""Labels as they are drawn: on A4 sheets as they are sold with 24 labels, or one by one on the rolls of label printers.

Lengths are in mm, those of type too.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Card

LETTER, IDEOGRAPH = 0.62, 1.0  # of the type's size, of which the widest letters in use are no more than this wide
LARGEST_TYPE, SMALLEST_TYPE = 3.2, 1.4
BETWEEN_PARTS = 1.5


@dataclass(frozen=True)
class LabelSize:
    """A size of labels, and how they lie on a sheet that has no other margins: `margin` is what each keeps free."""

    title: str
    width: float
    height: float
    margin: float
    across: int = 1
    down: int = 1

    @property
    def per_sheet(self) -> int:
        return self.across * self.down

    @property
    def sheet_width(self) -> float:
        return self.width * self.across

    @property
    def sheet_height(self) -> float:
        return self.height * self.down

    def corner(self, place: int) -> tuple[float, float]:
        """Where the label of this place on a sheet has its upper left corner."""
        row, column = divmod(place, self.across)
        return column * self.width, row * self.height


A4 = "a4"
LABEL_SIZES = {
    A4: LabelSize(gettext_lazy("A4, 24 labels of 70 × 37 mm per sheet"), 70, 37.125, 4.5, across=3, down=8),
    "60x40": LabelSize(gettext_lazy("Label printer, 60 × 40 mm"), 60, 40, 2),
    "50x30": LabelSize(gettext_lazy("Label printer, 50 × 30 mm"), 50, 30, 2),
    "40x30": LabelSize(gettext_lazy("Label printer, 40 × 30 mm"), 40, 30, 2),
}


@dataclass(frozen=True)
class LabelLine:
    """A line of type: its left end, its foot, and a size in which it fits. `kind` is its class."""

    kind: str
    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class LabelDrawing:
    """Where the square stands on a label, and its lines, from the top down."""

    square_x: float
    square_y: float
    square_side: float
    lines: list[LabelLine]


_naming: list[Callable[[], str]] = []


def bring_dealer_name(named: Callable[[], str]) -> None:
    """The room that knows what the dealer is called says it here."""
    _naming.append(named)


def dealer_name() -> str:
    """What the dealer is called; empty where nobody has said it."""
    return next(filter(None, (named() for named in _naming)), "")


def drawn(size: LabelSize, dealer: str, card: Card, code: str) -> LabelDrawing:
    """A label: the dealer above, the card's number below, and between them the square with what it is for, the MSISDN
    and the claim code."""
    left, right = size.margin, size.width - size.margin
    whole = right - left
    head = fitted("dealer", dealer, left, whole, top=size.margin) if dealer else None
    foot = fitted("digits", card.iccid, left, whole, top=0)
    foot = replace(foot, y=size.height - size.margin)
    top = head.y + BETWEEN_PARTS if head else size.margin
    side = min(foot.y - foot.size - BETWEEN_PARTS - top, whole * 0.5)
    beside, room = left + side + BETWEEN_PARTS, whole - side - BETWEEN_PARTS
    told = [
        ("word", _("Renew or add card")),
        ("digits", card.msisdn),
        ("claim-title", _("Claim code")),
        ("claim", code),
    ]
    lines = [fitted(kind, text, beside, room, top=0) for kind, text in told if text]
    between = (side - sum(line.size for line in lines)) / max(len(lines) - 1, 1)
    standing, y = [], top
    for line in lines:
        standing.append(replace(line, y=y + line.size))
        y += line.size + between
    return LabelDrawing(left, top, side, [*filter(None, [head]), *standing, foot])


def fitted(kind: str, text: str, x: float, room: float, top: float) -> LabelLine:
    """The text on one line in the largest type in which it fits; what fits in none ends in an ellipsis."""
    size = min(LARGEST_TYPE, room / _ems(text))
    if size < SMALLEST_TYPE:
        size = SMALLEST_TYPE
        while text and _ems(text) * size > room:
            text = text.rstrip("…")[:-1] + "…"
    return LabelLine(kind, text, x, top + size, size)


def sheets_of(labels: list, size: LabelSize) -> list[list]:
    """The labels sheet by sheet."""
    sheets = ceil(len(labels) / size.per_sheet)
    return [labels[number * size.per_sheet : (number + 1) * size.per_sheet] for number in range(sheets)]


def _ems(text: str) -> float:
    return sum(IDEOGRAPH if unicodedata.east_asian_width(letter) in "WF" else LETTER for letter in text)
