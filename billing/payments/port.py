"""The port to whoever takes money online: a page to pay on, and notifications that are proved before they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from billing.models import Payment


class Forged(Exception):
    """The notification does not come from the provider, or was changed on its way."""


class Unreadable(Exception):
    """The provider said something that is no notification of a payment."""


@dataclass(frozen=True)
class Facts:
    """What a provider has said, proved to be its word.

    `nonce` names this notification, `key` the payment that it is about, `reference` is the provider's own number of it.
    """

    nonce: str
    key: UUID
    is_paid: bool  # or else it was called off
    amount: Decimal
    reference: str
    body: dict[str, Any]


class Provider(Protocol):
    """What a provider is called, and what it does for us; neither of it touches the books."""

    label: str | Promise

    def start(self, payment: Payment) -> str:
        """The address of the page on which somebody pays this payment."""

    def read(self, body: bytes, headers: Mapping[str, str]) -> Facts:
        """The `Facts` of a notification (its bytes and headers). Raises `Forged` or `Unreadable`.

        How old one may be is for the provider to say: where each sending is signed anew, an old one may be `Forged`. A
        repeat does no harm.
        """
