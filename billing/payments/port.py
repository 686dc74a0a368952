"""The port to whoever takes money online: how a payment is begun, asked for and given back, and what they tell us.

A provider is a file of this folder with a `PROVIDER`. It holds no policy, touches no books and reads no tables: it is
given an account (`Merchant`) and what is to be done, makes its requests by `HttpCall`, and says what came back in the
words of this module. When something is sent, repeated or believed is decided in `billing/actions/`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.utils.functional import Promise

from billing.choices import BillLineKind, PaymentWay


class Forged(Exception):
    """The notification does not come from the provider, is not for us, or was changed on its way."""


class Unreadable(Exception):
    """The provider said something that is no notification of a payment."""


class NotOfPayment(Exception):
    """The provider's word, and for us, but of no payment: it is taken, so that it does not come again, and left.

    What becomes of a refund is asked for, and never believed from a notification.
    """


class ProviderRefused(Exception):
    """The provider has refused what was asked for, and it was not done: its `code` and its words, as they came."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(f"{code} {words}".strip())
        self.code, self.words = code, words


class Garbled(Exception):
    """An answer is not what the protocol says, or not signed by the provider. What was asked for may have been done."""


class Said(StrEnum):
    """What a provider says of a payment: taken; over without being taken; neither of both yet."""

    PAID = "paid"
    CLOSED = "closed"
    OPEN = "open"


class RefundSaid(StrEnum):
    """What a provider says of a refund. It knows nothing of one that is `UNKNOWN`, which can be sent again."""

    DONE = "done"
    UNDERWAY = "underway"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AccountField:
    """What an account is told by its provider. A secret is kept enciphered and never shown again; a key or certificate
    (`is_text`) has several lines; where payers or secrets are sent (`is_address`) is held to what addresses are."""

    name: str
    label: str | Promise
    is_secret: bool = False
    is_optional: bool = False
    is_text: bool = False
    is_address: bool = False
    help_text: str | Promise = ""


@dataclass(frozen=True)
class Merchant:
    """The dealer's account as its provider is given it. Secrets are in the clear here.

    `notify_url` is where we want to be told of payments, empty where the portal does not know its own address.
    """

    name: str
    base_url: str
    fields: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    notify_url: str = ""

    def __repr__(self) -> str:
        return f"<Merchant {self.name}>"  # whoever logs one logs no secret


@dataclass(frozen=True)
class WantedPayment:
    """A payment that is to be begun, or asked for. `key.hex` is our number of it at the provider.

    `return_url` is where the payer's browser goes afterwards, `payer_address` their address in the network, `openid`
    who they are in WeChat (for `PaymentWay.JSAPI` alone). `expires_at` is when the provider may take it no more.
    """

    key: UUID
    amount: Decimal
    subject: str
    way: PaymentWay = PaymentWay.PAGE
    return_url: str = ""
    payer_address: str = ""
    openid: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Begun:
    """How a payment is paid: at an address of the provider's, by a QR code that the portal draws (`qr`, its text), or
    by what WeChat's own browser is told (`bridge`). One of the three."""

    address: str = ""
    qr: str = ""
    bridge: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What a provider has said of a payment, proved to be its word.

    `nonce` names what said it, once (at most 128 characters), `key` the payment that it is about, `reference` is the
    provider's own number of it. `body` is what it said, to be kept and shown to staff: nothing secret, no account of
    a payer.
    """

    nonce: str
    key: UUID
    said: Said
    amount: Decimal
    reference: str
    body: dict[str, Any]

    @property
    def is_paid(self) -> bool:
        return self.said == Said.PAID


@dataclass(frozen=True)
class WantedRefund:
    """Money that goes back to whoever paid. `key.hex` is our number of the refund; the same number is one refund.

    Of the payment our number (`payment_key`), the provider's (`reference`) and what it came to (`total`).
    """

    key: UUID
    payment_key: UUID
    reference: str
    total: Decimal
    amount: Decimal
    reason: str = ""


@dataclass(frozen=True)
class RefundFacts:
    """What a provider says of a refund; `reference` is its own number of it, `words` why it failed.

    One that failed and `is_closed` can be sent again, but as another refund: by another number of ours.
    """

    said: RefundSaid
    reference: str = ""
    words: str = ""
    is_closed: bool = False


@dataclass(frozen=True)
class BillRow:
    """A line of a provider's bill. Amounts are positive; `fee` is what the provider kept (negative: gave back).

    `key_text` is our number of the payment or the refund as the bill has it, `reference` the provider's.
    """

    kind: BillLineKind
    reference: str
    key_text: str
    amount: Decimal
    fee: Decimal
    at: datetime


@dataclass(frozen=True)
class Reply:
    """What a provider wants to hear to its notification."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


class HttpCall(Protocol):
    """How a provider is reached: within its time, at its own address alone, and no secret is logged."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        base_url: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        longest: int = 0,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask once: status, headers (small letters) and body of whatever came back. `path` brings its query along.

        `base_url` is another host of the provider's than the account's, `longest` a body longer than 1 MB. Raises
        `NothingHeard` where no whole answer came in time.
        """

    def now(self) -> datetime:
        """This instant, aware."""


class Provider:
    """One way of taking money online. `call` reaches the provider; what raises `NothingHeard` is let through.

    Methods that call raise `ProviderRefused` for a refusal, and `Garbled` for what is no answer of the provider's.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    fields: ClassVar[tuple[AccountField, ...]] = ()
    identity: ClassVar[tuple[str, ...]] = ()  # the fields by which a notification says whose it is
    base_url: ClassVar[str] = ""  # where it is, unless the account says otherwise
    ways: ClassVar[tuple[PaymentWay, ...]] = ()
    needs_account: ClassVar[bool] = True
    needs_openid: ClassVar[bool] = False  # to begin a payment within WeChat
    bill_kinds: ClassVar[tuple[str, ...]] = ()  # the bills of a day that it has, by its own names; none: it has none
    bill_after_hour: ClassVar[int] = 11  # of the next day, when the bill of a day is there

    def complaint(self, merchant: Merchant) -> str:
        """What makes no sense about the account's fields and secrets, in a sentence; empty where nothing does."""
        return ""

    def ways_of(self, merchant: Merchant) -> tuple[PaymentWay, ...]:
        """In which ways this account takes payments."""
        return self.ways

    def openid_url(self, merchant: Merchant, return_url: str, state: str) -> str:
        """Where WeChat's browser is sent to say who pays, and comes back to `return_url` with a `code` and our `state`
        (at most 128 letters and digits); for a provider that `needs_openid`. Nobody is asked anything."""
        raise NotImplementedError

    def openid_of(self, call: HttpCall, merchant: Merchant, code: str) -> str:
        """Who pays, in WeChat, by the `code` with which they came back."""
        raise NotImplementedError

    def begin(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Begun:
        """Have a payment begin at the provider, in the way wanted."""
        raise NotImplementedError

    def read(self, merchant: Merchant, body: bytes, headers: Mapping[str, str], now: datetime) -> Facts:
        """The `Facts` of a notification (its bytes and headers); makes no call.

        Raises `Forged`, `Unreadable` or `NotOfPayment`.

        How old one may be is for the provider to say: where each sending is signed anew, an old one may be `Forged`. A
        repeat does no harm.
        """
        raise NotImplementedError

    def reply(self, problem: str = "") -> Reply:
        """What it wants to hear: that its notification was taken, or that there is a `problem`: `forged`, `unreadable`,
        or `failed`, which is worth a repeat."""
        raise NotImplementedError

    def ask(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Facts:
        """What has become of a payment. One that the provider does not know is `OPEN`: its payer never came there."""
        raise NotImplementedError

    def close(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> None:
        """Have the provider take it no more. One that it does not know is closed as well."""
        raise NotImplementedError

    def refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        """Give money back to whoever paid. Asked again with the same key it is the same refund."""
        raise NotImplementedError

    def ask_refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        """What has become of a refund."""
        raise NotImplementedError

    def bill(self, call: HttpCall, merchant: Merchant, kind: str, day: date) -> bytes:
        """The provider's bill of a civil day, as it came; empty where nothing happened on that day."""
        raise NotImplementedError

    def read_bill(self, kind: str, document: bytes) -> Iterator[BillRow]:
        """The lines of a bill. Raises `cards.errors.BadInput` for what is none, with the line."""
        raise NotImplementedError
