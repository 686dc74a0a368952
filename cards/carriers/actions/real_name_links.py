"""The carrier's own page for a card's ID verification: its address is fetched when somebody asks for it, and not kept.

Whoever has the address may answer for the card, so it stands in no row and in no log.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from cards.actions.throttle import QUARTER_OF_AN_HOUR, Limit, hit
from cards.carriers.actions.answers import RESULT_OF, answers_to, note_the_account
from cards.carriers.actions.asking import sim_of
from cards.carriers.actions.reaching import call_to
from cards.carriers.actions.slots import REAL, slot_for_a_person, wait_for_turn
from cards.carriers.choices import Can, told_words
from cards.carriers.models import Line
from cards.carriers.protocols import PROTOCOLS, access_of, protocol_of
from cards.errors import BadInput
from cards.phrases import joined, noted

logger = logging.getLogger(__name__)

LINKS_OF_CARD = Limit("links of card", 5, QUARTER_OF_AN_HOUR)
LINKS_OF_PERSON = Limit("links of person", 20, QUARTER_OF_AN_HOUR)
_WAIT_FOR_A_SLOT_S = 10
_LONGEST_ADDRESS = 2_000


@dataclass(frozen=True)
class _Linked:
    address: str


class TooManyLinks(BadInput):
    """Somebody asks too often."""

    def __init__(self):
        minutes = QUARTER_OF_AN_HOUR // timedelta(minutes=1)
        sentence = _("The link was asked for too often. Try again in {minutes} minutes.")
        super().__init__("", sentence.format(minutes=minutes))


def wants_link(card):
    """Whether the card waits for an ID verification that can be done at its carrier."""
    return card.lacks_real_name and not card.is_final


def knows_links(account):
    """Whether the account's protocol has such a page at all."""
    protocol = PROTOCOLS.get(account.protocol)
    return bool(protocol) and Can.REAL_NAME_LINK in protocol.can(account.fields)


def can_link(account):
    """Whether the account can be asked for one now."""
    return knows_links(account) and account.is_on and account.broken_since is None


def fetch_real_name_link(card, user):
    """The address at the carrier where the ID verification of this card is done, asked for by this person.

    Raises `BadInput`, with the carrier's words where it has said any; `TooManyLinks` where it was asked too often.
    """
    line = Line.objects.filter(card=card).select_related("account", "card").first()
    if not wants_link(card):
        raise BadInput("", _("The card needs no ID verification."))
    if line is None or line.account is None or not can_link(line.account):
        raise BadInput("", _("The carrier cannot be asked for a link to the ID verification of this card."))
    is_seldom = [hit(LINKS_OF_CARD, card.pk), hit(LINKS_OF_PERSON, user.pk)]
    if not all(is_seldom):
        raise TooManyLinks
    told = _asked(line)
    if not isinstance(told, _Linked):
        raise BadInput("", _said_instead(told))
    if not _leads_to_a_page(told.address):
        raise BadInput("", _("What the carrier sent is not the address of a page."))
    logger.info("The account %s gave a link for the ID verification of card %s.", line.account.name, card.iccid)
    return told.address


def _asked(line):
    account = line.account
    protocol, access = protocol_of(account), access_of(account)
    with slot_for_a_person(account, _WAIT_FOR_A_SLOT_S) as slot:
        call = call_to(account, access, slot.owner, REAL, partial(wait_for_turn, slot, REAL))
        (told,) = answers_to(lambda: [_Linked(protocol.real_name_link(call, access, sim_of(line)))], call, 1)
        note_the_account(account, call, [told], REAL.now())
    return told


def _said_instead(told):
    words = joined(told.code, told_words(told.text)).strip()
    result = str(RESULT_OF[type(told)].label)
    return _("The carrier gave no link: {result}.").format(result=noted(result, words) if words else result)


def _leads_to_a_page(address):
    """Whether a browser may be sent there: nothing but the address of a page, which runs no script of its own here."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    return is_whole and len(address) <= _LONGEST_ADDRESS and address.isprintable() and " " not in address
