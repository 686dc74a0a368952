from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse
from cards.catalogue.holds import lift, put_hold
from cards.choices import Action, Hold
from cards.errors import Refused
from cards.guards import not_shut_down


def not_voluntary_yet(card, request):
    if card.has_hold(Hold.VOLUNTARY):
        raise Refused("already_voluntary")


def in_use(card, request):
    if not card.is_in_service:
        raise Refused("not_in_use")


def lift_voluntary(card, request, change):
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

    def effect(self, card, request, change):
        put_hold(card, request, change, Hold.VOLUNTARY)

    def inverse(self, record):
        """Resuming lifts a reached limit too; undoing a stop does not."""
        return Inverse(Action.RESUME, effect=lift_voluntary)


ACTION = Suspend()
