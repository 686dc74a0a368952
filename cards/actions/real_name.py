"""The real-name check of an individual-certified card: submitted, approved, rejected, revoked."""

from cards.actions.lifecycle import lift, place
from cards.choices import Cause, Hold, RealName, State
from cards.errors import Refused
from cards.models import RealNameCheck
from cards.models.real_name import keyed_hash


def submit(card, ask, done):
    _has_room_for(card, ask)
    card.real_name = RealName.SUBMITTED
    check = RealNameCheck.of_person(**ask.params, card=card, submitted_on=done.on)
    done.rows.append(check)
    done.evidence = {"name": check.masked_name, "id_number": check.masked_number}


def approve(card, ask, done):
    """The hold is lifted; a term that waited for the check starts today (rule 3)."""
    card.real_name = RealName.APPROVED
    if card.has_hold(Hold.REAL_NAME) and card.is_active and not card.term_runs:
        card.activate(on=done.on, policy=ask.policy(card), cause=Cause.REAL_NAME)
    lift(card, ask, done, Hold.REAL_NAME)


def reject(card, ask, done):
    card.real_name = RealName.REJECTED


def revoke(card, ask, done):
    """A card in use is stopped again; an unused one is stopped when it is used."""
    card.real_name = RealName.REVOKED
    if card.is_active:
        place(card, ask, done, Hold.REAL_NAME)


def _has_room_for(card, ask):
    """A person answers for so many cards at the most: those whose check waits or is approved, cancelled ones left out.

    The person's checks are locked first, so that of two cards sent in at the same moment the second counts the first.
    """
    checks = RealNameCheck.objects.filter(number_hash=keyed_hash(ask.params["id_number"]))
    list(checks.order_by("pk").select_for_update().values_list("pk"))
    standing = checks.filter(status__in=(RealName.SUBMITTED, RealName.APPROVED)).exclude(card__state=State.CANCELLED)
    cards = ask.sent_in.union(standing.values_list("card", flat=True)) - {card.pk}
    most = ask.policy(card).cards_per_person
    if len(cards) >= most:
        raise Refused("too_many_cards", count=len(cards), most=most)
    ask.sent_in.add(card.pk)
