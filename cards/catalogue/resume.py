from functools import partial

from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.holds import lift, put_hold
from cards.choices import Action, Hold
from cards.errors import Refused
from cards.guards import Asked, not_shut_down
from cards.models import Card
from cards.rules import Change


def something_to_resume(card: Card, request: Asked) -> None:
    if not (card.has_hold(Hold.VOLUNTARY) or card.has_hold(Hold.THRESHOLD)):
        raise Refused("nothing_to_resume")


def stop_again(card: Card, request: Asked, change: Change, lifted: list[str]) -> None:
    """Put back the holds that were lifted, the reached limit with them."""
    for hold in map(Hold, lifted):
        if not card.may_be_held(hold):
            raise Refused("not_from_this_state", state=str(card.state))
        if hold == Hold.THRESHOLD:
            card.limit_waived = False
        put_hold(card, request, change, hold)


class Resume(ActionType):
    """The card is wanted again, whatever its owner said before."""

    word = Action.RESUME
    guards = (not_shut_down, something_to_resume)
    undone_by = (Action.SUSPEND,)
    roles = ("support", "operations")
    customers_may = True
    record_kind = "state"
    bulk_order = 20
    customer_button = gettext_lazy("Resume card")
    customer_bulk_button = gettext_lazy("Resume cards")
    customer_history = gettext_lazy("The card was resumed.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        """Voluntary and threshold holds go together; a reached limit is waived until the next cycle."""
        if card.has_hold(Hold.THRESHOLD):
            card.limit_waived = True
        lift(card, request, change, Hold.VOLUNTARY, Hold.THRESHOLD)

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.SUSPEND, effect=partial(stop_again, lifted=record.evidence["lifted"]))


ACTION = Resume()
