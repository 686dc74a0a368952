"""Carriers that tell by themselves that something has happened to cards: these are looked at soon.

What they tell is not signed, so nothing else is made of it.
"""

from datetime import timedelta

from django.db.models import Q

from cards.actions.throttle import Limit
from cards.carriers.actions.asking import ask_soon
from cards.carriers.choices import Can
from cards.carriers.models import CarrierAccount, Line
from cards.carriers.protocols import access_of, is_worked, protocol_of
from cards.carriers.protocols.reading import networks_in

MOST_BYTES_OF_A_KNOCK = 64 * 1024
KNOCKS_OF_ACCOUNT = Limit("knocks of account", 600, timedelta(minutes=1))


def account_knocked_at(push_key, address):
    """The account at whose door somebody stands who may; None for all others, to whom there is no such door."""
    account = CarrierAccount.objects.filter(push_key=push_key).first()
    if account is None or not is_worked(account) or Can.PUSH not in protocol_of(account).CAN:
        return None
    return account if _may_knock(address, account.fields.get("push_from", "")) else None


def hear_knock(account, body):
    """Have the cards that this names looked at; what the carrier is answered. Raises `GarbledAnswer`."""
    hints, answer = protocol_of(account).hear(access_of(account), body)
    numbers = {hint.number for hint in hints}
    named = Q(card__msisdn__in=numbers) | Q(card__iccid__in=numbers)
    ask_soon(list(Line.objects.filter(named, account=account).values_list("pk", flat=True)))
    return answer


def _may_knock(address, listed):
    """Of IPv6 the network counts, as everywhere where visitors are told apart."""
    networks = networks_in(listed)
    if not networks:
        return True
    return any(visitor.overlaps(network) for visitor in networks_in(address) for network in networks)
