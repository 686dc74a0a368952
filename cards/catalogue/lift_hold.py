from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.holds import lift
from cards.catalogue.parameters import HOLD
from cards.catalogue.place_hold import kind_is_anomaly
from cards.choices import Action, Hold
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def anomaly_open(card: Card, request: Asked) -> None:
    if not card.has_hold(Hold.ANOMALY):
        raise Refused("hold_not_open", hold=str(Hold.ANOMALY))


class LiftHold(ActionType):
    """The carrier reports that it controls the card no more."""

    word = Action.LIFT_HOLD
    parameters = {"kind": HOLD}
    example = {"kind": Hold.ANOMALY}
    guards = (kind_is_anomaly, anomaly_open)
    undone_by = (Action.PLACE_HOLD,)
    roles = ("carrier_desk",)
    record_kind = "state"
    bulk_order = 130
    customer_history = gettext_lazy("The carrier's block was lifted.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        lift(card, request, change, request.params["kind"])

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.PLACE_HOLD, {"kind": Hold.ANOMALY})


ACTION = LiftHold()
