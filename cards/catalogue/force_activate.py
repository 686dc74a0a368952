from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.guards import Asked, unused
from cards.models import Card
from cards.rules import Change


class ForceActivate(ActionType):
    """The opening term starts in any case, as at the end of the silent period (rule 4)."""

    word = Action.FORCE_ACTIVATE
    guards = (unused,)
    roles = ("operations",)
    customer_history = gettext_lazy("The term started automatically.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.force_activate(on=change.on, policy=request.policy(card))


ACTION = ForceActivate()
