"""A card goes on with the SIM of another one from stock: the two are changed together, or neither is.

The card is the service: number, customer, terms, usage, orders and history stay with its row, which gets the new SIM's
ICCID. The row that the new SIM had in stock gets the old ICCID, and is cancelled under it.
"""

import logging

from django.db import DataError, IntegrityError, transaction

from cards import rules
from cards.actions import claim_codes
from cards.actions.bulk import update_rows
from cards.actions.write import CatchUp, Outcome, Work, carry_out, lock
from cards.choices import Action
from cards.errors import Refused
from cards.faults import fault_of
from cards.models import Card

logger = logging.getLogger(__name__)


class _EndOfOldSim(Work):
    """What becomes of the other card: it has the old SIM from now on, and is cancelled."""

    def __init__(self, card, swapped, policy):
        self.card, self.swapped, self.policy = card, swapped, policy

    def steps(self, other):
        said = self.swapped.change.evidence
        done = rules.Change(max(self.swapped.change.on, other.changed_on), Action.SWAP)
        done.evidence = {
            "iccid": said["was_iccid"],
            "was_iccid": said["iccid"],
            "imsi": said["was_imsi"],
            "was_imsi": said["imsi"],
            "was_msisdn": other.msisdn,
            "other_card": self.card.pk,
            "other_seq": self.swapped.seq,
        }
        other.cancel(on=done.on, policy=self.policy)
        other.iccid, other.imsi, other.msisdn = said["was_iccid"], said["was_imsi"], ""
        rules.settle(other, done.on)
        yield done


@transaction.atomic
def swap_sims(card_ids, work, signature):
    """Take the card through `work`, which swaps it, and the other one with it; the outcome of the card, in a list.

    What is due on the other one is done first too, and it is looked at as it is then. Should the database refuse what
    comes out of it, or the other one not be cancelled, nothing is done to either.
    """
    card_ids = sorted(set(card_ids))
    if not card_ids:
        return []
    if len(card_ids) > 1:
        return [Outcome(card, refused=Refused("one_swap_at_a_time")) for card in lock(card_ids)]
    taken = work.request.params["iccid"]
    try:
        with transaction.atomic():
            return [_swapped(card_ids[0], taken, work, signature)]
    except Refused as refused:
        why = refused
    except (IntegrityError, DataError) as error:
        if fault_of(error):
            raise
        logger.exception("The database refused a swap of card %s", card_ids)
        why = Refused("swap_failed", text=str(error).splitlines()[0][:400])
    return [Outcome(card, refused=why) for card in lock(card_ids)]


def _swapped(key, taken, work, signature):
    cards = {card.pk: card for card in lock({key, taken.pk})}
    card, other = cards[key], cards[taken.pk]
    if other is not card:
        carry_out([other], CatchUp(work.day), signature)
    work.request.params["iccid"] = other
    (outcome,) = carry_out([card], work, signature)
    swapped = next((done for done in outcome.done if done.change.action == Action.SWAP), None)
    if swapped:
        (ended,) = carry_out([other], _EndOfOldSim(card, swapped, work.request.policy(other)), signature)
        if ended.refused or ended.parked or len(ended.done) != 1:
            raise Refused("swap_failed", text=ended.parked or str(ended.refused or other))
        _exchange_iccids(card, other)
    return outcome


def _exchange_iccids(card, other):
    """Each row gets the other's ICCID, of which there is one at any moment, and both labels are replaced."""
    for row, iccid in ((card, f"swap {card.pk}"), (other, other.iccid), (card, card.iccid)):
        update_rows(Card, ("iccid",), [(row.pk, iccid)])
    claim_codes.replace_exchanged([card.pk, other.pk])
