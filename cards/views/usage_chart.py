"""Usage drawn as bars: by day, and by cycle against the allowance. Numbers only: the template writes the SVG."""

from dataclasses import dataclass
from datetime import date, timedelta

from cards.calendar import days, next_cycle_start
from cards.quantities import MB

HEIGHT = 100
SLOT, GAP = 10, 2
DAYS, CYCLES = 60, 12


@dataclass(frozen=True)
class Bar:
    """One bar: `x`, `y`, `width` and `height` in the drawing, and what it stands for.

    `mark` is the height at which the allowance lies, None where there is none.
    """

    on: date
    until: date | None
    used_bytes: int
    quota_bytes: int | None
    x: int
    y: int
    height: int
    mark: int | None
    is_out: bool
    width: int = SLOT - GAP

    @property
    def mark_until(self):
        return self.x + self.width


@dataclass(frozen=True)
class Chart:
    bars: list
    width: int
    highest_bytes: int
    height: int = HEIGHT

    @property
    def last(self):
        return self.bars[-1]

    @property
    def used(self):
        """The bars of which there is something to tell."""
        return [bar for bar in self.bars if bar.used_bytes or bar.quota_bytes]


@dataclass(frozen=True)
class Cycle:
    starts_on: date
    until: date
    quota_bytes: int


def first_day_shown(cycles, today):
    """From which day on readings are needed for both charts."""
    return min([today - timedelta(days=DAYS - 1), *(cycle.starts_on for cycle in cycles)])


def cycles_of(terms, running, cycle_day, today):
    """The last cycles of a card up to today: each term began one of its own.

    `running` is the card's meter, which knows of the add-on packs; None while none runs.
    """
    cycles = []
    for term in terms:
        if term.starts_on and term.starts_on <= today:
            cycles += _cycles_of_term(term, cycle_day, today)
    if cycles and running and running.starts_on <= cycles[-1].starts_on < running.until:
        cycles[-1] = Cycle(cycles[-1].starts_on, cycles[-1].until, running.quota_bytes)
    return cycles[-CYCLES:]


def by_day(readings, today):
    """The last 60 days; `readings` are the bytes of each day that has any."""
    shown = days(today - timedelta(days=DAYS - 1), today)
    return _chart([(day, None, readings.get(day, 0), None) for day in shown])


def by_cycle(readings, cycles):
    rows = [(c.starts_on, c.until, _sum(readings, c.starts_on, c.until), c.quota_bytes) for c in cycles]
    return _chart(rows, empty=CYCLES - len(rows))


def _cycles_of_term(term, cycle_day, today):
    start, end = term.starts_on, min(term.service_until, today + timedelta(days=1))
    while start < end:
        until = min(next_cycle_start(start, cycle_day), term.service_until)
        yield Cycle(start, until, term.quota_mb * MB)
        start = until


def _sum(readings, start, until):
    return sum(used for day, used in readings.items() if start <= day < until)


def _chart(rows, empty=0):
    """`rows` as bars, at the right end of the drawing when there are `empty` places left."""
    highest = max((max(used, quota or 0) for _, _, used, quota in rows), default=0)
    bars = [_bar(place, row, highest or 1) for place, row in enumerate(rows, empty)]
    return Chart(bars, (empty + len(rows)) * SLOT, max((bar.used_bytes for bar in bars), default=0))


def _bar(place, row, highest):
    on, until, used, quota = row
    height = _scaled(used, highest)
    return Bar(
        on=on,
        until=until,
        used_bytes=used,
        quota_bytes=quota,
        x=place * SLOT + GAP // 2,
        y=HEIGHT - height,
        height=height,
        mark=None if quota is None else HEIGHT - _scaled(quota, highest),
        is_out=quota is not None and used >= quota,
    )


def _scaled(count, highest):
    """Never nothing for something: a day with a few bytes still shows."""
    return max(count * (HEIGHT - 4) // highest, 1 if count else 0)
