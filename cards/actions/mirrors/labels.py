"""A card that leaves a customer leaves its label behind: who had the card may know the code. It stays where two
customers were merged: nobody else has the card."""

from cards.actions import claim_codes
from cards.models.event import is_of_merging


def mirror(written):
    left = [entry for entry in written if entry.differs("customer_id") and entry.before["customer_id"] is not None]
    parted = [key for entry in left if not is_of_merging(entry.done.change.evidence) for key in entry.keys]
    if parted:
        claim_codes.replace(parted)
