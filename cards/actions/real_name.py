"""The real-name check of an individual-certified card: submitted, approved, rejected, revoked."""

from cards.actions.lifecycle import lift, place
from cards.choices import Cause, Hold, RealName, State
from cards.models import RealNameCheck


def submit(card, ask, done):
    card.real_name = RealName.SUBMITTED
    check = RealNameCheck.of_person(**ask.params, card=card, submitted_on=done.on)
    done.rows.append(check)
    done.evidence = {"name": check.masked_name, "id_number": check.masked_number}


def approve(card, ask, done):
    """The hold is lifted; a term that waited for the check starts today (rule 3)."""
    card.real_name = RealName.APPROVED
    if card.has_hold(Hold.REAL_NAME) and card.phase == State.IN_USE and not card.term_runs:
        card.activate(on=done.on, policy=ask.policy(card), cause=Cause.REAL_NAME)
    lift(card, ask, done, Hold.REAL_NAME)


def reject(card, ask, done):
    card.real_name = RealName.REJECTED


def revoke(card, ask, done):
    """A card in use is stopped again; an unused one is stopped when it is used."""
    card.real_name = RealName.REVOKED
    if card.phase == State.IN_USE:
        place(card, ask, done, Hold.REAL_NAME)
