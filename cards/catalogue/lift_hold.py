from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
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

FIGURE_WITHDRAWN = gettext_lazy("The carrier corrected the usage, and the suspension was lifted.")


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

    def customer_sentence(self, evidence: Mapping[str, Any]) -> str | Promise:
        """A hold that rests on a figure is lifted by its rule, when the figure is withdrawn."""
        rests_on_a_figure = not {Hold.CREDIT, Hold.THRESHOLD}.isdisjoint(evidence.get("lifted", ()))
        return FIGURE_WITHDRAWN if rests_on_a_figure else self.customer_history


ACTION = LiftHold()
