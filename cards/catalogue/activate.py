from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.choices import Action, Cause
from cards.errors import Refused
from cards.guards import Asked, unused
from cards.models import Card
from cards.rules import Change


def real_name_known(card: Card, request: Asked) -> None:
    if card.lacks_real_name:
        raise Refused("real_name_first")


class Activate(ActionType):
    """The opening term starts before the card is used (rule 3)."""

    word = Action.ACTIVATE
    guards = (unused, real_name_known)
    roles = ("operations",)
    bulk_order = 90
    customer_history = gettext_lazy("The term started.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.activate(on=change.on, policy=request.policy(card), cause=Cause.STAFF)


ACTION = Activate()
