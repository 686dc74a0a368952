from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse
from cards.choices import Action
from cards.errors import BadInput, Refused
from cards.models import Customer


def customer(name):
    """A customer by name; an empty name puts the card back in stock."""
    if not name.strip():
        return None
    customer = Customer.objects.filter(name=name.strip()).first()
    if customer is None:
        raise BadInput("customer", _("there is no customer called “{name}”").format(name=name))
    return customer


def another_customer(card, asked):
    if "customer" in asked.params and card.customer_id == getattr(asked.params["customer"], "pk", None):
        raise Refused("same_customer")


class Assign(ActionType):
    """The card becomes a customer's."""

    word = Action.ASSIGN
    parameters = {"customer": customer}
    example = {"customer": None}
    guards = (another_customer,)
    taken_back_by = (Action.ASSIGN,)
    roles = ("operations",)
    bulk_order = 50
    suggests = Customer
    customer_history = gettext_lazy("The card became yours.")

    def effect(self, card, asked, change):
        customer = asked.params["customer"]
        change.evidence = {"customer": customer and customer.name, "was_customer_id": card.customer_id}
        card.customer_id = customer and customer.pk

    def inverse(self, record):
        return Inverse(Action.ASSIGN, {"customer": record.former_customer})

    def initial(self, card):
        return {"customer": card.customer.name if card.customer else ""}


ACTION = Assign()
