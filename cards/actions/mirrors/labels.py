"""A card that leaves a customer leaves its label behind: who had the card may know the code."""

from cards.actions import claim_codes


def mirror(written):
    left = [card for card, before, _ in written if before["customer_id"] not in (None, card.customer_id)]
    if left:
        claim_codes.replace(left)
