from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.assign import owner_before
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def has_a_customer(card: Card, request: Asked) -> None:
    if card.customer_id is None:
        raise Refused("in_stock_already")


class Unassign(ActionType):
    """The card goes back to stock, and is nobody's."""

    word = Action.UNASSIGN
    also_asks = ("customer_id",)
    guards = (has_a_customer,)
    undone_by = (Action.ASSIGN,)
    roles = ("operations",)
    bulk_order = 140
    stands_apart = True

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        change.evidence = {"customer_id": None, "was_customer_id": card.customer_id}
        card.customer_id = None

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.ASSIGN, {"customer": owner_before(record)})


ACTION = Unassign()
