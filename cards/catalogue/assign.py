from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.parameters import Parameter
from cards.choices import Action
from cards.errors import BadInput, Refused
from cards.guards import Asked
from cards.lookup import customers_named
from cards.models import Card, Customer
from cards.models.event import is_of_merging
from cards.phrases import listed
from cards.rules import Change


def customer(name: str | Customer) -> Customer:
    """A customer by name, or who it is where that is known. None is none: back to stock is an action of its own."""
    if isinstance(name, Customer):
        return name.now
    if not name.strip():
        message = _("enter the customer; “{action}” returns the card to stock")
        raise BadInput("customer", message.format(action=Action.UNASSIGN.label), Action.UNASSIGN)
    (found,) = customers_named([name.strip()]).values()
    if not found:
        raise BadInput("customer", _("there is no customer called “{name}”").format(name=name))
    return the_one(found)


def the_one(found: Sequence[Customer]) -> Customer:
    """The customer that a name means; `BadInput` where it may mean several."""
    if len(found) > 1:
        message = _("several customers are called so: {names}; write the name exactly as one of them has it")
        raise BadInput("customer", message.format(names=listed(f"“{customer.name}”" for customer in found)))
    return found[0]


def merging_evidence(former: Customer, target: Customer) -> dict[str, Any]:
    """The evidence of the one `assign` that changes no hands: its customer was merged into another.

    It comes from the merging of customers alone; no parameter of the action leads to it.
    """
    return {"customer": target.name, "customer_id": target.pk, "was_customer_id": former.pk, "merged": True}


def another_customer(card: Card, request: Asked) -> None:
    customer = request.params.get("customer")
    if customer and card.customer_id == customer.pk:
        raise Refused("same_customer")


def owner_before(record: Record) -> Customer:
    """Who had the card before this record; `Refused` when there is no such customer any more."""
    if record.former_customer is None:
        raise Refused("nothing_to_undo")
    return record.former_customer.now


class Assign(ActionType):
    """The card becomes a customer's."""

    word = Action.ASSIGN
    also_asks = ("customer_id",)
    parameters = {
        "customer": Parameter(
            customer,
            gettext_lazy("Customer"),
            gettext_lazy("The customer's exact name. To return the card to stock, use “Return to stock”."),
            entry="customer",
        )
    }
    example = {"customer": Customer(pk=0, name="C")}
    guards = (another_customer,)
    undone_by = (Action.ASSIGN, Action.UNASSIGN)
    roles = ("operations",)
    bulk_order = 50
    suggests = Customer
    customer_history = gettext_lazy("The card was assigned to you.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        customer = request.params["customer"]
        change.evidence = {
            "customer": customer.name,
            "customer_id": customer.pk,
            "was_customer_id": card.customer_id,
        }
        card.customer_id = customer.pk

    def inverse(self, record: Record) -> Inverse:
        """Back to whom it belonged before, or to stock."""
        if record.evidence["was_customer_id"] is None:
            return Inverse(Action.UNASSIGN)
        return Inverse(Action.ASSIGN, {"customer": owner_before(record)})

    def customer_sentence(self, evidence: Mapping[str, Any]) -> str | Promise:
        if not is_of_merging(evidence):
            return self.customer_history
        return _("Your account was merged with another one; nothing else changed.")

    def initial(self, card: Card) -> dict[str, Any]:
        return {"customer": card.customer.name if card.customer else ""}


ACTION = Assign()
