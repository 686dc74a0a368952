from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import Refused


def protected(card, asked):
    if not card.protected:
        raise Refused("not_protected")


class Unprotect(ActionType):
    """The card may be cancelled again (rule 8)."""

    word = Action.UNPROTECT
    guards = (protected,)
    taken_back_by = (Action.PROTECT,)
    roles = ("operations",)
    bulk_order = 110

    def effect(self, card, asked, change):
        card.protected = False


ACTION = Unprotect()
