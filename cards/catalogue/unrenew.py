from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.catalogue.parameters import Parameter, read_whole
from cards.choices import Action
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change

LARGEST_TERM = 32_767


def term(text: str) -> int | None:
    """The number of a service term; nothing means the one that was bought last."""
    text = str(text).strip()
    return read_whole("term", 1, LARGEST_TERM)(text) if text else None


def last_term_waits(card: Card, request: Asked) -> None:
    """The last term in the queue can be undone, unless it is the one that the card was opened with.

    Who means a certain term says its number; it has to be the last, so that the numbers stay without a gap.
    """
    last, meant = card.last_term_number, request.params.get("term")
    if meant and meant <= card.term_number:
        raise Refused("term_started")
    if not card.queue or last == 1 or (meant and meant > last):
        raise Refused("nothing_renewed")
    if meant and meant < last:
        raise Refused("later_term")


class Unrenew(ActionType):
    """Rule 5 the other way: the term that was bought last leaves the queue, as if it had not been bought."""

    word = Action.UNRENEW
    parameters = {
        "term": Parameter(
            term, gettext_lazy("Term number"), gettext_lazy("Leave empty for the last one bought."), entry="digits"
        )
    }
    optional = ("term",)
    guards = (last_term_waits,)
    roles = ("operations",)

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        term = card.queue.pop()
        change.evidence = {"plan": term.plan, "term": term.number}

    def hint(self, card: Card, request: Asked) -> str:
        return _("The last term bought is number {number}.").format(number=card.last_term_number)


ACTION = Unrenew()
