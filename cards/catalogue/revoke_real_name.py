from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.catalogue.holds import put_hold
from cards.choices import Action, Hold, RealName
from cards.errors import Refused
from cards.guards import Asked, certified_by_a_person
from cards.models import Card
from cards.rules import Change


def approved(card: Card, request: Asked) -> None:
    if card.real_name != RealName.APPROVED:
        raise Refused("not_approved")


class RevokeRealName(ActionType):
    """What was approved is so no more: a card in use is stopped again, an unused one when it is used."""

    word = Action.REVOKE_REAL_NAME
    guards = (certified_by_a_person, approved)
    roles = ("operations",)
    customer_history = gettext_lazy("The ID verification was revoked.")
    customers_read_the_reason = True

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.real_name = RealName.REVOKED
        if card.is_in_service:
            put_hold(card, request, change, Hold.REAL_NAME)


ACTION = RevokeRealName()
