from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.holds import lift, put_hold
from cards.choices import Action, Hold
from cards.errors import Refused
from cards.guards import Asked, not_shut_down
from cards.models import Card
from cards.rules import Change


def not_voluntary_yet(card: Card, request: Asked) -> None:
    if card.has_hold(Hold.VOLUNTARY):
        raise Refused("already_voluntary")


def in_use(card: Card, request: Asked) -> None:
    if not card.is_in_service:
        raise Refused("not_in_use")


def lift_voluntary(card: Card, request: Asked, change: Change) -> None:
    lift(card, request, change, Hold.VOLUNTARY)


class Suspend(ActionType):
    """The card is stopped because somebody wants it."""

    word = Action.SUSPEND
    guards = (not_shut_down, not_voluntary_yet, in_use)
    undone_by = (Action.RESUME,)
    roles = ("support", "operations")
    customers_may = True
    record_kind = "state"
    bulk_order = 10
    customer_button = gettext_lazy("Suspend card")
    customer_bulk_button = gettext_lazy("Suspend cards")
    customer_history = gettext_lazy("The card was suspended manually.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        put_hold(card, request, change, Hold.VOLUNTARY)

    def inverse(self, record: Record) -> Inverse:
        """Resuming lifts a reached limit too; undoing a stop does not."""
        return Inverse(Action.RESUME, effect=lift_voluntary)


ACTION = Suspend()
