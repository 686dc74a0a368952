"""A card as somebody reads it who has its label and no account: its state, and whom to ask for what they cannot do.

Nobody is named: who gave them the card knows whose it is.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.choices import Hold
from cards.models import Card
from cards.sentences.customer_text import REASONS, RENEWAL, describe, reasons_text

GUESTS_REASONS: Mapping[str, str | Promise] = {
    **REASONS,
    Hold.VOLUNTARY: gettext_lazy("whoever it belongs to has stopped it"),
}
# What no money helps against, and whom to ask.
WHOM_TO_ASK: Mapping[str, Promise] = {
    Hold.ANOMALY: gettext_lazy("Only the carrier can lift its block: ask whoever gave you the card."),
    Hold.REAL_NAME: gettext_lazy("Its ID verification is done by whoever gave you the card: ask them."),
    Hold.REBIND: gettext_lazy("If you changed the device, ask whoever gave you the card to confirm the new one."),
    Hold.THRESHOLD: gettext_lazy("Only whoever gave you the card can raise its usage limit: ask them."),
    Hold.VOLUNTARY: gettext_lazy("Only whoever gave you the card can resume it: ask them."),
}


def guest_sentence(card: Card) -> str:
    """The state of the card in one sentence."""
    if card.parked:
        return _("The data of this card are being corrected: ask whoever gave you the card.")
    if not _is_stopped(card):
        return describe(card).sentence
    return _("The card is suspended: {reasons}.").format(reasons=_reasons(card))


def guest_effect(card: Card) -> str:
    """What this card will be, for who chooses what leads there."""
    return str(RENEWAL.still).format(reasons=_reasons(card)) if _is_stopped(card) else guest_sentence(card)


def guest_renewal(card: Card) -> str:
    """That the card has its next term already, queued or on order, by whomever; empty where it has not."""
    if not card.is_renewed:
        return ""
    return _("The card is renewed already: a renewal bought here is one more term, after that.")


def whom_to_ask(card: Card) -> list[str]:
    """A sentence for each thing that stops the card and that nobody can buy it out of."""
    if card.parked:
        return []
    return [str(WHOM_TO_ASK[help.code]) for help in describe(card).helps if help.code in WHOM_TO_ASK]


def _is_stopped(card: Card) -> bool:
    return bool(card.hold_list) and not card.is_over


def _reasons(card: Card) -> str:
    return reasons_text(card.hold_list, card.real_name, GUESTS_REASONS)
