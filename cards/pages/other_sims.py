"""What a card's page says of a swap: the SIMs that the card had before, or where the card of an old SIM went."""

from dataclasses import dataclass
from datetime import date

from cards.choices import Action
from cards.models import Card


@dataclass(frozen=True)
class FormerSim:
    """A SIM that the card had until `on`."""

    iccid: str
    on: date


def former_sims(card, history):
    """The SIMs that the card had before, the last first, as these records of it say."""
    swaps = [event for event in reversed(history) if event.action == Action.SWAP and not card.is_final]
    return [FormerSim(event.evidence.get("was_iccid", ""), event.effective_on) for event in swaps]


def gone_on_as(card, history):
    """The card that went on with another SIM when this one, its old SIM, was cancelled; None where it was no swap."""
    if not (card.is_final and history and history[-1].action == Action.SWAP):
        return None
    return Card.objects.filter(pk=history[-1].evidence.get("other_card")).first()
