"""What somebody without an account finds by what they type: a card by its number, a receipt by its own.

Each try is counted before it is known to be right, for the visitor's address and for the number, and what is found out
takes the same statements whether there is such a card or not.
"""

from typing import NamedTuple

from django.core import signing

from billing.guest.actions.doors import for_sale
from billing.models import Payment
from cards.actions import throttle
from cards.identifiers import iccid_in, msisdn
from cards.lookup import card_of_number
from cards.models import Card
from cards.models.claim import bare
from cards.quantities import whole

TICKET_SECONDS = 30 * 60


class SoughtNumber(NamedTuple):
    """What came of a typed number: whether it was one try too many; else what it may be bought, and a ticket for it.

    Nothing is for sale of a number that is no card's, of one that several have, and of one that cannot be renewed.
    """

    is_over_limit: bool
    for_sale: list
    ticket: str


def seek_number(text, address):
    """What can be bought for the card with this ICCID or MSISDN; raises `BadInput` for what is neither.

    A right number does not count against the address: behind one of them there may be a whole town.
    """
    number = iccid_in(text) or msisdn(text)
    if not throttle.hit(throttle.NUMBERS_OF_ADDRESS, address):  # whoever goes on leaves no row for each number
        return SoughtNumber(True, [], "")
    may_try = throttle.hit(throttle.TRIES_OF_NUMBER, number)
    card = card_of_number(number)
    found = for_sale(card)
    is_right = bool(found) and may_try
    throttle.undo_hit(throttle.NUMBERS_OF_ADDRESS, address if is_right else "")
    return SoughtNumber(not may_try, found if is_right else [], _ticket(card) if is_right else "")


def card_of_ticket(ticket):
    """The card for which a ticket was given within half an hour; None if it is of none, or the card changed hands."""
    key = whole(ticket.partition(":")[0])
    card = Card.objects.select_related("customer", "plan").filter(pk=key or 0).first()
    try:
        _signer(card).unsign(ticket, max_age=TICKET_SECONDS)
    except signing.BadSignature:
        return None
    return card


def seek_receipt(text, address):
    """The payment of this receipt number. (whether it was one try too many, the payment or None)"""
    may_try = throttle.hit(throttle.RECEIPTS_OF_ADDRESS, address)
    payment = payment_of_code(text)
    if not may_try:
        return True, None
    if payment:
        throttle.undo_hit(throttle.RECEIPTS_OF_ADDRESS, address)
    return False, payment


def payment_of_code(text):
    """The payment whose receipt has this number, however it is written; None where there is none."""
    code = bare(text)
    return Payment.objects.select_related("order").filter(code=code).first() if code else None


def _ticket(card):
    return _signer(card).sign(card.pk)


def _signer(card):
    """Signs for a card as long as it stays with its customer, of whom nothing stands in the ticket."""
    return signing.TimestampSigner(salt=f"billing.guest.ticket.{card and card.customer_id}")
