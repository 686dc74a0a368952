"""The proof of the records: every card stands where its events and its terms say, and they lead there without a gap.

Cards are read in ranges of their keys, with what belongs to them beside them. A card that looks wrong is read once
more, locked, before anything is said about it, because somebody may have changed it between two of the reads.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cards.choices import CHANGES_OWNER, Action, Hold, RealName, Rule, State, UsageLevel, label_of
from cards.models import Card, CardEvent, CardTag, Customer, DeviceBinding, KnownOwner, RealNameCheck, ServiceTerm
from cards.phrases import listed
from cards.triggers import STATE_EDGES

ROWS_AT_ONCE = 1_000
OPENINGS = (Action.OPEN, Action.ADOPT)
NOT_SAID = object()
MAY_HAVE_HOLDS = (State.SUSPENDED, State.SHUT_DOWN, State.CANCELLED)


@dataclass(slots=True)
class Problem:
    """What is wrong with one card's records, or without `iccid` with the sums over all of them.

    A code is for programs, the sentence for people.
    """

    iccid: str | None
    code: str
    message: str


@dataclass(slots=True)
class Records:
    """Everything that is written about one card."""

    card: Card
    events: list[CardEvent] = field(default_factory=list)
    terms: list[ServiceTerm] = field(default_factory=list)
    bindings: list[DeviceBinding] = field(default_factory=list)
    checks: list[RealNameCheck] = field(default_factory=list)
    tags: list[CardTag] = field(default_factory=list)
    owners: list[KnownOwner] = field(default_factory=list)


@dataclass
class Proof:
    """How far the proof has come: what was read so far. `problems` yields while it reads."""

    cards: int = 0
    events: int = 0

    def problems(self, progress: Callable[[int], object] | None = None) -> Iterator[Problem]:
        """Every problem of every card, in the order of the cards; in memory is only a range of them."""
        last = 0
        while cards := list(Card.objects.filter(pk__gt=last).order_by("pk")[:ROWS_AT_ONCE]):
            for records in _records(cards):
                self.cards += 1
                self.events += len(records.events)
                if any(_problems(records)):
                    yield from confirmed(records.card.pk)
            last = cards[-1].pk
            if progress:
                progress(len(cards))
        yield from _sums()


def confirmed(card_id: int) -> list[Problem]:
    """The problems of one card whose records nobody can change meanwhile."""
    with transaction.atomic():
        (records,) = _records([Card.objects.select_for_update().get(pk=card_id)])
        return list(_problems(records))


def _records(cards: list[Card]) -> Collection[Records]:
    records = {card.pk: Records(card) for card in cards}
    companions: tuple[tuple[Any, str, str], ...] = (
        (CardEvent, "events", "seq"),
        (ServiceTerm, "terms", "number"),
        (DeviceBinding, "bindings", "pk"),
        (RealNameCheck, "checks", "pk"),
        (CardTag, "tags", "tag__name"),
        (KnownOwner, "owners", "version"),
    )
    for model, name, order in companions:
        rows = model.objects.filter(card_id__gte=cards[0].pk, card_id__lte=cards[-1].pk).order_by("card_id", order)
        rows = rows.select_related("tag") if model is CardTag else rows
        for row in rows.iterator(ROWS_AT_ONCE):
            if row.card_id in records:
                getattr(records[row.card_id], name).append(row)
    return records.values()


def _problems(records: Records) -> Iterator[Problem]:
    for prove in (_numbers, _chain, _signatures, _state_and_holds, _owner, _terms, _device, _real_name, _kept):
        for code, message in prove(records):
            yield Problem(records.card.iccid, code, message)


def _numbers(records: Records) -> Iterator[tuple[str, str]]:
    """The events are numbered 1, 2, 3 … without a gap, and the last number is the card's version."""
    numbers = [event.seq for event in records.events]
    if not numbers:
        yield "no_events", _("the card has no record at all")
        return
    for before, seq in pairwise([0, *numbers]):
        if seq != before + 1:
            yield "gap", _("events are missing before event {seq}").format(seq=seq)
    if records.card.version != numbers[-1]:
        sentence = _("the card is at version {version}, but its last event is {seq}")
        yield "version", sentence.format(version=records.card.version, seq=numbers[-1])


def _chain(records: Records) -> Iterator[tuple[str, str]]:
    """Each event begins where the one before it ended, along a declared edge, and none goes back in time."""
    events = records.events
    if events and (events[0].action not in OPENINGS or events[0].from_state):
        yield "opening", _("the records do not begin with the opening")
    for before, event in pairwise(events):
        if event.from_state != before.to_state:
            sentence = _("event {seq} starts from “{state}”, but the one before ended in “{other}”")
            states = {"state": label_of(State, event.from_state), "other": label_of(State, before.to_state)}
            yield "chain", sentence.format(seq=event.seq, **states)
        if event.effective_on < before.effective_on:
            sentence = _("event {seq} takes effect on {day}, before the previous one")
            yield "time", sentence.format(seq=event.seq, day=event.effective_on)
    for event in events[1:]:
        edge = (event.from_state, event.to_state)
        is_anew = event.action == Action.UPDATE and "anew" in event.evidence
        if edge[0] == State.CANCELLED or (edge[0] != edge[1] and edge not in STATE_EDGES and not is_anew):
            sentence = _("event {seq} goes from “{state}” to “{other}”, which is not allowed")
            yield "edge", sentence.format(seq=event.seq, state=label_of(State, edge[0]), other=label_of(State, edge[1]))


def _signatures(records: Records) -> Iterator[tuple[str, str]]:
    """A rule's event is signed by the rule; holds stand in a stopped card's event, and only there."""
    for event in records.events:
        if bool(event.rule) != (event.actor_name == f"rule:{event.rule}"):
            sentence = _("event {seq} is signed by “{actor}”, but its rule is “{rule}”")
            rule = label_of(Rule, event.rule) or "–"
            yield "signature", sentence.format(seq=event.seq, actor=event.actor_name, rule=rule)
        must_be_held, is_held = event.to_state == State.SUSPENDED, bool(event.holds)
        if (must_be_held and not is_held) or (is_held and event.to_state not in MAY_HAVE_HOLDS):
            sentence = _("event {seq} leaves the card in the state “{state}” with the holds “{holds}”")
            said = {"state": label_of(State, event.to_state), "holds": _hold_labels(event.holds)}
            yield "event_holds", sentence.format(seq=event.seq, **said)


def _state_and_holds(records: Records) -> Iterator[tuple[str, str]]:
    """The card's state and holds are those of its last event, and agree with each other."""
    card = records.card
    last = records.events[-1] if records.events else None
    if last and card.state != last.to_state:
        sentence = _("the card's state is “{state}”, but its last event says “{other}”")
        yield "state", sentence.format(state=label_of(State, card.state), other=label_of(State, last.to_state))
    if last and card.holds != last.holds:
        sentence = _("the card's holds are “{holds}”, but its last event says “{other}”")
        yield "holds", sentence.format(holds=_hold_labels(card.holds), other=_hold_labels(last.holds))
    if last and card.changed_on != last.effective_on:
        sentence = _("the card was changed on {day}, but its last event says {other}")
        yield "changed_on", sentence.format(day=card.changed_on, other=last.effective_on)
    if (card.state == State.SUSPENDED) != bool(card.resumes_to) or (card.state == State.SUSPENDED and not card.holds):
        yield "suspended", _("a card must be suspended if, and only if, it has holds and a state to resume to")
    if card.holds != str(card.hold_list):
        yield "hold_order", _("the holds “{holds}” are not in order").format(holds=_hold_labels(card.holds))


def _owner(records: Records) -> Iterator[tuple[str, str]]:
    """The card is the customer's whose the records say it became last, and theirs since that record."""
    card, owner = records.card, _owner_said_last(records)
    if owner not in (NOT_SAID, card.customer_id):
        sentence = _("the card's customer is “{customer}”, but its records say “{other}”")
        yield "owner", sentence.format(customer=_whose(card.customer_id), other=_whose(owner))
    since = max((event.seq for event in records.events if _moves(event)), default=None)
    if card.owned_from_seq != since:
        sentence = _("the card has been its customer's since record {seq}, but its records say {other}")
        yield "owned_from", sentence.format(seq=card.owned_from_seq or 1, other=since or 1)


def _owner_said_last(records: Records) -> Any:
    """The key of the customer by the last record that tells whose the card became; NOT_SAID where it has no key.

    Records of before have none. What a migration wrote down stands for those of the cards that were there; a record
    that code of before has written since proves nothing about the owner, until the next one.
    """
    said = {known.version: known.customer_id for known in records.owners}
    said_through = max(said, default=0)
    for event in records.events:
        if event.seq > said_through and (event.action in OPENINGS or _moves(event)):
            said[event.seq] = event.evidence.get("customer_id", NOT_SAID)
    return said[max(said)] if said else NOT_SAID


def _moves(event: CardEvent) -> bool:
    """Whether the record moved the card to another customer; files of before did it by correcting."""
    return event.action in CHANGES_OWNER or (event.action == Action.UPDATE and "customer" in event.evidence)


def _whose(customer_id: Any) -> str:
    return str(Customer.objects.filter(pk=customer_id).first() or _("in stock"))


def _terms(records: Records) -> Iterator[tuple[str, str]]:
    """Terms are numbered without a gap, follow each other without an overlap, and the card knows the running one."""
    card, terms = records.card, records.terms
    if [term.number for term in terms] != list(range(1, len(terms) + 1)) or not terms:
        yield "term_numbers", _("the service terms are not numbered 1, 2, 3 …")
    for before, term in pairwise(terms):
        ended = before.service_until if before.starts_on else None
        if term.starts_on and (ended is None or term.starts_on < ended):
            sentence = _("term {number} starts before the one in front of it has ended")
            yield "term_overlap", sentence.format(number=term.number)
    started = [term for term in terms if term.starts_on]
    last = started[-1] if started else None
    known = (card.term_number, card.service_from, card.service_until)
    if known != ((last.number, last.starts_on, last.service_until) if last else (0, None, None)):
        yield "running_term", _("the card's current term is not the last one that started")


def _device(records: Records) -> Iterator[tuple[str, str]]:
    bound_to = records.bindings[-1].imei if records.bindings else ""
    if records.card.bound_imei != bound_to:
        sentence = _("the card is bound to “{imei}”, but its last binding says “{other}”")
        yield "binding", sentence.format(imei=records.card.bound_imei, other=bound_to)


def _real_name(records: Records) -> Iterator[tuple[str, str]]:
    status = records.checks[-1].status if records.checks else RealName.NONE
    if records.card.real_name != status:
        sentence = _("the card's ID verification is “{status}”, but the last one submitted is “{other}”")
        said = {"status": label_of(RealName, records.card.real_name), "other": label_of(RealName, status)}
        yield "real_name", sentence.format(**said)


def _kept(records: Records) -> Iterator[tuple[str, str]]:
    """What is kept for lists to ask: the usage level, and the tags once more as rows."""
    card = records.card
    if card.usage_level != card.level:
        sentence = _("the card's usage level is “{level}”, but its usage says “{other}”")
        levels = {"level": label_of(UsageLevel, card.usage_level), "other": label_of(UsageLevel, card.level)}
        yield "usage_level", sentence.format(**levels)
    rows = sorted(row.tag.name for row in records.tags)
    if rows != card.tag_list:
        sentence = _("the card's tags are “{tags}”, but lists find it by “{other}”")
        yield "tags", sentence.format(tags=listed(card.tag_list), other=listed(rows))


def _hold_labels(text: str) -> str:
    return listed(label_of(Hold, code) for code in text.split(",")) if text else "–"


# One statement sees cards and sums at the same moment, whoever writes meanwhile.
DIFFERENCES = """
    SELECT state, holds, SUM(counted), SUM(kept) FROM (
        SELECT state, holds, COUNT(*) AS counted, 0 AS kept FROM cards_card GROUP BY state, holds
        UNION ALL SELECT state, holds, 0, SUM(cards) FROM cards_statetally GROUP BY state, holds
    ) AS both_of_them GROUP BY state, holds HAVING SUM(counted) <> SUM(kept) ORDER BY state, holds
"""


def _sums() -> Iterator[Problem]:
    """The kept sums say how many cards there are in each state, with each set of holds."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        for state, holds, counted, kept in cursor.fetchall():
            sentence = _("there are {counted} cards “{state}” with the holds “{holds}”, but the sums say {kept}")
            said = {"state": label_of(State, state), "holds": _hold_labels(holds)}
            yield Problem(None, "sum", sentence.format(counted=counted, kept=kept, **said))
