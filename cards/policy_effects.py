"""What a change of carrier policies does to the cards: what would happen by the old rows beside what would by the new.

Both are the forecast of `rules`, so that a preview and what the sweep does later cannot differ. What people do in the
meantime (use, renew, top up, rebind) is not foretold.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import zip_longest
from typing import TypeAlias

from django.db.models import BigIntegerField
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards import rules
from cards.calendar import first_of_month, last_day
from cards.choices import HOLDS_THAT_END_WITH_A_CYCLE, Action, Hold, State
from cards.errors import InvariantBroken
from cards.models import Card, CarrierPolicy, PolicyBook
from cards.querysets import CardQuerySet
from cards.sentences.explain import BACK_WITH_THE_CYCLE

SAMPLE_SIZE = 2_000
EXAMPLES_PER_EFFECT = 5

# Multiplied by this and cut to 32 bits, keys that follow each other lie far apart and evenly (Fibonacci hashing).
SPREAD, PLACES = 2_654_435_761, 2**32


class EffectKind(StrEnum):
    """What of a card's fate a policy decides, beside the holds that end with a cycle: each of those is a kind too."""

    FORCED = "forced"
    NEXT_TERM = "next_term"
    SERVICE_ENDS = "service_ends"
    CANCELLED = "cancelled"
    WAIVER = "waiver"
    PACKS = "packs"
    CYCLES = "cycles"


class Turn(StrEnum):
    """How it changes."""

    EARLIER = "earlier"
    LATER = "later"
    NEVER = "never"
    NEWLY = "newly"


Kind: TypeAlias = EffectKind | Hold


def _of_holds() -> Iterator[tuple[tuple[Kind, Turn], Promise]]:
    for hold, sentences in BACK_WITH_THE_CYCLE.items():
        yield from (((hold, turn), sentence) for turn, sentence in zip(Turn, sentences, strict=True))


EFFECT_SENTENCES: dict[tuple[Kind, Turn], Promise] = {
    (EffectKind.FORCED, Turn.EARLIER): _("Forced activation earlier"),
    (EffectKind.FORCED, Turn.LATER): _("Forced activation later"),
    (EffectKind.NEXT_TERM, Turn.EARLIER): _("The next term starts earlier"),
    (EffectKind.NEXT_TERM, Turn.LATER): _("The next term starts later"),
    (EffectKind.SERVICE_ENDS, Turn.EARLIER): _("Service ends earlier"),
    (EffectKind.SERVICE_ENDS, Turn.LATER): _("Service ends later"),
    (EffectKind.CANCELLED, Turn.EARLIER): _("Cancelled earlier"),
    (EffectKind.CANCELLED, Turn.LATER): _("Cancelled later"),
    **dict(_of_holds()),
    (EffectKind.WAIVER, Turn.EARLIER): _("Waived limit reinstated earlier"),
    (EffectKind.WAIVER, Turn.LATER): _("Waived limit reinstated later"),
    (EffectKind.WAIVER, Turn.NEVER): _("Waived limit stays waived in the next cycle"),
    (EffectKind.WAIVER, Turn.NEWLY): _("Waived limit reinstated in the next cycle"),
    (EffectKind.PACKS, Turn.EARLIER): _("Add-on packs end earlier"),
    (EffectKind.PACKS, Turn.LATER): _("Add-on packs end later"),
    (EffectKind.PACKS, Turn.NEVER): _("Add-on packs outlive their cycle"),
    (EffectKind.PACKS, Turn.NEWLY): _("Add-on packs end with their cycle"),
    (EffectKind.CYCLES, Turn.NEWLY): _("Usage is counted in cycles that begin on another day"),
}

DATED: dict[str, EffectKind] = {
    Action.FORCE_ACTIVATE: EffectKind.FORCED,
    Action.START_TERM: EffectKind.NEXT_TERM,
    Action.EXPIRE: EffectKind.SERVICE_ENDS,
    Action.CANCEL: EffectKind.CANCELLED,
}
STARTS_A_CYCLE = (Action.ROLL_OVER, Action.START_TERM)


@dataclass
class Fate:
    """What happens to a card if nobody does anything: the days by kind, in order.

    `metered` are the stretches that the card's terms will still be metered in: (from, until) of each.
    """

    days: dict[Kind, list[date]] = field(default_factory=dict)
    metered: list[tuple[date, date]] = field(default_factory=list)

    def note(self, kind: Kind, day: date) -> None:
        self.days.setdefault(kind, []).append(day)


@dataclass(frozen=True)
class Shift:
    """One difference between two fates: the day it was, and the day it becomes; None where it does not happen."""

    kind: EffectKind | Hold
    was: date | None
    becomes: date | None

    @property
    def turn(self) -> Turn:
        if self.was is None:
            return Turn.NEWLY
        if self.becomes is None:
            return Turn.NEVER
        return Turn.EARLIER if self.becomes < self.was else Turn.LATER

    @property
    def day(self) -> date:
        return self.becomes or self.was  # type: ignore[return-value]  # it happens in one of them


@dataclass
class Month:
    """How many of the cards looked at, and the first and the last of their days in this month."""

    first: date
    last: date
    cards: int = 0

    def add(self, day: date) -> None:
        self.first, self.last, self.cards = min(self.first, day), max(self.last, day), self.cards + 1


@dataclass
class Effect:
    """What changes in one way for some cards: how many of those looked at, by month, and the first few of them.

    The day is the new one, or the old where there is no new one.
    """

    kind: EffectKind | Hold
    turn: Turn
    cards: int = 0
    months: dict[date, Month] = field(default_factory=dict)
    examples: list[tuple[str, Shift]] = field(default_factory=list)  # (ICCID, shift)

    @property
    def sentence(self) -> Promise:
        return EFFECT_SENTENCES[self.kind, self.turn]

    @property
    def first(self) -> date:
        return min(month.first for month in self.months.values())

    @property
    def last(self) -> date:
        return max(month.last for month in self.months.values())

    @property
    def by_month(self) -> list[tuple[date, Month]]:
        """(the first of the month, what it has) in the order of time."""
        return sorted(self.months.items())

    def add(self, card: Card, shift: Shift) -> None:
        self.cards += 1
        month = self.months.setdefault(first_of_month(shift.day), Month(shift.day, shift.day))
        month.add(shift.day)
        if len(self.examples) < EXAMPLES_PER_EFFECT:
            self.examples.append((card.iccid, shift))


@dataclass
class Effects:
    """What a change of policies does: `effects`, how many cards are `changed`, how many contradict themselves.

    Where only some of the cards are `looked_at`, all counts are estimates for the `in_all` that live by the policies.
    """

    looked_at: int
    in_all: int
    changed: int = 0
    contradictory: int = 0
    effects: list[Effect] = field(default_factory=list)

    @property
    def is_estimate(self) -> bool:
        return self.looked_at < self.in_all

    def scale_up(self) -> None:
        """From the cards that were looked at to all that there are."""
        months = [month for effect in self.effects for month in effect.months.values()]
        counted: list[Effect | Month] = [*self.effects, *months]
        for each in counted:
            each.cards = self._of_all(each.cards)
        self.changed, self.contradictory = self._of_all(self.changed), self._of_all(self.contradictory)

    def _of_all(self, cards: int) -> int:
        return round(cards * self.in_all / self.looked_at)


def cards_at_stake(carriers: Collection[str]) -> CardQuerySet:
    """The cards of these carriers for which a policy decides anything yet; the days of one shut down are fixed."""
    is_over = (State.SHUT_DOWN, State.CANCELLED)
    return Card.objects.filter(carrier__in=carriers, parked="").exclude(state__in=is_over)


def spread(cards: CardQuerySet, most: int = SAMPLE_SIZE) -> tuple[list[Card], int]:
    """All of the cards, or about `most` of them, evenly over their keys and the same each time; and how many in all."""
    in_all = cards.count()
    if in_all > most:
        place = Cast("pk", BigIntegerField()) * SPREAD % PLACES
        cards = cards.alias(place=place).filter(place__lt=most * PLACES // in_all)
    return list(cards.order_by("pk")), in_all


def effects_on(
    cards: Sequence[Card], before: list[CarrierPolicy], after: list[CarrierPolicy], in_all: int | None = None
) -> Effects:
    """What it does to `cards` (with their queues) that the policies are `after` and not `before`: `Effects`."""
    found = Effects(len(cards), len(cards) if in_all is None else in_all)
    books = PolicyBook(before), PolicyBook(after)
    by_way: dict[tuple[Kind, Turn], Effect] = {}
    cycles_from = {carrier: _cycles_from(carrier, *books, before + after) for carrier in {c.carrier for c in cards}}
    for card in cards:
        try:
            was, becomes = (fate(card, book) for book in books)
            shifts = list(compared(was, becomes, cycles_from[card.carrier]))
        except InvariantBroken:
            found.contradictory += 1
            continue
        found.changed += bool(shifts)
        for shift in shifts:
            by_way.setdefault((shift.kind, shift.turn), Effect(shift.kind, shift.turn)).add(card, shift)
    found.effects = [by_way[way] for way in EFFECT_SENTENCES if way in by_way]
    if found.is_estimate:
        found.scale_up()
    return found


def fate(card: Card, policies: PolicyBook) -> Fate:
    """What will happen to the card by these policies, as far as they decide it; nothing touched."""
    rules.check(card)
    twin, found = card.copy(), Fate()
    if card.term_runs and card.cycle_until and card.service_until:
        found.metered.append((card.cycle_until, card.service_until))
    term, ending = card.term_number, _ends_with_the_cycle(card)
    for change in rules.catch_up(twin, date.max, policies):
        if change.action in DATED:
            ends_service = DATED[change.action] == EffectKind.SERVICE_ENDS
            found.note(DATED[change.action], last_day(change.on) if ends_service else change.on)
        ending_now = _ends_with_the_cycle(twin)
        if change.action in STARTS_A_CYCLE:
            for kind in ending - ending_now:
                found.note(kind, change.on)
        if twin.term_number != term and twin.service_from and twin.service_until:
            found.metered.append((twin.service_from, twin.service_until))
        term, ending = twin.term_number, ending_now
    return found


def compared(before: Fate, after: Fate, cycles_from: date | None = None) -> Iterator[Shift]:
    """The differences between two fates, one of each kind at the most: the first.

    From the day `cycles_from` on the cycles begin on another day of the month, if it is given.
    """
    for kind in before.days | after.days:
        days = zip_longest(before.days.get(kind, ()), after.days.get(kind, ()))
        shift = next((Shift(kind, was, becomes) for was, becomes in days if was != becomes), None)
        if shift:
            yield shift
    if cycles_from:
        counted = [max(start, cycles_from) for start, until in after.metered if max(start, cycles_from) < until]
        yield from (Shift(EffectKind.CYCLES, None, day) for day in counted[:1])


def _ends_with_the_cycle(card: Card) -> set[Kind]:
    """What of the card the next cycle may end, if the policy says so."""
    others = {EffectKind.WAIVER: card.limit_waived, EffectKind.PACKS: card.pack_mb}
    return {*filter(card.has_hold, HOLDS_THAT_END_WITH_A_CYCLE), *filter(others.get, others)}


def _cycles_from(carrier: str, before: PolicyBook, after: PolicyBook, policies: Iterable[CarrierPolicy]) -> date | None:
    """The first day on which cycles are reckoned from another day of the month, or None."""
    for day in sorted({policy.valid_from for policy in policies if policy.carrier == carrier}):
        try:
            if before.in_force(carrier, day).cycle_day != after.in_force(carrier, day).cycle_day:
                return day
        except InvariantBroken:
            continue
    return None
