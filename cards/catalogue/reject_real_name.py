from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.catalogue.approve_real_name import whose_check
from cards.choices import Action, RealName
from cards.guards import Asked, certified_by_a_person, check_submitted
from cards.models import Card
from cards.rules import Change


class RejectRealName(ActionType):
    """The check proves wrong, and has to be sent in anew."""

    word = Action.REJECT_REAL_NAME
    guards = (certified_by_a_person, check_submitted)
    roles = ("operations",)
    customer_history = gettext_lazy("The ID verification was rejected.")
    customers_read_the_reason = True

    def hint(self, card: Card, request: Asked) -> str:
        return whose_check(card)

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.real_name = RealName.REJECTED


ACTION = RejectRealName()
