"""The claim codes of cards: made when a card is created or its label is printed, and replaced when one got lost."""

from django.utils.translation import gettext as _

from cards.actions import throttle
from cards.actions.bulk import update_rows
from cards.errors import BadInput
from cards.models import ClaimCode
from cards.models.claim import code_of, digest_of


def issue(cards):
    """Give each of these cards its first code; one that has a code keeps it."""
    fresh = [ClaimCode(card=card, digest=_digest(card.iccid, 1)) for card in cards]
    ClaimCode.objects.bulk_create(fresh, ignore_conflicts=True)


def codes_of(cards):
    """The `ClaimCode` of each of these cards, by the card's key; those that are missing are made."""
    known = _known(cards)
    if missing := [card for card in cards if card.pk not in known]:
        issue(missing)
        known |= _known(missing)
    return known


def replace(cards):
    """Give the next code to those of these cards that have one: what is printed with the old one opens nothing more."""
    iccids = {card.pk: card.iccid for card in cards}
    known = ClaimCode.objects.filter(card__among=iccids.keys()).values_list("card_id", "generation")
    rows = [(pk, last + 1, _digest(iccids[pk], last + 1), None, None) for pk, last in known]
    update_rows(ClaimCode, ("generation", "digest", "used_by_id", "used_at"), rows, key=("card_id",))


def reissue(iccid, generation):
    """Replace the code of a card by the next, if it is of this generation still: asked for twice, it happens once.

    What is printed with the old code opens nothing any more, and the wrong tries are forgiven.
    """
    code = ClaimCode.objects.filter(card__iccid=iccid)
    if not code.exists():
        raise BadInput("iccid", _("This card has no claim code yet: print its label."))
    following = {"generation": generation + 1, "digest": _digest(iccid, generation + 1)}
    if code.filter(generation=generation).update(**following, used_by=None, used_at=None):
        throttle.reset(throttle.CLAIMS_OF_CARD, iccid)


def _digest(iccid, generation):
    return digest_of(iccid, code_of(iccid, generation))


def _known(cards):
    return {code.card_id: code for code in ClaimCode.objects.filter(card__in=[card.pk for card in cards])}
