"""The proof of what a card has used: the sum of the days that were told since its meter began, and what it began with.

What a meter began with says the record by which it began; a meter that went on to the next cycle by itself began with
nothing. Whether all that is known was counted is open once the cycle has ended by today: what is told of it then is
history, recorded or not that it has ended.
"""

from typing import NamedTuple

from django.utils.translation import gettext as _

from cards.calendar import civil_today
from cards.choices import Action, Rule, State
from cards.models import Card, CardEvent
from cards.proof.chain import begins_term, takes_in
from cards.proof.problem import Findings
from cards.proof.reading import Records
from cards.quantities import MB, megabytes


class MeterBeginning(NamedTuple):
    """With how many bytes a meter began, besides its days: at least and at most; None where no record says."""

    least: int | None
    most: int | None


NOTHING = MeterBeginning(0, 0)
BEGINS_WITH_NOTHING = (Action.FORCE_ACTIVATE, Action.START_TERM, Action.ROLL_OVER, Action.END_TEST)


def prove_counter(records: Records) -> Findings:
    """The counter is what was told of the days of its meter, and with what it began."""
    card = records.card
    if card.parked or not (card.is_in_test or card.term_runs):
        return
    least, most = beginning(card, records.events)
    used, days = card.used_bytes, records.told_bytes
    is_less = least is not None and used < max(days + least, 0) and not _has_ended(card)
    if is_less or (most is not None and used > days + most):
        sentence = _("the card has used {used} MB, but its days since {day} come to {told} MB")
        told = {"used": megabytes(used), "told": megabytes(days), "day": card.meter_from}
        yield "counter", sentence.format(**told)


def beginning(card: Card, events: list[CardEvent]) -> MeterBeginning:
    """What the running meter began with."""
    for event in reversed(events):
        if takes_in(event):
            return _of_an_intake(card, event)
        if event.action == Action.UNPARK:
            return beginning(card, [one for one in events if takes_in(one)])
        if event.action in BEGINS_WITH_NOTHING:
            return NOTHING
        if event.action == Action.ACTIVATE:
            return _of_an_activation(card, event)
        if begins_term(event) or _activates(card, event):
            return _of_a_term_within_a_day(card, event)
    return NOTHING


def _activates(card: Card, event: CardEvent) -> bool:
    return event.action == Action.APPROVE_REAL_NAME and event.effective_on == card.activated_on


def _of_an_intake(card: Card, event: CardEvent) -> MeterBeginning:
    """A file says how much was used by the day on which it was taken in."""
    used_mb = event.evidence.get("anew", event.evidence).get("used_mb")
    if used_mb is None or (card.counted_from and card.counted_from != card.meter_from):
        return NOTHING
    return MeterBeginning(round(used_mb * MB), round(used_mb * MB)) if card.counted_from else MeterBeginning(None, None)


def _of_an_activation(card: Card, event: CardEvent) -> MeterBeginning:
    """What was first used counts, also of a day before the one on which it took effect."""
    has_gone_on = card.cycle_from is not None and card.cycle_from > event.effective_on
    if event.rule != Rule.FIRST_USE or has_gone_on:
        return NOTHING
    return MeterBeginning(0, event.evidence.get("used_bytes"))


def _of_a_term_within_a_day(card: Card, event: CardEvent) -> MeterBeginning:
    """What was told already of its first day is not the term's."""
    if card.cycle_from is not None and card.cycle_from > event.effective_on:
        return NOTHING
    told = event.evidence.get("told_bytes")
    return MeterBeginning(None if told is None else -told, 0)


def _has_ended(card: Card) -> bool:
    """Whether the metered cycle is over by today, so that what is told of it is not counted any more."""
    return card.phase != State.TESTING and card.cycle_is_over(civil_today())
