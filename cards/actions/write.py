"""The one write path: lock, check after the lock, transition in memory, bulk write, one record per change.

A `Work` takes a card through its changes in memory and yields each `Change` once it is done. The write path drives
the work on a chunk of cards side by side and writes what they yield in rounds: all records of a round in one
statement, then the cards in another. Work that raises `Refused` ends with that outcome; work that raises anything else
gets its card parked; neither takes the other cards down. A fault (`cards/faults.py`) is nobody's mistake: it takes the
chunk back.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.utils import timezone

from cards import rules
from cards.actions.alike import Representative, Unlike, bear_out, classes_of
from cards.actions.bulk import insert_classes, insert_rows, update_classes
from cards.actions.mirrors import MIRRORS
from cards.choices import CHANGES_OWNER, Action, ActorKind, Rule
from cards.counted import ACTIONS_REFUSED
from cards.errors import InvariantBroken, Refused
from cards.faults import fault_of
from cards.models import Card, CardEvent, PolicyBook, QueuedTerm, ServiceTerm
from cards.models.event import is_of_merging
from cards.permissions import SYSTEM, Actor
from cards.rules import Change

logger = logging.getLogger(__name__)

CHUNK = 2_000

CARD_COLUMNS = tuple(column.attname for column in Card._meta.concrete_fields if not column.primary_key)
# With what a card is opened stays, but where a file corrects it; everything else about it may change.
FIXED_AT_OPENING = (
    "iccid",
    "carrier",
    "certification",
    "plan_id",
    "opened_on",
    "test_months",
    "test_quota_mb",
    "test_until",
    "binding",
)
CHANGING_COLUMNS = tuple(name for name in CARD_COLUMNS if name not in FIXED_AT_OPENING)
# They become the number of the record, of all cards to which the same action is done: those that change their owner
# change it for each of them, or refuse.
NUMBERED_COLUMNS = ("version", "owned_from_seq")
EVENT_KEY = ("card_id", "seq")
EVENT_COLUMNS = (
    "action",
    "from_state",
    "to_state",
    "holds",
    "effective_on",
    "executed_at",
    "actor_kind",
    "actor_name",
    "rule",
    "reason",
    "evidence",
    "job_id",
)
NOTHING_YET = Card.new().facts()


@dataclass(slots=True)
class Signature:
    """What stands under each record: who, why, when it was executed, and in which job."""

    actor: Actor = SYSTEM
    reason: str = ""
    at: datetime = field(default_factory=timezone.now)
    job_id: int | None = None


@dataclass(slots=True)
class Done:
    """A change that was written: from where to where, and the number of its record (`Outcome.seqs`)."""

    change: Change
    from_state: str
    to_state: str
    seq: int


@dataclass(slots=True)
class Outcome:
    """What became of a card, or of each that it represents: what was done, in order, and the refusal or the reason for
    parking it, if any. `is_unlike`: its cards proved not to be alike, and nothing was done to them for it.
    """

    card: Card
    done: list[Done] = field(default_factory=list)
    refused: Refused | None = None
    parked: str = ""
    is_unlike: bool = False

    @property
    def keys(self) -> Sequence[int]:
        return self.card.keys if isinstance(self.card, Representative) else (self.card.pk,)

    def seqs(self, done: Done) -> Sequence[int]:
        """The numbers of the records of this change, for each of the cards."""
        if isinstance(self.card, Representative):
            return [version + done.seq for version in self.card.versions]
        return (done.seq,)


class Written(NamedTuple):
    """A card as it is written, its facts before, and what was done; None where it changed without a record.

    A new card had `NOTHING_YET` before. What is written of a representative is written of all cards with these `keys`,
    under the numbers `seqs`.
    """

    card: Card
    before: dict[str, Any]
    done: Done | None
    keys: Sequence[int]
    seqs: Sequence[int] = ()

    def differs(self, name: str) -> bool:
        """Whether this fact of the card has become another; no fact has that a representative does not have."""
        return self.card.__dict__.get(name) != self.before.get(name)


class Work:
    """What is to be done to cards. One object serves a chunk, which may have to be done again, in halves.

    Work that is done to cards in classes says on which `day`, and which facts it may ask for beside those of the rules.
    Where it has the `versions` that cards had when somebody looked at them, one that has changed since is refused.
    """

    day: date
    also_asks: tuple[str, ...] = ()
    versions: Mapping[int, int] | None = None

    def load(self, cards: Sequence[Card]) -> None:
        """Called once the cards are locked: read what the steps need, for all of them, and forget what was before."""

    def has_changed(self, keys: Sequence[int], versions: Sequence[int]) -> bool:
        """Whether any of these cards is not any more what somebody has looked at."""
        return self.versions is not None and list(map(self.versions.get, keys)) != list(versions)

    def steps(self, card: Card) -> Iterator[Change]:
        """Take the card through its changes in memory, and yield each once it is done."""
        raise NotImplementedError

    def save(self) -> None:
        """Called once all steps are written, in the same transaction: write what belongs to them."""


# A card's work under way, and what came of it so far.
UnderWay: TypeAlias = tuple[Outcome, Iterator[Change]]

_Item = TypeVar("_Item")


class CatchUp(Work):
    """The work of the sweep: whatever is due on a card by `day`."""

    def __init__(self, day: date) -> None:
        self.day = day

    @cached_property
    def policies(self) -> PolicyBook:
        """Not before there is a card: on most days of a small portal nothing is due."""
        return PolicyBook.read()

    def steps(self, card: Card) -> Iterator[Change]:
        return rules.catch_up(card, self.day, self.policies)


class Parking(Work):
    """Set a card aside because the database refused what came out of it."""

    def __init__(self, error: Exception) -> None:
        self.text = str(error).splitlines()[0][:400]

    def steps(self, card: Card) -> Iterator[Change]:
        raise InvariantBroken("refused", text=self.text)


def one_by_one(card_ids: Sequence[int], work: Work, signature: Signature) -> list[Outcome]:
    """Lock these cards and take each through `work`: an outcome each, in the order of their primary keys."""
    return carry_out(lock(card_ids), work, signature)


def in_classes(card_ids: Sequence[int], work: Work, signature: Signature) -> list[Outcome]:
    """Lock these cards and take each class of them through `work`: an outcome each; one by one those that are odd."""
    classes = classes_of(card_ids, work.day, work.also_asks, is_locked=True)
    alike = [card for card in classes if not work.has_changed(card.keys, card.versions)]
    try:
        with transaction.atomic():
            outcomes = [outcome for outcome in carry_out(alike, work, signature) if not outcome.is_unlike]
    except Unlike:  # but not before something was done to them: from the beginning, or part of it would be missed
        outcomes = []
    others = set(card_ids).difference(*(outcome.keys for outcome in outcomes))
    return outcomes + one_by_one(sorted(others), work, signature) if others else outcomes


def change(
    card_ids: Iterable[int],
    work: Work,
    signature: Signature | None = None,
    how: Callable[[Sequence[int], Work, Signature], list[Outcome]] = one_by_one,
) -> list[Outcome]:
    """Lock these cards and take them through `work`, `one_by_one` or `in_classes`; what became of them.

    All in one transaction. Should the database refuse what came out of a card, the chunk is done again in halves
    until that card stands alone; it is parked, and the others keep their changes.
    """
    signature = signature or Signature()
    card_ids = sorted(card_ids)
    try:
        with transaction.atomic():
            return how(card_ids, work, signature)
    except (IntegrityError, DataError) as error:
        if fault_of(error):
            raise
        if len(card_ids) > 1:
            middle = len(card_ids) // 2
            halves = card_ids[:middle], card_ids[middle:]
            return [outcome for half in halves for outcome in change(half, work, signature, how)]
        if isinstance(work, Parking):
            raise
        logger.exception("The database refused a change of card %s", card_ids)
        return change(card_ids, Parking(error), signature)


def lock(card_ids: Iterable[int]) -> list[Card]:
    """These cards, locked in primary-key order, each with its queued terms."""
    cards = list(Card.objects.filter(pk__among=set(card_ids)).order_by("pk").select_for_update(of=("self",)))
    attach_queues(cards)
    return cards


def attach_queues(cards: Sequence[Card]) -> Sequence[Card]:
    """Give each card its queued terms, in order: one query for all of them."""
    queues: dict[int, list[QueuedTerm]] = {card.pk: [] for card in cards}
    queued = ServiceTerm.objects.filter(card__among=queues.keys(), starts_on=None).order_by("card_id", "number")
    columns = ("number", "plan__code", "months", "alignment", "quota_mb")
    for card_id, number, code, months, alignment, quota_mb in queued.values_list("card_id", *columns):
        queues[card_id].append(QueuedTerm(number, code, months, alignment, quota_mb))
    for card in cards:
        card.queue = queues[card.pk]
    return cards


def carry_out(cards: Sequence[Card], work: Work, signature: Signature) -> list[Outcome]:
    """Drive the works of locked cards to their end and write what they yield, inside the caller's transaction."""
    outcomes = [Outcome(card) for card in cards]
    work.load(cards)
    at_work = [(outcome, started(outcome.card, work)) for outcome in outcomes]
    while at_work:
        at_work = _one_round(at_work, signature)
    work.save()
    return outcomes


class FirstTerm(NamedTuple):
    """The term that a new card begins with, as its row has it."""

    number: int
    plan_id: int
    months: int
    alignment: str
    quota_mb: int
    bought_on: date
    starts_on: date | None = None
    service_until: date | None = None


def create(opened: Collection[tuple[Card, Change, FirstTerm]], signature: Signature) -> None:
    """Write new cards, each with its first record and its first term, inside the caller's transaction.

    `opened` are a card, the `Change` that is its first record, and the term, of each.
    """
    for card, _first, _term in opened:
        card.usage_level = int(card.level)
    facts_of = itemgetter(*CARD_COLUMNS)
    insert_rows(Card, CARD_COLUMNS, [facts_of(card.__dict__) for card, _first, _term in opened])
    among = [card.iccid for card, _first, _term in opened]
    numbers = dict(Card.objects.filter(iccid__among=among).values_list("iccid", "pk"))
    for card, _first, _term in opened:
        card.pk = numbers[card.iccid]
    written = [
        Written(card, NOTHING_YET, Done(first, "", str(card.state), card.version), (card.pk,), (card.version,))
        for card, first, _term in opened
    ]
    _write_events(written, signature)
    insert_rows(ServiceTerm, ("card_id", *FirstTerm._fields), [(card.pk, *term) for card, _first, term in opened])
    _mirror(written)


def started(card: Card, work: Work) -> Iterator[Change]:
    """A card is worked on only if its facts are consistent; a parked one refuses for itself, by its guards."""
    if not isinstance(card, Representative) and work.has_changed([card.pk], [card.version]):
        raise Refused("changed_meanwhile")
    if not card.parked:
        rules.check(card)
    yield from work.steps(card)


def _one_round(at_work: Iterable[UnderWay], signature: Signature) -> list[UnderWay]:
    """Take each card one change further and write them all; the works that may have more to do."""
    written: list[Written] = []
    going_on: list[UnderWay] = []
    for outcome, steps in at_work:
        card, before = outcome.card, outcome.card.facts()
        step = _next_change(outcome, steps, before)
        if step:
            written.append(_signed(outcome, step, before))
            going_on.append((outcome, steps))
        elif card.__dict__ != before:
            written.append(Written(card, before, None, outcome.keys))
    _write(written, signature)
    return [(outcome, steps) for outcome, steps in going_on if not outcome.parked]


def _next_change(outcome: Outcome, steps: Iterator[Change], before: dict[str, Any]) -> Change | None:
    """The next change of a card in memory; None when there is none or it was refused."""
    card = outcome.card
    try:
        step = next(steps, None)
        _check_owner(card, step, before)
        card.usage_level = int(card.level)
        if step:
            bear_out(card, step)
        return step
    except Refused as refused:
        card.restore(before)
        outcome.refused = refused
        ACTIONS_REFUSED.labels(refused.code).inc(len(outcome.keys))
        return None
    except DatabaseError:
        raise
    except Exception as error:
        if fault_of(error):
            raise
        card.restore(before)
        if isinstance(card, Representative):  # its cards say for themselves what is wrong with them
            if outcome.done:
                raise Unlike from error
            outcome.is_unlike = True
            return None
        if isinstance(error, InvariantBroken):
            return _parking(outcome, error)
        logger.exception("A rule failed on card %s", card.iccid, extra={"card": card.iccid})
        return _parking(outcome, InvariantBroken("unexpected", text=f"{type(error).__name__}: {error}"[:400]))


def _check_owner(card: Card, step: Change | None, before: dict[str, Any]) -> None:
    """Whose card it is changes by the actions that say so in their records, and by nothing else."""
    if _is_anothers(card, before) and (step is None or step.action not in CHANGES_OWNER):
        raise InvariantBroken("owner_not_recorded")


def _is_anothers(card: Card, before: Mapping[str, Any]) -> bool:
    """Whether it has become another customer's; of a representative that is not asked unless it tells classes apart."""
    return card.__dict__.get("customer_id") != before.get("customer_id")


def _parking(outcome: Outcome, broken: InvariantBroken) -> Change:
    outcome.parked, outcome.card.parked = str(broken), broken.written()
    outcome.card.next_due_on = None
    return Change(outcome.card.changed_on, Action.PARK, Rule.PARK, {"why": json.loads(broken.written())})


def _signed(outcome: Outcome, step: Change, before: dict[str, Any]) -> Written:
    """Number the change, and note it with the outcome; from another customer's first record on the card is theirs.

    Where two customers became one, nobody else has the card now: it is theirs since it was the former one's.
    """
    card = outcome.card
    card.version += 1
    if _is_anothers(card, before) and not is_of_merging(step.evidence):
        card.owned_from_seq = card.version
    done = Done(step, str(before["state"]), str(card.state), card.version)
    outcome.done.append(done)
    return Written(card, before, done, outcome.keys, outcome.seqs(done))


def _write(written: Sequence[Written], signature: Signature) -> None:
    """One statement for the records, one for the cards to which the same was done, and then what mirrors them.

    The database lets a card change only as a record says that is there.
    """
    if not written:
        return
    _write_events(written, signature)
    by_change: defaultdict[Any, list[Written]] = defaultdict(list)
    for entry in written:
        by_change[_kind_of_change(entry)].append(entry)
    for (action, columns), entries in by_change.items():
        if columns is None:
            columns = _changed_columns(entries, CARD_COLUMNS if action == Action.UPDATE else CHANGING_COLUMNS)
        _write_cards(entries, columns)
    _mirror(written)


def _kind_of_change(entry: Written) -> tuple[str | None, tuple[str, ...] | None]:
    """What is written together: representatives in which the same columns changed, cards to which the same was done."""
    if isinstance(entry.card, Representative):
        facts, before = entry.card.__dict__, entry.before
        return "", tuple(name for name in CHANGING_COLUMNS if name in facts and facts[name] != before.get(name, facts))
    return entry.done.change.action if entry.done else None, None


def _changed_columns(written: Sequence[Written], columns: Sequence[str]) -> list[str]:
    """The columns in which any of the cards is not as it was; compared column by column, the quicker way."""
    facts_of = itemgetter(*columns)
    was = zip(*(facts_of(entry.before) for entry in written), strict=True)
    now = zip(*(facts_of(entry.card.__dict__) for entry in written), strict=True)
    return [name for name, old, new in zip(columns, was, now, strict=True) if old != new]


def _write_cards(written: Sequence[Written], columns: Sequence[str]) -> None:
    numbered = {name: "version + 1" for name in NUMBERED_COLUMNS if name in columns}
    columns = [name for name in columns if name not in numbered]
    classes = [(keys, [card.__dict__[name] for name in columns]) for card, _before, _done, keys, _seqs in written]
    update_classes(Card, columns, classes, reckoned=numbered)


def _write_events(written: Sequence[Written], signature: Signature) -> None:
    classes = [
        (list(zip(keys, seqs, strict=True)), _event_row(card, done, signature))
        for card, _before, done, keys, seqs in written
        if done
    ]
    insert_classes(CardEvent, EVENT_KEY, EVENT_COLUMNS, classes)


def _event_row(card: Card, done: Done, signature: Signature) -> tuple[Any, ...]:
    step = done.change
    kind, name, reason = str(signature.actor.kind), signature.actor.name, signature.reason
    if step.rule:
        kind, name, reason = str(ActorKind.SYSTEM), f"rule:{step.rule}", ""
    return (
        str(step.action),
        done.from_state,
        done.to_state,
        card.holds,
        step.on,
        signature.at,
        kind,
        name,
        str(step.rule),
        reason,
        step.evidence,
        signature.job_id,
    )


def _mirror(written: Sequence[Written]) -> None:
    for mirror in MIRRORS:
        mirror(written)


def chunked(iterable: Iterable[_Item], size: int = CHUNK) -> Iterator[list[_Item]]:
    """Lists of up to `size`, as long as there are any."""
    iterator = iter(iterable)
    while chunk := list(islice(iterator, size)):
        yield chunk
