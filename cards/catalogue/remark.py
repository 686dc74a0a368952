from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.parameters import Parameter
from cards.choices import Action
from cards.errors import BadInput, Refused
from cards.guards import Asked
from cards.models import Card
from cards.models.card import LONGEST_REMARK
from cards.rules import Change


def one_line(text: str) -> str:
    """One line that stays with the card; nothing takes it away."""
    text = " ".join(text.split())
    if len(text) > LONGEST_REMARK:
        message = _("a remark has at most {most} characters")
        raise BadInput("remark", message.format(most=LONGEST_REMARK))
    return text


def another_remark(card: Card, request: Asked) -> None:
    if request.params.get("remark") == card.remark:
        raise Refused("same_remark")


class WriteRemark(ActionType):
    """What people note on the card; it touches no clock."""

    word = Action.REMARK
    also_asks = ("remark",)
    parameters = {
        "remark": Parameter(
            one_line,
            gettext_lazy("Remark"),
            gettext_lazy("One line. Leave empty to remove it."),
            longest=LONGEST_REMARK,
        )
    }
    example = {"remark": "R"}
    guards = (another_remark,)
    undone_by = (Action.REMARK,)
    roles = ("support", "operations")
    record_kind = "notes"

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        change.evidence = {"remark": request.params["remark"], "was_remark": card.remark}
        card.remark = request.params["remark"]

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.REMARK, {"remark": record.evidence["was_remark"]})

    def initial(self, card: Card) -> dict[str, Any]:
        return {"remark": card.remark}


ACTION = WriteRemark()
