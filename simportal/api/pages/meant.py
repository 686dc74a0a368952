"""Which cards a request means: those of a list of numbers, or those that filters find. All of them, or a problem."""

from django.utils.translation import gettext_lazy as _

from simportal.api.choices import ApiScope
from simportal.api.errors import invalid
from simportal.api.pages.entrance import demand
from simportal.api.pages.finding_cards import filter_of
from simportal.api.pages.numbers import cards_by_numbers

MEANS_ONE = _("Name the cards either by `cards` or by `selection`.")
_TOO_MANY = _("At most {most} cards at once.")
NO_CARDS = _("No card is meant.")
NOT_YOURS = _("You have no card of this number.")
_LISTED = 20


def meant_cards(request, payload, most):
    """The keys of the cards that `payload.cards` or `payload.selection` means, at most so many; `Problem` otherwise."""
    if (payload.cards is None) == (payload.selection is None):
        raise _unfit("/cards", "one_of", MEANS_ONE)
    if payload.selection is not None:
        demand(request.auth, ApiScope.CARDS_READ)
        found = filter_of(request, payload.selection.filters()).qs.values_list("pk", flat=True)
        card_ids = list(found[: most + 1])
        if len(card_ids) > most:
            raise _unfit("/selection", "too_many", str(_TOO_MANY).format(most=most))
    else:
        card_ids, lost = cards_by_numbers(payload.cards, request.user)
        if lost:
            places = [f"/cards/{place}" for place in lost[:_LISTED]]
            raise invalid([{"pointer": p, "code": "no_such_card", "detail": str(NOT_YOURS)} for p in places])
    if not card_ids:
        raise _unfit("/cards", "none", NO_CARDS)
    return card_ids


def _unfit(pointer, code, sentence):
    return invalid([{"pointer": pointer, "code": code, "detail": str(sentence)}])
