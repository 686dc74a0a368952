"""What the pages of a selection show of its cards, to staff and to customers."""

import uuid
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from cards.actions.selections import ids_of
from cards.catalogue import CATALOGUE
from cards.choices import Hold, State
from cards.forms import form_key
from cards.holds import shown

CARDS_SHOWN = 50
PARTS_COUNTED = 10


@dataclass(frozen=True)
class SelectionButton:
    """What can be done to the cards of a selection: an `action` that becomes a job, or an order at its `url`."""

    label: str
    action: str
    url: str = ""

    @property
    def stands_apart(self):
        return CATALOGUE[self.action].stands_apart

    @property
    def is_dangerous(self):
        return CATALOGUE[self.action].is_final


def key_of(request, action):
    """The key of the job that the posted form makes of an action: the form of somebody else would make another."""
    form = form_key(request)
    return form and uuid.uuid5(form, f"{request.user.pk}&{action}")


def counts_by_state(selection, visible):
    """(what the cards show as their state, how many), and of how many cards: a page does not wait for a million.

    Of the selection's cards as many are told of as are `visible` still.
    """
    ids = [pk for part in selection.parts.filter(number__lte=PARTS_COUNTED) for pk in part.card_ids]
    counts = Counter()
    found = visible.filter(pk__among=ids).order_by().values_list("state", "holds").annotate(Count("pk"))
    for state, holds, cards in found:
        counts[shown(state, holds)] += cards
    return [(code, counts[code]) for code in (*State.values, *Hold.values) if code in counts], len(ids)


def first_cards(selection, visible):
    ids = next(ids_of(selection), [])[:CARDS_SHOWN]
    return visible.filter(pk__among=ids).select_related("customer").order_by("pk")
