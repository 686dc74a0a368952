"""Placing and lifting holds, as several actions do it."""

from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def put_hold(card: Card, request: Asked, change: Change, hold: str) -> None:
    card.place_hold(on=change.on, policy=request.policy(card), hold=hold)
    change.evidence["hold"] = str(hold)


def lift(card: Card, request: Asked, change: Change, *holds: str) -> None:
    """Lift those of `holds` that are open, and note which, and what still holds the card."""
    lifted = [hold for hold in holds if card.has_hold(hold)]
    if lifted:
        card.lift_hold(change.on, request.policy(card), *lifted)
        change.evidence["lifted"] = [str(hold) for hold in lifted]
        change.evidence["still_held"] = [str(hold) for hold in card.hold_list]
