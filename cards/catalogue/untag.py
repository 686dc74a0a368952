from cards.catalogue.action import ActionType, Inverse
from cards.catalogue.parameters import TAG
from cards.choices import Action
from cards.errors import Refused
from cards.models import Tag


def tag_is_there(card, asked):
    if "tag" in asked.params and asked.params["tag"] not in card.tag_list:
        raise Refused("not_tagged", tag=asked.params["tag"])


class Untag(ActionType):
    """The card is not found by that word any more."""

    word = Action.UNTAG
    parameters = {"tag": TAG}
    example = {"tag": "T"}
    guards = (tag_is_there,)
    taken_back_by = (Action.TAG,)
    roles = ("support", "operations")
    record_kind = "notes"
    bulk_order = 90
    suggests = Tag

    def effect(self, card, asked, change):
        card.tag_list = [name for name in card.tag_list if name != asked.params["tag"]]
        change.evidence = {"tag": asked.params["tag"]}

    def inverse(self, record):
        return Inverse(Action.TAG, {"tag": record.evidence["tag"]})

    def initial(self, card):
        return {"tag": card.tag_list[0] if card.tag_list else ""}

    def names(self, card=None):
        return card.tag_list if card else super().names()


ACTION = Untag()
