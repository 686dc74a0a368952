"""The proof of what a card may use, and of what happens to it next: limits, packs, protection, the day it is due."""

from typing import Any

from django.utils.translation import gettext as _

from cards import rules
from cards.choices import Action, Hold
from cards.errors import InvariantBroken
from cards.models import CardEvent, QueuedTerm
from cards.proof.chain import begins_term
from cards.proof.facts import NOT_SAID
from cards.proof.problem import Findings
from cards.proof.reading import Records
from cards.quantities import MB


def prove_protection(records: Records) -> Findings:
    """A card is protected by a record that says so, until another takes it off."""
    said = [event.action for event in records.events if event.action in (Action.PROTECT, Action.UNPROTECT)]
    if records.card.protected != (said[-1:] == [Action.PROTECT]):
        yield "protection", _("the card's protection from cancellation is not what its records say")


def prove_limits(records: Records) -> Findings:
    """The limit is the one that was set last, and waived only by resuming, within the cycle or by its policy longer."""
    card, (limit, waived) = records.card, _limit_said(records.events)
    if limit not in (NOT_SAID, card.limit_mb):
        sentence = _("the card's usage limit is {limit} MB, but its records say {other} MB")
        yield "limit", sentence.format(limit=card.limit_mb or "–", other=limit or "–")
    if waived not in (NOT_SAID, card.limit_waived):
        yield "waiver", _("whether the card's usage limit is waived is not what its records say")


def _limit_said(events: list[CardEvent]) -> tuple[Any, Any]:
    """The limit and whether it is waived, by the records; the policy says whether a waiver outlives its cycle."""
    limit: Any = None
    waived: Any = False
    known = {event.seq: event for event in events}
    for event in events:
        undone = known.get(event.evidence.get("undoes", 0))
        if event.action == Action.SET_LIMIT:
            limit = event.evidence.get("limit_mb", NOT_SAID)
            waived = undone.evidence.get("was_waived", NOT_SAID) if undone else False
        elif event.action == Action.RESUME and Hold.THRESHOLD in event.evidence.get("lifted", ()):
            waived = True
        elif begins_term(event) or (undone and Hold.THRESHOLD in undone.evidence.get("lifted", ())):
            waived = False
        elif event.action == Action.ROLL_OVER and waived:
            waived = NOT_SAID
    return limit, waived


def prove_packs(records: Records) -> Findings:
    """The packs are those that were added in the cycle; the record of the last says what the allowance came to."""
    said = _packs_said(records)
    if said and records.card.pack_mb not in said:
        sentence = _("the card has add-on packs of {packs} MB, but its records say {other} MB")
        yield "packs", sentence.format(packs=records.card.pack_mb, other=max(said))


def _packs_said(records: Records) -> set[int]:
    """What the packs may come to, in MB; nothing where no record says. A policy may let packs outlive their cycle."""
    has_ended: set[int] = set()
    for event in reversed(records.events):
        if begins_term(event):
            break
        if event.action == Action.ROLL_OVER:
            has_ended = {0}
        if event.did == Action.TOP_UP:
            allowance = event.evidence.get("allowance_bytes")
            return has_ended | {allowance // MB - records.card.quota_mb} if allowance is not None else set()
    return {0}


def prove_next_due(records: Records) -> Findings:
    """Something is due on the card next on the day that the rules say, and its facts do not contradict each other."""
    card = records.card
    card.queue = [
        QueuedTerm(term.number, "", term.months, term.alignment, term.quota_mb)
        for term in records.terms
        if term.starts_on is None
    ]
    try:
        if not card.parked:
            rules.check(card)
        following = rules.upcoming(card)
    except (InvariantBroken, TypeError, KeyError):  # a contradiction, or a day or a state that none should have
        yield "contradiction", _("the card's own facts contradict each other")
        return
    expected = following.on if following else None
    if card.next_due_on != expected:
        sentence = _("something is due on the card on {day}, but the rules say {other}")
        yield "next_due", sentence.format(day=card.next_due_on or "–", other=expected or "–")
