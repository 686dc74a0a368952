from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.holds import put_hold
from cards.catalogue.parameters import HOLD
from cards.choices import Action, Hold
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def kind_is_anomaly(card: Card, request: Asked) -> None:
    kind = request.params.get("kind", Hold.ANOMALY)
    if kind != Hold.ANOMALY:
        raise Refused("only_anomaly", hold=str(kind))


def no_anomaly_yet(card: Card, request: Asked) -> None:
    if card.has_hold(Hold.ANOMALY):
        raise Refused("hold_stands", hold=str(Hold.ANOMALY))
    if not card.may_be_held(Hold.ANOMALY):
        raise Refused("not_from_this_state", state=str(card.state))


class PlaceHold(ActionType):
    """The carrier reports that it controls the card."""

    word = Action.PLACE_HOLD
    parameters = {"kind": HOLD}
    example = {"kind": Hold.ANOMALY}
    guards = (kind_is_anomaly, no_anomaly_yet)
    undone_by = (Action.LIFT_HOLD,)
    roles = ("carrier_desk",)
    record_kind = "state"
    bulk_order = 120
    customer_history = gettext_lazy("The card was suspended: {reason}.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        put_hold(card, request, change, request.params["kind"])

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.LIFT_HOLD, {"kind": Hold.ANOMALY})


ACTION = PlaceHold()
