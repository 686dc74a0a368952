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
    wanted, found = [_meant(number) for number in numbers], {}
    for kind in READ_BY:
        for chunk in chunked(sorted({number for of, number in wanted if of == kind and number})):
            cards = Card.objects.visible_to(user).filter(**{f"{kind}__in": chunk})
            for pk, number in cards.values_list("pk", kind):
                found.setdefault((kind, number), []).append(pk)
    card_ids, lost = [], []
    for place, named in enumerate(wanted):
        meant = found.get(named, [])
        if len(meant) == 1:
            card_ids += meant
        else:
            lost.append(place)
    return sorted(set(card_ids)), lost


def cards_named(text, user):
    """The cards of this customer that the text may mean."""
    kind, number = _meant(text)
    visible = Card.objects.visible_to(user)
    return visible.filter(**{kind: number}) if number else visible.none()


def _meant(text):
    """(which number it is, the number as cards have it); "" for what is none."""
    kind, colon, number = text.partition(":")
    if not colon:
        kind, number = "iccid", text
    try:
        return kind, READ_BY[kind](number) if kind in READ_BY else ""
    except BadInput:
        return kind, ""
