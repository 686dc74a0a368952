"""The claim codes and addresses on cards' labels: made when a card is created or its label is printed, and replaced
when one got lost or its card changes hands."""

from django.utils.translation import gettext as _

from cards.actions import throttle
from cards.actions.bulk import insert_rows, update_rows
from cards.errors import BadInput
from cards.models import Card, ClaimCode
from cards.models.claim import address_digest_of, digest_of, letters_on_label


def issue(cards):
    """Give each of these cards its first code and address; one that has a code keeps it."""
    rows = [(card.pk, 1, *_digests(card.iccid, 1).values()) for card in cards]
    insert_rows(ClaimCode, ("card_id", "generation", "digest", "address_digest"), rows, unless_there=True)


def codes_of(cards):
    """The `ClaimCode` of each of these cards, by the card's key; those that are missing are made, and so are the
    addresses of rows of before."""
    known = _known(cards)
    if missing := [card for card in cards if card.pk not in known]:
        issue(missing)
        known |= _known(missing)
    if _give_addresses([card for card in cards if not known[card.pk].address_digest], known):
        known = _known(cards)
    return known


def replace(keys):
    """Give the next code to those of these cards that have one: what is printed with the old one opens nothing more."""
    known = ClaimCode.objects.filter(card__among=keys).values_list("card_id", "card__iccid", "generation")
    _write_following((pk, iccid, last + 1) for pk, iccid, last in known)


def replace_exchanged(keys):
    """Give codes to cards that have exchanged their ICCIDs, of a generation that neither ICCID had under the other."""
    cards = list(Card.objects.filter(pk__in=keys).order_by("pk"))
    following = max(code.generation for code in codes_of(cards).values()) + 1
    _write_following((card.pk, card.iccid, following) for card in cards)


def reissue(iccid, generation):
    """Replace the code of a card by the next, if it is of this generation still: asked for twice, it happens once.

    What is printed with the old code opens nothing any more, nor does the old address, and wrong tries are forgiven.
    """
    code = ClaimCode.objects.filter(card__iccid=iccid)
    if not code.exists():
        raise BadInput("iccid", _("This card has no claim code yet: print its label."))
    following = {"generation": generation + 1, **_digests(iccid, generation + 1)}
    if code.filter(generation=generation).update(**following, used_by=None, used_at=None):
        throttle.reset(throttle.CLAIMS_OF_CARD, iccid)


def _write_following(labels):
    """Write the codes of these labels (card, ICCID, generation), which nobody has used yet."""
    rows = [(pk, number, *_digests(iccid, number).values(), None, None) for pk, iccid, number in labels]
    columns = ("generation", "digest", "address_digest", "used_by_id", "used_at")
    update_rows(ClaimCode, columns, rows, key=("card_id",))


def _give_addresses(cards, known):
    """Give these cards, whose rows are of before, the addresses of their generations; the number of cards."""
    generations = [(card, known[card.pk].generation) for card in cards]
    rows = [(card.pk, number, _digests(card.iccid, number)["address_digest"]) for card, number in generations]
    update_rows(ClaimCode, ("address_digest",), rows, key=("card_id", "generation"))
    return len(rows)


def _digests(iccid, generation):
    code, letters = letters_on_label(iccid, generation)
    return {"digest": digest_of(iccid, code), "address_digest": address_digest_of(iccid, letters)}


def _known(cards):
    return {code.card_id: code for code in ClaimCode.objects.filter(card__in=[card.pk for card in cards])}
