from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.catalogue.parameters import Parameter
from cards.choices import Action, RealName
from cards.errors import BadInput, Refused
from cards.guards import Asked, certified_by_a_person
from cards.keys import id_number_hashes
from cards.models import Card, RealNameCheck
from cards.rules import Change


def person(text: str) -> str:
    if not 1 <= len(text.strip()) <= 64:
        raise BadInput("name", _("the full name is missing or too long"))
    return text.strip()


def id_number(text: str) -> str:
    text = text.strip().upper()
    if not (text.isascii() and text.isalnum() and 6 <= len(text) <= 32):
        raise BadInput("id_number", _("an ID number has 6 to 32 digits and letters"))
    return text


def nothing_submitted(card: Card, request: Asked) -> None:
    if card.real_name == RealName.APPROVED:
        raise Refused("already_approved")
    if card.real_name == RealName.SUBMITTED:
        raise Refused("already_submitted")


def person_has_room(card: Card, request: Asked) -> None:
    """A person answers for a limited number of cards: those whose check waits or is approved, cancelled ones left out.

    At work the person's checks are locked first, so that of two cards sent in at the same moment the second counts the
    first. `sent_in` are the cards of this chunk that the database does not know of yet.
    """
    if "id_number" not in request.params:
        return
    checks = RealNameCheck.objects.filter(number_hash__in=id_number_hashes(request.params["id_number"]))
    if not request.is_preview:
        list(checks.order_by("pk").select_for_update().values_list("pk"))
    cards = request.sent_in.union(checks.in_force().values_list("card", flat=True)) - {card.pk}
    most = request.policy(card).cards_per_person
    if len(cards) >= most:
        raise Refused("too_many_cards", count=len(cards), most=most)


class SubmitRealName(ActionType):
    """Somebody says which person answers for the card."""

    word = Action.SUBMIT_REAL_NAME
    parameters = {
        "name": Parameter(person, gettext_lazy("Full name"), entry="private"),
        "id_number": Parameter(
            id_number,
            gettext_lazy("ID number"),
            gettext_lazy("The full number is not stored, only a masked form and a fingerprint to recognise it."),
            entry="private",
        ),
    }
    example = {"name": "N", "id_number": "110101199003071234"}
    guards = (certified_by_a_person, nothing_submitted, person_has_room)
    roles = ("operations",)
    customers_may = True
    customer_button = gettext_lazy("Submit ID verification")
    customer_history = gettext_lazy("ID verification was submitted.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        request.sent_in.add(card.pk)
        card.real_name = RealName.SUBMITTED
        check = RealNameCheck.of_person(**request.params, card=card, submitted_on=change.on)
        change.rows.append(check)
        change.evidence = {"name": check.masked_name, "id_number": check.masked_number}


ACTION = SubmitRealName()
