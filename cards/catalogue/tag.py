from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.parameters import TAG
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card, Tag
from cards.models.tag import MOST_TAGS
from cards.rules import Change


def tag_is_new(card: Card, request: Asked) -> None:
    tag = request.params.get("tag")
    if tag in card.tag_list:
        raise Refused("already_tagged", tag=tag)
    if len(card.tag_list) >= MOST_TAGS:
        raise Refused("too_many_tags", count=MOST_TAGS)


class AddTag(ActionType):
    """A word that people find the card by; it touches no clock."""

    word = Action.TAG
    also_asks = ("tags",)
    parameters = {"tag": TAG}
    example = {"tag": "T"}
    guards = (tag_is_new,)
    undone_by = (Action.UNTAG,)
    roles = ("support", "operations")
    record_kind = "notes"
    bulk_order = 60
    suggests = Tag

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.tag_list = [*card.tag_list, request.params["tag"]]
        change.evidence = {"tag": request.params["tag"]}

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.UNTAG, {"tag": record.evidence["tag"]})


ACTION = AddTag()
