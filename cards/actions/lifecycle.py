"""Stopping, starting and ending cards by hand. A deed changes the card in memory and writes its evidence."""

import json

from cards.choices import Cause, Hold


def activate(card, ask, done):
    card.activate(on=done.on, policy=ask.policy(card), cause=Cause.STAFF)


def force_activate(card, ask, done):
    card.force_activate(on=done.on, policy=ask.policy(card))


def suspend(card, ask, done):
    place(card, ask, done, Hold.VOLUNTARY)


def resume(card, ask, done):
    """Voluntary and threshold holds go together; a reached limit is waived until the next cycle."""
    if card.has_hold(Hold.THRESHOLD):
        card.limit_waived = True
    lift(card, ask, done, Hold.VOLUNTARY, Hold.THRESHOLD)


def place_hold(card, ask, done):
    place(card, ask, done, ask.params["kind"])


def lift_hold(card, ask, done):
    lift(card, ask, done, ask.params["kind"])


def set_limit(card, ask, done):
    """A new limit is armed even if the old was waived; it stops or frees the card at once."""
    limit(card, ask, done, ask.params["limit_mb"], waived=False)


def protect(card, ask, done):
    card.protected = True


def unprotect(card, ask, done):
    card.protected = False


def cancel(card, ask, done):
    card.cancel(on=done.on, policy=ask.policy(card))


def assign(card, ask, done):
    customer, was = ask.params["customer"], card.customer_id
    card.customer_id = customer and customer.pk
    done.evidence = {"customer": customer and customer.name, "customer_id": card.customer_id, "was_customer_id": was}


def unpark(card, ask, done):
    done.evidence = {"was": json.loads(card.parked)}
    card.parked = ""


def place(card, ask, done, hold):
    card.place_hold(on=done.on, policy=ask.policy(card), hold=hold)
    done.evidence["hold"] = str(hold)


def lift(card, ask, done, *holds):
    """Lift those of `holds` that are open, and note which, and what still holds the card."""
    lifted = [hold for hold in holds if card.has_hold(hold)]
    if lifted:
        card.lift_hold(done.on, ask.policy(card), *lifted)
        done.evidence.update(lifted=[str(hold) for hold in lifted], still_held=[str(hold) for hold in card.hold_list])


def limit(card, ask, done, limit_mb, waived):
    """Set the limit as it is said, and place or lift the hold that follows."""
    before = {"was_limit_mb": card.limit_mb, "was_waived": card.limit_waived}
    card.limit_mb, card.limit_waived = limit_mb, waived
    done.evidence = {"limit_mb": card.limit_mb, "used_bytes": card.used_bytes, **before}
    held = card.has_hold(Hold.THRESHOLD)
    if card.is_over_limit and not held:
        place(card, ask, done, Hold.THRESHOLD)
    elif held and not card.is_over_limit:
        lift(card, ask, done, Hold.THRESHOLD)
