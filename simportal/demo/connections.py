"""The demo's accounts at carriers: the portal plays each carrier itself, so there is nothing to configure."""

from cards.carriers.actions.account_saving import save_account
from cards.carriers.protocols.simulated import Simulated
from cards.choices import Carrier
from cards.permissions import Actor


def connect():
    """An account at each carrier. What was done this morning is ordered there once the worker runs."""
    for carrier in Carrier.values:
        save_account(f"demo-{carrier}", by=Actor.shell(), carrier=carrier, protocol=Simulated.NAME)
