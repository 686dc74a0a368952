"""Where staff order service for cards. The room of money has the form; cards know its address and what is meant."""

from dataclasses import replace
from urllib.parse import urlencode

from cards.catalogue import CATALOGUE
from cards.pages.frames import CONSOLE
from cards.pages.way_back import with_way_back
from cards.permissions import Actor

MAY_ORDER = "billing.place_order"


def order_url(action, **cards):
    """The form of an order of what this action does, for the cards of these `numbers` or of a `selection`."""
    return f"{CONSOLE.money_url('order-new')}?{urlencode({'action': action, **cards})}"


def act_url(action, iccid, back=""):
    """Where staff do this to a card, or order it, and come back to this path afterwards."""
    is_sold = CATALOGUE[action].is_sold
    return with_way_back(order_url(action, numbers=iccid) if is_sold else CONSOLE.url("card-act", iccid, action), back)


def console_actor(user):
    """The actor that somebody of the staff is in the console: what is sold, they may if they may order."""
    actor = Actor.of(user)
    if user.has_perm(MAY_ORDER):
        return actor
    return replace(actor, actions=frozenset(word for word in actor.actions if not CATALOGUE[word].is_sold))
