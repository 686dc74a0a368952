"""The proof of one card's records: they lead from its opening on without a gap, along declared edges, signed."""

from itertools import pairwise

from django.utils.translation import gettext as _

from cards.choices import Action, Rule, State, label_of
from cards.models import CardEvent
from cards.models.event import is_of_merging
from cards.proof.problem import Findings, holds_in_words
from cards.proof.reading import Records
from cards.triggers import STATE_EDGES

OPENINGS = (Action.OPEN, Action.ADOPT)
MAY_HAVE_HOLDS = (State.SUSPENDED, State.SHUT_DOWN, State.CANCELLED)


def prove_numbers(records: Records) -> Findings:
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


def prove_chain(records: Records) -> Findings:
    """Each event begins where the one before it ended, along a declared edge, and none goes back in time.

    A cancelled card has no more of them, but where its customer is merged into another one.
    """
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
        stays = edge[0] == edge[1] and (edge[0] != State.CANCELLED or is_of_merging(event.evidence))
        if not stays and (edge[0] == State.CANCELLED or (edge not in STATE_EDGES and not is_anew)):
            sentence = _("event {seq} goes from “{state}” to “{other}”, which is not allowed")
            yield "edge", sentence.format(seq=event.seq, state=label_of(State, edge[0]), other=label_of(State, edge[1]))


def prove_signatures(records: Records) -> Findings:
    """A rule's event is signed by the rule; holds stand in a stopped card's event, and only there."""
    for event in records.events:
        if bool(event.rule) != (event.actor_name == f"rule:{event.rule}"):
            sentence = _("event {seq} is signed by “{actor}”, but its rule is “{rule}”")
            rule = label_of(Rule, event.rule) or "–"
            yield "signature", sentence.format(seq=event.seq, actor=event.actor_name, rule=rule)
        must_be_held, is_held = event.to_state == State.SUSPENDED, bool(event.holds)
        if (must_be_held and not is_held) or (is_held and event.to_state not in MAY_HAVE_HOLDS):
            sentence = _("event {seq} leaves the card in the state “{state}” with the holds “{holds}”")
            said = {"state": label_of(State, event.to_state), "holds": holds_in_words(event.holds)}
            yield "event_holds", sentence.format(seq=event.seq, **said)


def begins_term(event: CardEvent) -> bool:
    """Whether another term than the first began with the record."""
    was_renewed = event.did == Action.RENEW and event.from_state == State.SHUT_DOWN != event.to_state
    return was_renewed or event.action == Action.START_TERM


def takes_in(event: CardEvent) -> bool:
    """Whether a file took the card over, or in anew."""
    return event.action == Action.ADOPT or "anew" in event.evidence
