"""Counts drawn: bars over days or weeks, and the small line of a trend. Numbers only: the templates write the SVG."""

from dataclasses import dataclass

HEIGHT, SLOT, GAP = 100, 10, 2
LINE_WIDTH, LINE_HEIGHT, MARGIN = 60, 16, 1


@dataclass(frozen=True)
class Bar:
    """One bar: where it stands in the drawing, what it stands for (`label`), and how much as text (`text`); `url` is
    where that is listed, if anywhere."""

    label: str
    text: str
    count: int
    x: int
    y: int
    height: int
    width: int = SLOT - GAP
    url: str = ""


@dataclass(frozen=True)
class Bars:
    """A drawing of bars, and what they come to together and at the highest, as text; `url` is where all of it is
    listed, if anywhere."""

    bars: list
    width: int
    total: str
    highest: str
    height: int = HEIGHT
    url: str = ""

    @property
    def is_empty(self):
        return not any(bar.count for bar in self.bars)

    @property
    def first(self):
        return self.bars[0].label

    @property
    def last(self):
        return self.bars[-1].label


def bars(counts, as_text="{:,}".format, url_of=lambda label: "", url=""):
    """`counts` are (label, count) from left to right; `as_text` says a count, `url_of` where a label's is listed, `url`
    where all are."""
    most = max((count for _, count in counts), default=0)
    drawn = [
        Bar(label, as_text(count), count, place * SLOT + GAP // 2, HEIGHT - height, height, url=url_of(label))
        for place, (label, count) in enumerate(counts)
        for height in (scaled(count, most),)
    ]
    return Bars(drawn, len(counts) * SLOT, as_text(sum(count for _, count in counts)), as_text(most), url=url)


def line(counts):
    """The points of a line through the counts, from the lowest to the highest of them; flat when they are all one."""
    low, high = min(counts), max(counts)
    step = (LINE_WIDTH - 2 * MARGIN) / max(1, len(counts) - 1)
    tall = LINE_HEIGHT - 2 * MARGIN
    heights = [(count - low) * tall / (high - low) if high > low else tall / 2 for count in counts]
    places = enumerate(heights)
    return " ".join(f"{MARGIN + place * step:.4g},{LINE_HEIGHT - MARGIN - height:.4g}" for place, height in places)


def scaled(count, most):
    """How high a bar is; never nothing for something: a day with a single card, or a few bytes, still shows."""
    return max(int(count * (HEIGHT - 4) // most), 1) if count else 0
