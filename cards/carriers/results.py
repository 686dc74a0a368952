"""What passes between this room and its protocols: what they are given, what they hear, and what they say.

Nothing of one carrier leaves its protocol's file but its words, kept as they came: a code, a text, an order's number.
Django is not needed here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

LONGEST_WORDS = 500  # of a carrier's words, as they are kept


@dataclass(frozen=True)
class Access:
    """An account as its protocol is given it: where, as whom, and how it is used. Secrets are in the clear here."""

    name: str
    base_url: str
    fields: Mapping[str, str]
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Access {self.name}>"  # whoever logs one logs no secret


@dataclass(frozen=True)
class Sim:
    """A card as its protocol is given it: its numbers, and the carrier's own code of its state when last seen."""

    key: int
    iccid: str
    msisdn: str = ""
    imsi: str = ""
    code: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP: whatever the status, with the body as it came. `heard_at` is an aware instant."""

    status: int
    headers: Mapping[str, str]  # by names in small letters
    body: bytes
    heard_at: datetime
    ms: int = 0

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> dict[str, Any]:
        """The JSON object of the body. Raises `GarbledAnswer` for whatever else it is."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            raise GarbledAnswer(self.text) from None
        if not isinstance(document, dict):
            raise GarbledAnswer(self.text)
        return document


class GarbledAnswer(Exception):
    """An answer is not what the protocol says; the text is the answer's, cut."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text[:LONGEST_WORDS])


class LoginRefused(Exception):
    """The account itself is not accepted: no token, a wrong signature, an address that is not on the carrier's list."""


# What became of a change. `code` and `text` are the carrier's own.


@dataclass(frozen=True)
class Accepted:
    """It was taken; whether it is done only a state query tells. `ticket` is the number of the order, if there is one.

    `is_batch`: the ticket is of all cards of the call.
    """

    ticket: str = ""
    code: str = ""
    text: str = ""
    is_batch: bool = False


@dataclass(frozen=True)
class AlreadySo:
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class TurnedDown:
    """It was not taken; `is_final` where asking again cannot help, which only listed codes say."""

    code: str = ""
    text: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Busy:
    """Not now: too often, or too soon after this card's last change. Again `after` seconds; 0, nobody said when."""

    after: float = 0
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class AccountFault:
    """It is the account that is not accepted, whatever card it was: no call helps until that is put right."""

    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class Unknown:
    """Nothing that can be understood was heard. It may have been done."""

    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class NotCalled:
    """This card of a batch was not looked at, because of another one: it is to be sent again without a wait."""

    code: str = ""
    text: str = ""


Result: TypeAlias = Accepted | AlreadySo | TurnedDown | Busy | AccountFault | Unknown | NotCalled


class CallFailed(Exception):
    """A call about many cards at once failed as a whole, as `result` says."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(str(result)[:LONGEST_WORDS])


# What a state query says.


@dataclass(frozen=True)
class Seen:
    """A card at its carrier. `service` is a word of `choices.ServiceState`; blank, the code is not in the table.

    `code` and `text` are the carrier's own for it. Whatever was not told stays blank.
    """

    service: str
    code: str
    text: str = ""
    reasons: tuple[str, ...] = ()  # of choices.StopReason, where it is stopped
    reason_text: str = ""  # the carrier's own words for them
    data: str = ""  # of choices.Switch
    real_name: str = ""  # of choices.Switch
    imei: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class Missing:
    """The carrier knows no such card on this account."""

    code: str = ""
    text: str = ""


Look: TypeAlias = Seen | Missing | TurnedDown | Busy | AccountFault | Unknown


@dataclass(frozen=True)
class Ordered:
    """What has become of an order, where the carrier tells: done, failed (with its words), or neither yet."""

    is_done: bool = False
    is_failed: bool = False
    code: str = ""
    text: str = ""


# Usage, and lists.


@dataclass(frozen=True)
class Amount:
    """Bytes of a card as the carrier told them at `told_at`: of one `day`, or of the whole cycle up to that instant."""

    sim: Sim
    bytes: int
    told_at: datetime
    day: date | None = None
    raw: str = ""  # as it came, for the page of the first contact
    imei: str = ""


@dataclass(frozen=True)
class NoAmount:
    """No figure for this card: it is not zero, nobody said. `why` is what came instead."""

    sim: Sim
    why: str = ""


UsageTold: TypeAlias = Amount | NoAmount


@dataclass(frozen=True)
class Listing:
    """Numbers of cards of an account, as the carrier lists them; an empty `cursor` means that there are no more."""

    numbers: tuple[str, ...]
    cursor: str = ""


@dataclass(frozen=True)
class Hint:
    """A notification names this card: look at it now. It proves nothing."""

    number: str


@dataclass(frozen=True)
class Token:
    """What a login gives, and for how many seconds it is good."""

    text: str = field(repr=False)
    ttl_s: float = 0
