"""Device binding by hand (rule 9)."""

from cards.actions.lifecycle import lift
from cards.choices import Hold


def rebind(card, ask, done):
    """Confirm and bind a device; only a change of device counts against the month's cap."""
    imei = ask.params["imei"]
    done.evidence = {"imei": imei, "previous_imei": card.bound_imei}
    if card.bound_imei and imei != card.bound_imei:
        card.count_rebind(done.on)
    card.bind(done.on, ask.policy(card), imei)
    lift(card, ask, done, Hold.REBIND)
