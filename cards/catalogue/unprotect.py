from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def protected(card: Card, request: Asked) -> None:
    if not card.protected:
        raise Refused("not_protected")


class Unprotect(ActionType):
    """The card may be cancelled again (rule 8)."""

    word = Action.UNPROTECT
    guards = (protected,)
    undone_by = (Action.PROTECT,)
    roles = ("operations",)
    bulk_order = 150
    stands_apart = True

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.protected = False


ACTION = Unprotect()
