"""The provider for trials: a payment page of the portal's own, on which nobody pays real money.

It signs its notifications as real providers do: HMAC-SHA256 over timestamp, nonce and body, by a key of its own.
"""

import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from billing.choices import PaymentWay
from billing.models import Payment
from billing.money import read_amount
from billing.payments.port import (
    Begun,
    Facts,
    Forged,
    HttpCall,
    Merchant,
    Provider,
    RefundFacts,
    RefundSaid,
    Reply,
    Said,
    Unreadable,
    WantedPayment,
    WantedRefund,
)
from cards.calendar import this_moment
from cards.errors import BadInput

NAME = "local"
PURPOSE = "billing.payments.local"
TIMESTAMP, NONCE, SIGNATURE = "X-Pay-Timestamp", "X-Pay-Nonce", "X-Pay-Signature"

TIMESTAMPS = re.compile(r"[0-9]{1,10}", re.ASCII)
NONCES = re.compile(r"[\w-]{16,64}", re.ASCII)
REFERENCES = re.compile(r"[\w-]{1,64}", re.ASCII)
SAYS = {said.value: said for said in (Said.PAID, Said.CLOSED)}
REPLIES = {
    "": (200, "ok\n"),
    "forged": (403, "forged\n"),
    "unreadable": (400, "unreadable\n"),
    "failed": (500, "failed\n"),
}


class Local(Provider):
    """The local payment page as a `Provider`."""

    name = NAME
    label = _("Local payment page")
    ways = (PaymentWay.PAGE, PaymentWay.WAP, PaymentWay.JSAPI)
    needs_account = False

    def begin(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Begun:
        """Nothing to begin: whoever pays presses a button on the payment's own page."""
        return Begun()

    def read(self, merchant: Merchant, body: bytes, headers: Mapping[str, str], now: datetime) -> Facts:
        sent_at, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
        if not constant_time_compare(headers.get(SIGNATURE, ""), _signature(sent_at, nonce, body)):
            raise Forged
        if not (TIMESTAMPS.fullmatch(sent_at) and NONCES.fullmatch(nonce)):
            raise Unreadable
        try:
            content = json.loads(body)
            reference: str = content["reference"]
            if not REFERENCES.fullmatch(reference):
                raise Unreadable
            amount = read_amount(content["amount"])
            return Facts(nonce, UUID(content["payment"]), SAYS[content["said"]], amount, reference, content)
        except (ValueError, TypeError, KeyError, AttributeError, BadInput):
            raise Unreadable from None

    def reply(self, problem: str = "") -> Reply:
        return Reply(*REPLIES[problem])

    def ask(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Facts:
        """The page tells all that it knows at once."""
        return Facts("", wanted.key, Said.OPEN, wanted.amount, "", {})

    def close(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> None:
        """Nobody else would take the payment."""

    def refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        return RefundFacts(RefundSaid.DONE, f"R{wanted.key.hex[:16]}")

    def ask_refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        return self.refund(call, merchant, wanted)


def notification(payment: Payment, said: str) -> tuple[bytes, dict[str, str]]:
    """What the page tells us of a payment (`paid` or `closed`): the body and the headers of a signed notification."""
    content = {"payment": str(payment.key), "said": said, "amount": str(payment.amount), "reference": f"L{payment.pk}"}
    return signed(json.dumps(content).encode())


def signed(body: bytes, sent_at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    """A body with the headers that prove whose it is, and when it was sent: now, or at another instant."""
    at, nonce = str(int((sent_at or this_moment()).timestamp())), secrets.token_urlsafe(24)
    return body, {TIMESTAMP: at, NONCE: nonce, SIGNATURE: _signature(at, nonce, body)}


def _signature(sent_at: str, nonce: str, body: bytes) -> str:
    return salted_hmac(PURPOSE, f"{sent_at}\n{nonce}\n".encode() + body, algorithm="sha256").hexdigest()


PROVIDER = Local()
