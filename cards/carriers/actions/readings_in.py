"""What a carrier tells of usage becomes readings of days (`domain.md`, "Usage"): replaced, never added.

A carrier that tells a day is taken at its word. One that counts by cycle tells what was used since the cycle began: the
day's bytes are that total less what the cycle had before, so the days of a cycle come to what was told last. What is
used after the last figure of a day stands in the next day's, and so do days of which nothing was told. Where the total
goes down, the carrier has corrected itself: the last days are lowered in turn, none below zero. It counts each SIM: of
a card whose SIM was swapped the cycle goes on from what the old one was told to have (`CycleBase`).

A day that has the same bytes already is left as it is: nothing is written a second time.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db.models import F, Max, Sum

from cards.actions.imports.usage_before_swaps import swaps_latest_first
from cards.actions.usage import Reading, apply_readings
from cards.calendar import add_months
from cards.carriers.actions import drifts
from cards.carriers.actions.pieces import CameOfPiece
from cards.carriers.choices import DriftKind
from cards.carriers.models import CycleBase, CycleReading, Drift
from cards.carriers.results import Amount
from cards.choices import Action
from cards.models import Card, CardEvent, QuarantinedReading, UsageDay
from cards.models.card import MB

MOST_BYTES_TOLD = 2**53  # more is no figure, whatever a policy says


def take_days(told, day):
    """Take what a carrier told of a day of some cards, within the caller's transaction."""
    swaps = [(old, card) for old, card, on in swaps_latest_first() if on > day]
    amounts = [(_who_had_the_sim(each.sim.key, swaps), each) for each in _amounts(told)]
    readings = [Reading(key, day, each.bytes, each.told_at, each.imei) for key, each in amounts if key]
    return _taken(told, readings)


def take_totals(told, day, cycle_from):
    """Take totals of the cycle that began on `cycle_from`, told on a day or for it, within the caller's transaction."""
    amounts = {each.sim.key: each for each in _amounts(told)}
    swaps = _swaps_of_cycle(amounts, cycle_from)
    books = _books({*amounts, *swaps}, cycle_from)
    for card_id, its_swaps in swaps.items():
        _go_on_with_the_new_sim(books[card_id], its_swaps, amounts, day)
    readings = [reading for key, amount in amounts.items() for reading in books[key].readings(amount, day)]
    CycleReading.objects.bulk_create(
        [row for book in books.values() for row in book.noted],
        update_conflicts=True,
        unique_fields=["card", "day"],
        update_fields=["cycle_from", "bytes", "told_at"],
    )
    return _taken(told, readings)


def compare_months(account, told, month, now):
    """Compare what a carrier tells of a month with the days of it: where the two differ, a person has a look."""
    amounts, end = _amounts(told), add_months(month, 1)
    keys = [each.sim.key for each in amounts]
    days = UsageDay.objects.filter(card__among=keys, day__gte=month, day__lt=end)
    sums = dict(days.order_by().values_list("card").annotate(Sum("bytes")))
    standing = Drift.objects.open().filter(account=account, kind=DriftKind.USAGE, card__among=keys)
    known = set(standing.values_list("card", flat=True))
    differing = [each for each in amounts if _differs(each.bytes, sums.get(each.sim.key, 0))]
    cards = Card.objects.in_bulk([each.sim.key for each in differing])
    for each in differing:
        figures = {"month": f"{month:%Y-%m}", "told": _in_mb(each.bytes), "days": _in_mb(sums.get(each.sim.key, 0))}
        drifts.differs(account, DriftKind.USAGE, now, card=cards[each.sim.key], evidence=figures)
    for card in Card.objects.filter(pk__in=known - set(cards)):
        drifts.agrees(account, DriftKind.USAGE, now, card=card)
    return _came(told, 0)


def _who_had_the_sim(card_id, swaps):
    """The card that had this one's SIM before these swaps; None of one that goes on: it may be its number's amount."""
    holder = card_id
    for old, card in swaps:
        if holder == old:
            holder = card
        elif holder == card:
            if holder == card_id:
                return None
            holder = old
    return holder


@dataclass(frozen=True)
class Swap:
    """A swap within a cycle: the card that has the old SIM since, on which day and at which instant."""

    old: int
    on: date
    at: datetime


def _swaps_of_cycle(amounts, cycle_from):
    """The swaps since the cycle began, the first first, by the card that goes on; of cards of which a total was told,
    or of whose old SIM."""
    swaps = CardEvent.objects.filter(action=Action.SWAP, effective_on__gte=cycle_from).exclude(from_state=F("to_state"))
    found = defaultdict(list)
    for old, on, at, evidence in swaps.order_by("pk").values_list("card", "effective_on", "executed_at", "evidence"):
        found[evidence["other_card"]].append(Swap(old, on, at))
    return {card: its for card, its in found.items() if not amounts.keys().isdisjoint({card, *(s.old for s in its)})}


def _go_on_with_the_new_sim(book, swaps, amounts, day):
    """Put the card's own total in the place of its new SIM's.

    A total of the old SIM that is told for a day before the swap raises what the card had until then, however late it
    comes; one of a later day is no word about the card. Nor is one of the new SIM for a day before it had that.
    """
    bases, late = _bases(book, swaps), None
    for number, swap in enumerate(swaps):
        its = amounts.pop(swap.old, None)
        if its is None or day >= swap.on:
            continue
        had = bases[number - 1].total(its.bytes) if number else its.bytes
        added = had - bases[number].before
        if added > 0:
            late = replace(its, bytes=max((row.bytes for row in book.told.values()), default=0) + added)
            for base in bases[number:]:
                base.before += added
    CycleBase.objects.bulk_update(bases, ["before"])
    told = amounts.pop(book.card_id, None)
    if told and day >= swaps[-1].on:
        amounts[book.card_id] = replace(told, bytes=bases[-1].total(told.bytes))
    elif late:
        amounts[book.card_id] = late


def _bases(book, swaps):
    """From where the card's cycle went on after each of these swaps; kept as it is found when something is first told
    after one."""
    cycle = {"cycle_from": book.cycle_from}
    known = {base.other_id: base for base in CycleBase.objects.filter(card=book.card_id, **cycle)}
    for swap in swaps:
        if swap.old not in known:
            in_stock = CycleReading.objects.filter(card=swap.old, told_at__lt=swap.at, **cycle)
            known[swap.old] = CycleBase.objects.create(
                card_id=book.card_id,
                other_id=swap.old,
                before=max((row.bytes for row in book.told.values() if row.told_at < swap.at), default=0),
                of_sim=in_stock.aggregate(most=Max("bytes"))["most"] or 0,
                **cycle,
            )
    return [known[swap.old] for swap in swaps]


def _differs(month, days):
    """More than a hundredth and more than a megabyte."""
    return abs(month - days) > max(month / 100, MB)


def _in_mb(count):
    return f"{count / MB:.1f} MB"


def _amounts(told):
    return [each for each in told if isinstance(each, Amount) and 0 <= each.bytes < MOST_BYTES_TOLD]


def _taken(told, readings):
    counts, _outcomes = apply_readings(_news(readings))
    return _came(told, counts["refused"])


def _came(told, refused):
    silent = [each for each in told if not isinstance(each, Amount)]
    no_figures = len(told) - len(silent) - len(_amounts(told))
    why = next((each.why for each in silent if each.why), "")
    return CameOfPiece(len(told) - len(silent), len(silent), refused + no_figures, why)


def _news(readings):
    """Those that say something else than the last word on their day: what is known, or what was set aside."""
    among = {"card__among": list({reading.card_id for reading in readings}), "day__in": {r.day for r in readings}}
    last_words = {}
    for model in (UsageDay, QuarantinedReading):
        for row in model.objects.filter(**among).values_list("card_id", "day", "read_at", "bytes", "imei"):
            key = row[:2]
            last_words[key] = max(last_words.get(key, row[2:]), row[2:])
    return [each for each in readings if not _says(last_words.get((each.card_id, each.day)), each)]


def _says(known, reading):
    return known is not None and known[1] == reading.bytes and reading.imei in ("", known[2])


@dataclass
class CycleBook:
    """One card's running cycle: the totals that were told of it, by day, and the bytes of days that are known.

    No total is more than one of a later day. `noted` are those that changed.
    """

    card_id: int
    cycle_from: date
    told: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict)
    noted: list = field(default_factory=list)

    def readings(self, amount, day):
        """Note a total; the readings of the days that it changes.

        It belongs to the day, or to the last day of which more was told already: the sum is right either way.
        """
        day, before = max([day, *self.told]), self._bytes_by_day()
        if day in self.told and self.told[day].told_at >= amount.told_at:
            return
        for row in self.told.values():
            if row.bytes > amount.bytes:
                row.bytes = amount.bytes
                self.noted.append(row)
        its = CycleReading(card_id=self.card_id, cycle_from=self.cycle_from, day=day)
        its.bytes, its.told_at = amount.bytes, amount.told_at
        self.noted = [row for row in self.noted if row.day != day] + [its]
        self.told[day] = its
        for its_day, its_bytes in self._bytes_by_day().items():
            if its_day == day or its_bytes != before[its_day]:
                yield Reading(self.card_id, its_day, its_bytes, amount.told_at, amount.imei if its_day == day else "")

    def _bytes_by_day(self):
        """The bytes of each day of which a total was told: that total less the one before and the days between them."""
        found, day_before, before = {}, date.min, 0
        for day in sorted(self.told):
            between = sum(known for its_day, known in self.known.items() if day_before < its_day < day)
            found[day] = max(self.told[day].bytes - before - between, 0)
            day_before, before = day, self.told[day].bytes
        return found


def _books(card_ids, cycle_from):
    """The books of these cards' cycle, by card; the cards are locked."""
    cards = Card.objects.filter(pk__among=card_ids).order_by("pk").select_for_update(of=("self",))
    books = {key: CycleBook(key, cycle_from) for key in cards.values_list("pk", flat=True)}
    for row in CycleReading.objects.filter(card__among=card_ids, cycle_from=cycle_from):
        books[row.card_id].told[row.day] = row
    days = UsageDay.objects.filter(card__among=card_ids, day__gte=cycle_from)
    for card_id, day, known in days.values_list("card_id", "day", "bytes"):
        books[card_id].known[day] = known
    return books
