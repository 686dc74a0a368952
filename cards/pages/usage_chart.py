"""Usage drawn as bars: by day, and by cycle against the allowance. Numbers only: the template writes the SVG."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import DateField, Value

from cards.calendar import add_months, days, next_cycle_start
from cards.choices import Action
from cards.models import PastCycle
from cards.pages.charts import GAP, HEIGHT, SLOT, scaled
from cards.quantities import MB

DAYS_SHOWN, CYCLES_SHOWN = 60, 12


@dataclass(frozen=True)
class UsageBar:
    """One bar: `x`, `y`, `width` and `height` in the drawing, and what it stands for.

    `mark` is the height at which the allowance lies, `limit_mark` that of the usage limit, None where there is none
    (or where it lies beyond the drawing).
    """

    on: date
    until: date | None
    used_bytes: int
    quota_bytes: int | None
    limit_bytes: int | None
    x: int
    y: int
    height: int
    mark: int | None
    limit_mark: int | None
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

    @property
    def has_limits(self):
        return any(bar.limit_bytes for bar in self.bars)


@dataclass(frozen=True)
class Cycle:
    """A metering cycle: its allowance with the packs bought in it, and the limit that stood at its end.

    `used_bytes` is what the card's own meter says, None where only the readings tell.
    """

    starts_on: date
    until: date
    quota_bytes: int
    limit_bytes: int | None = None
    used_bytes: int | None = None


def readings_and_totals(card, cycles, today):
    """What both charts need, in one statement: the bytes of each day that has any, by day, and what is kept of cycles
    whose days are deleted (`PastCycle`)."""
    since = min([today - timedelta(days=DAYS_SHOWN - 1), *(cycle.starts_on for cycle in cycles)])
    totals = card.past_cycles.filter(cycle_until__gt=since).values_list("cycle_from", "bytes", "cycle_until")
    # Before the first cycle shown, the carrier's may have begun.
    days = card.usage_days.filter(day__gt=add_months(since, -1), day__lte=today + timedelta(days=1))
    found = days.values_list("day", "bytes", Value(None, DateField())).union(totals, all=True)
    readings, kept = {}, []
    for day, read, until in found:
        if until is None:
            readings[day] = read
        else:
            kept.append(PastCycle(cycle_from=day, cycle_until=until, bytes=read))
    return readings, kept


def cycles_of(terms, records, running, policy, today):
    """The last cycles of a card up to today, oldest first: each term began one of its own.

    The card's `records` (oldest first) tell of packs and limits, `running`, its meter, of the cycle that runs; None
    while none does.
    """
    bought = []
    for term in terms:
        if term.starts_on and term.starts_on <= today:
            bought += _cycles_of_term(term, policy.cycle_day, today)
    cycles = list(_with_limits(_with_packs(bought, records, policy.ends_packs), records))
    if cycles and running and running.starts_on and running.starts_on <= cycles[-1].starts_on < running.until:
        now = {name: getattr(running, name) for name in ("quota_bytes", "limit_bytes", "used_bytes")}
        cycles[-1] = replace(cycles[-1], **now)
    return cycles[-CYCLES_SHOWN:]


def by_day(readings, today):
    """The last 60 days; `readings` are the bytes of each day that has any."""
    shown = days(today - timedelta(days=DAYS_SHOWN - 1), today)
    return _chart([(day, None, readings.get(day, 0), None, None) for day in shown])


def by_cycle(readings, cycles, kept=()):
    """The cycles with what was used in each; of one of which days are deleted, what is `kept` tells it.

    A total is kept of a whole cycle of the carrier's, and the card's own may be a part of it: the first that begins in
    it has the total, but for the days that are still there and lie outside.
    """
    totals = {first.starts_on: past for past in kept if (first := _first_in(past, cycles))}
    rows = []
    for cycle in cycles:
        used = cycle.used_bytes
        if used is None:
            used = _read(readings, cycle.starts_on, cycle.until)
            past = totals.get(cycle.starts_on)
            if past:
                since, until = min(past.cycle_from, cycle.starts_on), max(past.cycle_until, cycle.until)
                elsewhere = _read(readings, since, cycle.starts_on) + _read(readings, cycle.until, until)
                used = max(past.bytes - elsewhere, used)
        rows.append((cycle.starts_on, cycle.until, used, cycle.quota_bytes, cycle.limit_bytes))
    return _chart(rows, empty=CYCLES_SHOWN - len(rows))


def _first_in(past, cycles):
    return next((cycle for cycle in cycles if past.cycle_from <= cycle.starts_on < past.cycle_until), None)


def _read(readings, since, until):
    """The bytes of the days from `since` up to but not on `until`."""
    return sum(read for day, read in readings.items() if since <= day < until)


def _cycles_of_term(term, cycle_day, today):
    start, end = term.starts_on, min(term.service_until, today + timedelta(days=1))
    while start < end:
        until = min(next_cycle_start(start, cycle_day), term.service_until)
        yield Cycle(start, until, term.quota_mb * MB)
        start = until


def _with_packs(cycles, records, ends_packs):
    """The cycles with what packs added: a record of one says how large the allowance was from then on."""
    packs, ended_on = 0, None
    for cycle in cycles:
        if ends_packs or cycle.starts_on != ended_on:
            packs = 0
        for record in records:
            if record.did == Action.TOP_UP and cycle.starts_on <= record.effective_on < cycle.until:
                packs = _number(record, "allowance_bytes", cycle.quota_bytes) - cycle.quota_bytes
        ended_on = cycle.until
        yield replace(cycle, quota_bytes=cycle.quota_bytes + packs)


def _with_limits(cycles, records):
    limit_mb = None
    for cycle in cycles:
        for record in records:
            if record.action == Action.SET_LIMIT and record.effective_on < cycle.until:
                limit_mb = _number(record, "limit_mb")
        yield replace(cycle, limit_bytes=limit_mb and limit_mb * MB)


def _number(record, name, otherwise=None):
    """A number that the record's evidence says, if it says one."""
    said = record.evidence.get(name)
    return said if isinstance(said, int) else otherwise


def _chart(rows, empty=0):
    """`rows` as bars, at the right end of the drawing when there are `empty` places left."""
    highest = max((max(used, quota or 0) for _, _, used, quota, _ in rows), default=0)
    bars = [_bar(place, row, highest or 1) for place, row in enumerate(rows, empty)]
    return Chart(bars, (empty + len(rows)) * SLOT, max((bar.used_bytes for bar in bars), default=0))


def _bar(place, row, highest):
    on, until, used, quota, limit = row
    height = scaled(used, highest)
    return UsageBar(
        on=on,
        until=until,
        used_bytes=used,
        quota_bytes=quota,
        limit_bytes=limit,
        x=place * SLOT + GAP // 2,
        y=HEIGHT - height,
        height=height,
        mark=None if quota is None else HEIGHT - scaled(quota, highest),
        limit_mark=HEIGHT - scaled(limit, highest) if limit and limit <= highest else None,
        is_out=quota is not None and used >= quota,
    )
