"""What is kept how long, of all rooms: one bell forgets what is over."""

from billing.actions.retention import MONEY_KINDS
from billing.bills.actions.retention import BILL_KINDS
from cards.actions.retention import CARD_KINDS, forget
from cards.carriers.actions.retention import CARRIER_KINDS

SECONDS_A_RING = 30
*FIRST, USAGE = CARD_KINDS
KINDS_KEPT = [*FIRST, *MONEY_KINDS, *BILL_KINDS, *CARRIER_KINDS, USAGE]


def bring_kinds(kinds):
    """A room within this one says what else is kept; usage takes longest, and stays the last."""
    KINDS_KEPT[-1:-1] = kinds


def apply_retention():
    """Forget what is over, for half a minute at the most; how much of each kind. Whoever asks again goes on."""
    return forget(KINDS_KEPT, SECONDS_A_RING)
