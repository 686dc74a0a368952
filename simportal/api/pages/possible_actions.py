"""What may be done to a card now, and why the rest may not."""

from cards.actions.action_requests import possible
from cards.actions.write import attach_queues
from cards.calendar import civil_today
from cards.catalogue import CATALOGUE
from cards.errors import InvariantBroken, NamelessRefused, Refused
from cards.models import PolicyBook
from cards.permissions import Actor
from simportal.api.choices import SCOPE_OF_ACTION


def refusal_document(refused):
    """A guard's no, without the names of the dealer's staff."""
    said = NamelessRefused(refused.code, **refused.facts)
    return {"code": refused.code, "detail": str(said.sentence), "way_out": str(said.way_out)}


def possible_actions(card, key):
    """Each action that the key may ask for: whether it is possible now, its arguments, and what it would meet."""
    (card,) = attach_queues([card])
    try:
        found = dict(possible(card, Actor.of(key.user), civil_today(), PolicyBook.read()))
    except InvariantBroken as broken:
        found = dict.fromkeys(SCOPE_OF_ACTION, Refused("parked", parked=broken.written()))
    return [
        {
            "action": word.value,
            "is_possible": found.get(word) is None,
            "arguments": list(CATALOGUE[word].parameters),
            **({"refusal": refusal_document(found[word])} if found.get(word) else {}),
        }
        for word, scope in SCOPE_OF_ACTION.items()
        if key.may(scope)
    ]


def allowed_instead(card, key):
    """The words of the actions that are possible now."""
    return [row["action"] for row in possible_actions(card, key) if row["is_possible"]]
