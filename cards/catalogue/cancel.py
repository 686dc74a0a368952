from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def not_protected(card: Card, request: Asked) -> None:
    if card.protected:
        raise Refused("protected")


class Cancel(ActionType):
    """Rule 8: final."""

    word = Action.CANCEL
    guards = (not_protected,)
    roles = ("operations",)
    bulk_order = 160
    stands_apart = True
    asks_why = True
    is_final = True
    submit_label = gettext_lazy("Cancel this card permanently")
    customer_history = gettext_lazy("The card was permanently cancelled.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.cancel(on=change.on, policy=request.policy(card))


ACTION = Cancel()
