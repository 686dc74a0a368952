"""What a protocol has to offer: a file each, with what an account of it needs, what it can do, and how it is spoken.

A protocol holds no policy and does no I/O of its own: it is given `call`, makes requests with it, and says what came
back in the words of `results.py`. When and how often something is sent is decided in `actions/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.carriers.results import Access, Amount, Answer, Hint, Listing, Look, NoAmount, Ordered, Result, Sim, Token


@dataclass(frozen=True)
class Field:
    """What an account has to be told by its carrier; a secret is kept enciphered and never shown again.

    Without an optional one the account can do less (`CarrierProtocol.can`).
    """

    name: str
    label: str | Promise
    is_secret: bool = False
    is_optional: bool = False


def secret(name: str, label: str | Promise) -> Field:
    return Field(name, label, is_secret=True)


def optional(name: str, label: str | Promise) -> Field:
    return Field(name, label, is_optional=True)


@dataclass(frozen=True)
class Setting:
    """How an account is used: a number within bounds, or one of a few words. The default is the careful one."""

    name: str
    label: str | Promise
    default: float | str
    least: float = 0
    most: float = 0
    words: tuple[str, ...] = ()
    is_whole: bool = False


# Of every protocol, by the names of scripts; a protocol may have another default.
COMMON_SETTINGS = (
    Setting("qps", _("calls a second at most"), 5, 0.1, 1000),
    Setting("slots", _("calls at the same time at most"), 2, 1, 50, is_whole=True),
    Setting("guard_s", _("seconds between two changes of a card at least"), 0, 0, 86_400),
    Setting("settle_s", _("seconds from an order to the first look whether it is done"), 60, 0, 86_400),
    Setting("retry_s", _("seconds to the second attempt; later ones take longer"), 30, 0, 86_400),
    Setting("repeat_s", _("seconds after which an accepted order that is not done is sent again"), 900, 0, 604_800),
    Setting("patience_s", _("seconds after which an order without an outcome goes to a person"), 86_400, 1, 2_592_000),
    Setting("batch", _("cards in a call at most"), 100, 1, 100, is_whole=True),
    Setting("stop_by", _("how a card without allowance is stopped"), "number", words=("number", "data")),
    Setting("clock", _("the clock of signatures"), "cst", words=("cst", "utc")),
    Setting("sign_dates", _("whether dates are signed"), "no", words=("yes", "no")),
    Setting("window", _("no orders while the carrier closes its books"), "on", words=("on", "off")),
    Setting("first_use", _("a card that was used there first is activated here"), "apply", words=("apply", "propose")),
    Setting("real_name", _("the carrier's ID verification is taken over"), "propose", words=("apply", "propose")),
    Setting("cycle_day", _("the day of the month on which the carrier's totals begin anew"), 1, 1, 28, is_whole=True),
    Setting("cap", _("a usage cap is set at the carrier too"), "off", words=("on", "off")),
    Setting("binding", _("device bindings are ordered at the carrier too"), "off", words=("on", "off")),
)


class Call(Protocol):
    """How a protocol reaches its carrier. Paces itself, keeps what was sent and heard, and lets no secret out."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        document: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        request_id: str = "",
    ) -> Answer:
        """Ask once, and return whatever came back. `document` is sent as JSON, `body` as it is.

        `request_id` is what the carrier calls this request, for its support. Raises `NothingHeard` where no whole
        answer came in time.
        """

    def token(self) -> str:
        """The living token of the account; one that is too old is renewed before, by `login`, once for all workers.

        Raises `LoginRefused`, or `NothingHeard`.
        """

    def renewed(self, refused: str) -> str:
        """A token other than the one that the carrier has just refused: renewed, unless somebody did meanwhile."""

    def now(self) -> datetime:
        """This instant, aware."""


class CarrierProtocol:
    """One way of speaking with a carrier. Each method gets `call` and the account; those that a protocol's `CAN` does
    not name are never called.

    Each lets through what `call` raises: `NothingHeard` and `LoginRefused`. `change` and `ask` say the same result of
    each card where a whole call fails; the others raise `CallFailed`, and so does a login that fails for now.
    """

    NAME: ClassVar[str]
    LABEL: ClassVar[str | Promise]
    CARRIER: ClassVar[str]  # of cards.choices.Carrier; blank: any
    FIELDS: ClassVar[tuple[Field, ...]] = ()
    DEFAULTS: ClassVar[Mapping[str, float | str]] = {}  # where a setting's careful default is another one here
    CAN: ClassVar[frozenset[str]]  # of choices.Aspect and choices.Can
    CHANGES_AT_ONCE: ClassVar[Mapping[str, int]] = {}  # by aspect, where the protocol has a batch call
    ASKED_AT_ONCE: ClassVar[int] = 1
    USAGE_AT_ONCE: ClassVar[int] = 100
    DAYS_BACK: ClassVar[tuple[int, int]] = (0, 31)  # of which days the usage can be asked for: the last, and the first
    IS_PLAIN_HTTP: ClassVar[bool] = False  # the carrier offers nothing else
    IS_WITHIN: ClassVar[bool] = False  # the carrier is played by the portal: there is no address
    IS_FINAL: ClassVar[frozenset[str]] = frozenset()  # aspects that cannot be taken back there

    def complaint(self, fields: Mapping[str, str], secrets: Mapping[str, str]) -> str:
        """What is wrong with what an account was told, in a sentence; blank, nothing is."""
        return ""

    def can(self, fields: Mapping[str, str]) -> frozenset[str]:
        """What an account with these fields can do: all of `CAN`, unless an optional field is needed for it."""
        return self.CAN

    def login(self, call: Call, access: Access) -> Token:
        """A new token. Raises `LoginRefused` where the account is not accepted, `CallFailed` for any other reason."""
        raise NotImplementedError

    def change(self, call: Call, access: Access, sims: Sequence[Sim], aspect: str, goal: str) -> list[Result]:
        """Order that each of these cards becomes so; the results, in the order of the cards.

        Goals are words of `choices.ServiceState` for `service` and `activation`, of `choices.Switch` for `data`,
        megabytes for `cap` (blank: none), an IMEI for `binding`, blank for `cancel`. One HTTP call beside a login.
        """
        raise NotImplementedError

    def ask(self, call: Call, access: Access, sims: Sequence[Sim], is_thorough: bool = False) -> list[Look]:
        """What each of these cards is there, in their order. Thorough: also what takes calls of its own (ID
        verification, data switch, device); why a stopped card is stopped is always told."""
        raise NotImplementedError

    def order(self, call: Call, access: Access, sim: Sim, ticket: str, is_batch: bool) -> Ordered:
        """What has become of an accepted order (`Can.ORDER`)."""
        raise NotImplementedError

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[Amount | NoAmount]:
        """The usage of `day` (`Can.USAGE_DAY`), or of the cycle so far (`Can.USAGE_CYCLE`), in their order.

        Raises nothing of its own for what cannot be read: that is `NoAmount`. A whole call that fails raises
        `CallFailed`.
        """
        raise NotImplementedError

    def usage_of_month(self, call: Call, access: Access, sims: Sequence[Sim], month: date) -> list[Amount | NoAmount]:
        """The usage of the month that begins on `month`, as a control sum (`Can.USAGE_DAY`)."""
        raise NotImplementedError

    def changed(self, call: Call, access: Access, since: datetime, cursor: str) -> Listing:
        """Cards whose state changed since then, page by page (`Can.CHANGED`); `cursor` is the last page's."""
        raise NotImplementedError

    def hear(self, access: Access, body: bytes) -> tuple[list[Hint], str]:
        """The cards that a notification names (`Can.PUSH`) and what to answer; `GarbledAnswer` for no such thing."""
        raise NotImplementedError

    def real_name_link(self, call: Call, access: Access, sim: Sim) -> str:
        """The address at the carrier where the ID verification is done (`Can.REAL_NAME_LINK`)."""
        raise NotImplementedError
