from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import Refused


def not_protected_yet(card, request):
    if card.protected:
        raise Refused("already_protected")


class Protect(ActionType):
    """The card is not cancelled, by rule or by hand (rule 8)."""

    word = Action.PROTECT
    guards = (not_protected_yet,)
    undone_by = (Action.UNPROTECT,)
    roles = ("operations",)
    bulk_order = 100

    def effect(self, card, request, change):
        card.protected = True


ACTION = Protect()
