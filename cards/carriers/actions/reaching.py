"""How an account's carrier is reached: over HTTP, or within the portal where the portal plays it."""

from cards.carriers.actions.simulated_carrier import exchange_with
from cards.carriers.actions.tokens import AccountTokens
from cards.carriers.calling import CarrierCall
from cards.carriers.protocols import protocol_of


def call_to(account, access, owner, clock, before):
    """The call that this account's protocol is given; `before` is waited for before each request."""
    protocol = protocol_of(account)
    exchange = exchange_with(account) if protocol.IS_WITHIN else None
    tokens = AccountTokens(account, protocol, clock)
    return CarrierCall(access, owner, clock, before, tokens, protocol.IS_PLAIN_HTTP, exchange)
