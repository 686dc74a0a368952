from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def not_protected_yet(card: Card, request: Asked) -> None:
    if card.protected:
        raise Refused("already_protected")


class Protect(ActionType):
    """The card is not cancelled, by rule or by hand (rule 8)."""

    word = Action.PROTECT
    guards = (not_protected_yet,)
    undone_by = (Action.UNPROTECT,)
    roles = ("operations",)
    bulk_order = 110

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.protected = True


ACTION = Protect()
