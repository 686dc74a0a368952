import json

from cards import rules
from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import InvariantBroken, Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def is_parked(card: Card, request: Asked) -> None:
    if not card.parked:
        raise Refused("not_parked")


def facts_agree_again(card: Card, request: Asked) -> None:
    try:
        rules.check(card)
    except InvariantBroken as broken:
        raise Refused("still_broken", parked=broken.written()) from None


class Unpark(ActionType):
    """The card's data were corrected, and the rules apply to it again."""

    word = Action.UNPARK
    guards = (is_parked, facts_agree_again)
    is_for_parked_cards = True
    roles = ("operations",)

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        change.evidence = {"was": json.loads(card.parked)}
        card.parked = ""


ACTION = Unpark()
