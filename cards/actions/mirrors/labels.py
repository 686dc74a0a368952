"""A card that leaves a customer leaves its label behind: who had the card may know the code."""

from cards.actions import claim_codes


def mirror(written):
    left = [entry for entry in written if entry.differs("customer_id") and entry.before["customer_id"] is not None]
    if left:
        claim_codes.replace([key for entry in left for key in entry.keys])
