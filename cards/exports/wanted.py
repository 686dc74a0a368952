"""Which cards an export is of: those of a list, by its query, or of a selection; always what its reader may see."""

from django.db import connection
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from cards.errors import BadInput
from cards.exports.stream import in_order
from cards.filters import filter_for
from cards.models import Card, Selection
from cards.paging import NEWEST
from cards.querysets import CardQuerySet
from cards.scope import Visitor

FROZEN = {
    "postgresql": "SELECT card::bigint FROM cards_selectionpart, jsonb_array_elements_text(card_ids) AS card",
    "sqlite": "SELECT card.value FROM cards_selectionpart, json_each(card_ids) AS card",
}


class Unclear(BadInput):
    """The query of a list is not clear; `complaints` says why, sentence by sentence."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("", " ".join(complaints))
        self.complaints = complaints


def cards_of_list(query: str, user: Visitor) -> CardQuerySet:
    """The cards of the list with this query string, in its order, on all of its pages. `Unclear` if it is not clear."""
    filtered = filter_for(user, QueryDict(query))
    complaints = list(filtered.complaints())
    if complaints:
        raise Unclear(complaints)
    return in_order(filtered.qs, filtered.order)


def cards_of_selection(selection: Selection, user: Visitor) -> CardQuerySet:
    """The cards of a selection, newest first."""
    frozen = RawSQL(f"{FROZEN[connection.vendor]} WHERE selection_id = %s", [selection.pk])
    return in_order(Card.objects.visible_to(user).filter(pk__in=frozen), NEWEST)
