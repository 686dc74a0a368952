from typing import Any

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.parameters import TAG
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card, Tag
from cards.rules import Change


def tag_is_there(card: Card, request: Asked) -> None:
    if "tag" in request.params and request.params["tag"] not in card.tag_list:
        raise Refused("not_tagged", tag=request.params["tag"])


class Untag(ActionType):
    """The card is not found by that word any more."""

    word = Action.UNTAG
    also_asks = ("tags",)
    parameters = {"tag": TAG}
    example = {"tag": "T"}
    guards = (tag_is_there,)
    undone_by = (Action.TAG,)
    roles = ("support", "operations")
    record_kind = "notes"
    bulk_order = 70
    suggests = Tag

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.tag_list = [name for name in card.tag_list if name != request.params["tag"]]
        change.evidence = {"tag": request.params["tag"]}

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.TAG, {"tag": record.evidence["tag"]})

    def initial(self, card: Card) -> dict[str, Any]:
        return {"tag": card.tag_list[0] if card.tag_list else ""}

    def names(self, card: Card | None = None) -> list[str]:
        return card.tag_list if card else super().names()


ACTION = Untag()
