"""Which card an address means: its ICCID, or `msisdn:…`, `imsi:…`. Cards of others are none."""

from django.utils.translation import gettext_lazy as _

from cards.actions.write import chunked
from cards.errors import BadInput
from cards.identifiers import iccid, imsi, msisdn
from cards.models import Card
from simportal.api.errors import Problem, no_such

NO_CARD = _("You have no card of this number.")
SEVERAL = _("Several of your cards have this number: name the card by its ICCID.")
READ_BY = {"iccid": iccid, "msisdn": msisdn, "imsi": imsi}


def card_named(text, user, *related):
    """The card of this customer that the text names; `Problem` where there is none or several."""
    cards = list(cards_named(text, user).select_related(*related)[:2])
    if len(cards) > 1:
        raise Problem(409, "ambiguous_number", SEVERAL)
    if not cards:
        raise no_such(NO_CARD)
    return cards[0]


def cards_by_numbers(numbers, user):
    """(the keys of the cards, the places of the numbers that are none of this customer's cards', or several)."""
    wanted = [number.partition(":") for number in numbers]
    found = {kind: {} for kind in READ_BY}
    for kind in READ_BY:
        texts = {_read(kind, rest or first) for first, colon, rest in wanted if (first if colon else "iccid") == kind}
        for chunk in chunked(sorted(texts - {""})):
            cards = Card.objects.visible_to(user).filter(**{f"{kind}__in": chunk})
            for pk, number in cards.values_list("pk", kind):
                found[kind].setdefault(number, []).append(pk)
    card_ids, lost = [], []
    for place, (first, colon, rest) in enumerate(wanted):
        kind = first if colon else "iccid"
        meant = found.get(kind, {}).get(_read(kind, rest if colon else first), [])
        if len(meant) == 1:
            card_ids += meant
        else:
            lost.append(place)
    return sorted(set(card_ids)), lost


def _read(kind, text):
    """The number as cards have it; "" for what is none."""
    try:
        return READ_BY[kind](text) if kind in READ_BY else ""
    except BadInput:
        return ""


def cards_named(text, user):
    """The cards of this customer that the text may mean."""
    kind, colon, number = text.partition(":")
    if not colon:
        kind, number = "iccid", text
    visible = Card.objects.visible_to(user)
    read = _read(kind, number)
    return visible.filter(**{kind: read}) if read else visible.none()
