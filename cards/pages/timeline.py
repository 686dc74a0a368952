"""A card's life as a line through time: what it has been, from its records, and what is foreseen.

Two drawings of the same: lying for wide windows, upright for the phone. Numbers only: the template writes the SVG.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from unicodedata import east_asian_width

from django.utils.translation import gettext as _

from cards.calendar import last_day
from cards.choices import Action, Hold, label_of
from cards.phrases import pair
from cards.templatetags.cards import shown_label

# The lying drawing, in units of its view box.
WIDTH, LEFT, RIGHT = 960, 4, 820
BAND_HEIGHT, LANE_HEIGHT, LANES = 18, 34, 4
# The upright one.
NARROW, BAND_WIDTH, MARK_HEIGHT, SHORTEST, MOST_LABELS = 330, 14, 24, 220, 14

FONT_SIZE, LABEL_GAP, BEYOND = 12, 14, 20

# What stops a card and releases it again, perhaps often: only the last of it is worth a flag.
COME_AND_GO = (
    Action.SUSPEND,
    Action.RESUME,
    Action.PLACE_HOLD,
    Action.LIFT_HOLD,
    Action.REBIND,
    Action.SET_LIMIT,
    Action.TOP_UP,
    Action.ROLL_OVER,
)


@dataclass(frozen=True)
class Band:
    """What the card showed, or will, from `start` up to but not on `until`, and what began it.

    `shown` is empty for the time that the record does not know of.
    """

    shown: str
    start: date
    until: date
    began_by: str
    is_ahead: bool


@dataclass(frozen=True)
class Mark:
    on: date
    label: str
    is_ahead: bool = False
    is_today: bool = False


@dataclass(frozen=True)
class Life:
    bands: list
    marks: list
    start: date
    end: date
    shown_last: str

    @property
    def shown(self):
        """Every state or hold of the line, once, in the order in which they come."""
        return list(dict.fromkeys(band.shown for band in self.bands if band.shown))

    def share(self, day):
        """How far along the line a day lies, from 0 to 1."""
        return (day - self.start).days / (self.end - self.start).days


@dataclass(frozen=True)
class Box:
    """A band in a drawing."""

    tone: str
    title: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Flag:
    """A mark in a drawing: its pole as an SVG path, and where its words and its date begin."""

    mark: Mark
    pole: str
    x: int
    y: int
    date_x: int
    date_y: int


@dataclass(frozen=True)
class Drawing:
    boxes: list
    flags: list
    width: int
    height: int


def life_of(card, records, foreseen, today):
    """The line of a card; `records` come oldest first, `foreseen` is empty where nothing can be foreseen."""
    points = [(record.effective_on, record.shown, _cause(record)) for record in records]
    ahead = [(max(step.on, today), step.shown, label_of(Action, step.action)) for step in foreseen]
    start = min([card.opened_on, *(day for day, _shown, _label in points)])
    end = max([start + timedelta(days=1), today, *(day for day, _shown, _label in ahead)])
    marks = _milestones(records)
    if points and (begins := points[0][0]) > start:  # taken over in mid-life: only the card itself knows of before
        known = ((card.opened_on, Action.OPEN), (card.activated_on, Action.ACTIVATE))
        marks = [Mark(on, action.label) for on, action in known if on and on < begins] + marks
        points.insert(0, (start, "", ""))
    last = (ahead or points or [(start, str(card.shown), "")])[-1][1]
    if ahead:
        ahead.insert(0, (today, card.shown, ""))
    bands = [*_bands(points, today if ahead else end, False), *_bands(ahead, end, True)]
    marks.append(Mark(today, _("Today"), is_today=True))
    marks += [Mark(max(step.on, today), label_of(Action, step.action), is_ahead=True) for step in foreseen]
    return Life(bands, marks, start, end, last)


def lying(life):
    """The line from left to right: what has been is written above it, what will be below, each with its flag."""
    above = _in_lanes([mark for mark in life.marks if not mark.is_ahead], life)
    below = _in_lanes([mark for mark in life.marks if mark.is_ahead], life)
    top = LANE_HEIGHT * _depth(above)
    bottom = top + BAND_HEIGHT
    boxes = [
        Box(tone, title, LEFT + at, top, length, BAND_HEIGHT)
        for tone, title, at, length in _stretches(life, RIGHT - LEFT)
    ]
    flags = [_flag(mark, x, top - LANE_HEIGHT * (lane + 1) + FONT_SIZE, bottom) for mark, x, lane in above]
    flags += [_flag(mark, x, bottom + LANE_HEIGHT * lane + FONT_SIZE + 6, top) for mark, x, lane in below]
    return Drawing(boxes, flags, WIDTH, bottom + LANE_HEIGHT * _depth(below) + 2)


def upright(life):
    """The line from top to bottom, every mark on a line of its own beside it."""
    marks = life.marks
    if len(marks) > MOST_LABELS:
        marks = [marks[0], *marks[1 - MOST_LABELS :]]
    length = max(SHORTEST, MARK_HEIGHT * (len(marks) - 1))
    boxes = [
        Box(tone, title, 2, FONT_SIZE + at, BAND_WIDTH, height) for tone, title, at, height in _stretches(life, length)
    ]
    flags, line = [], FONT_SIZE - MARK_HEIGHT
    for mark in marks:
        at = FONT_SIZE + round(life.share(mark.on) * length)
        line = max(at, line + MARK_HEIGHT)
        flags.append(Flag(mark, f"M2 {at}H20L32 {line}H40", 128, line + 4, 44, line + 4))
    return Drawing(boxes, flags, NARROW, max(FONT_SIZE + length + BEYOND, line) + FONT_SIZE)


def _bands(points, until, is_ahead):
    """From moments to stretches; what lasted no day at all is left out, and what looks alike is one."""
    bands = []
    for (start, shown, label), (following, _shown, _label) in pairwise([*points, (until, "", "")]):
        if following <= start:
            continue
        if bands and bands[-1].shown == shown:
            bands[-1] = Band(shown, bands[-1].start, following, bands[-1].began_by, is_ahead)
        else:
            bands.append(Band(shown, start, following, label, is_ahead))
    return bands


def _milestones(records):
    """The records worth a flag: where the card's life took a turn, and where its present stop or work began."""
    turns = [record for record in records if record.from_state != record.to_state]
    return [
        Mark(record.effective_on, _cause(record))
        for record in turns
        if record is turns[-1] or not (record.concerns_a_stop and record.did in COME_AND_GO)
    ]


def _cause(record):
    """What a record did: of a hold its own name says more than that one was placed."""
    if record.action == Action.PLACE_HOLD and "hold" in record.evidence:
        return label_of(Hold, record.evidence["hold"])
    return label_of(Action, record.action)


def _in_lanes(marks, life):
    """(mark, x, lane) of each mark for whose flag there is room. Flags fly to the right of their pole.

    From right to left, so that no pole crosses the words of another: a flag fits into a lane if it ends before the
    next pole that reaches this lane or goes beyond it.
    """
    placed, nearest = [], [WIDTH + LABEL_GAP] * LANES
    for mark in reversed(marks):
        x = LEFT + round(life.share(mark.on) * (RIGHT - LEFT))
        end = x + LABEL_GAP + max(_length(mark.label), _length(str(mark.on)))
        lane = next((lane for lane in range(LANES) if end <= min(nearest[lane:])), None)
        if lane is not None:
            nearest[lane] = x
            placed.append((mark, x, lane))
    return placed[::-1]


def _depth(placed):
    return max((lane + 1 for _mark, _x, lane in placed), default=0)


def _flag(mark, x, y, foot):
    """A pole from the far side of the line to the words, which stand to the right of it, the date below them."""
    date_y = y + FONT_SIZE + 2
    return Flag(mark, f"M{x} {foot}V{y - FONT_SIZE + 2 if y < foot else date_y}", x + 5, y, x + 5, date_y)


def _stretches(life, length):
    """(tone, title, begin, length) of each band on a line of that length, and of what follows its end."""
    for band in life.bands:
        begin, end = round(life.share(band.start) * length), round(life.share(band.until) * length)
        if end > begin:
            span = f"{band.start} – {last_day(band.until)}"
            title = pair(shown_label(band.shown), span) if band.shown else span
            yield _tone(band.shown) + " is-ahead" * band.is_ahead, title, begin, end - begin
    yield f"{_tone(life.shown_last)} is-ahead is-beyond", "", length, BEYOND


def _tone(shown):
    return f"is-{shown or 'unknown'}"


def _length(text):
    """About how long a text is drawn: a Chinese character is as wide as it is high, a Latin one half of that."""
    return round(sum(1 if east_asian_width(letter) in "WF" else 0.58 for letter in str(text)) * FONT_SIZE)
