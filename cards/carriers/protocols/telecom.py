"""What both doors of China Telecom share: what its codes mean, what is ordered by which method, how it answers.

One method answers in XML, the next in JSON, and what fails may be a sentence with status 200. The names of what is
said differ too, so an answer is read by the names that are known for a result, for its words and for an order's number,
whichever of them it has.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from xml.etree import ElementTree

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.carriers.choices import Aspect, Can, OwnWords, ServiceState, StopReason, Switch
from cards.carriers.protocols.port import Call, CarrierProtocol, Field, optional
from cards.carriers.protocols.reading import (
    code_in,
    failed_http,
    networks_in,
    not_offered,
    not_understood,
    objects_in,
    words,
)
from cards.carriers.results import (
    Accepted,
    Access,
    AlreadySo,
    Answer,
    Busy,
    CallFailed,
    GarbledAnswer,
    Hint,
    Look,
    Missing,
    Result,
    Seen,
    Sim,
    TurnedDown,
)

Parameters = tuple[tuple[str, str], ...]
TelecomRow = dict[str, str]

SERVICE_BY_STATE = {
    "1": ServiceState.SILENT,
    "2": ServiceState.TEST,
    "3": ServiceState.SILENT,
    "4": ServiceState.ACTIVE,
    "5": ServiceState.STOPPED,
    "6": ServiceState.STOPPED,
    "7": ServiceState.CANCELLED,
}
MANAGED_THERE = "6"  # a card that the carrier manages has this entry beside the one of its state
REASONS_BY_STATE = {"5": (StopReason.OWN,), MANAGED_THERE: (StopReason.MANAGED,)}
NET_BLOCK = {"未断网": Switch.ON, "已断网": Switch.OFF}
AUTH_STATUS = {"1": Switch.ON, "0": Switch.OFF}


def _of_type(order_type: str) -> tuple[str, Parameters]:
    return "disabledNumber", (("acctCd", ""), ("orderTypeId", order_type))  # refused without acctCd, empty as it is


RESUME = _of_type("20")
ORDERS: Mapping[tuple[str, str], tuple[str, Parameters]] = {
    (Aspect.SERVICE, ServiceState.STOPPED): _of_type("19"),
    (Aspect.SERVICE, ServiceState.ACTIVE): RESUME,
    (Aspect.SERVICE, ServiceState.SILENT): _of_type("21"),
    (Aspect.SERVICE, ServiceState.TEST): _of_type("22"),
    (Aspect.ACTIVATION, ServiceState.ACTIVE): ("requestServActive", ()),
    (Aspect.DATA, Switch.ON): ("singleCutNet", (("action", "DEL"),)),  # it is the cut that is added or deleted
    (Aspect.DATA, Switch.OFF): ("singleCutNet", (("action", "ADD"),)),
}
# A card is bound anew to the device that it is next used in; there is no order that names one.
REBIND: tuple[str, Parameters] = ("IMEIReRecord", (("action", "ADD"),))
ADD_CAP, CHANGE_CAP, DELETE_CAP = "1", "2", "3"
OF_ALL_USE, NO_CAP = "1", "-1"

ALREADY_SO = ("已存在相关停机记录", "停机类型为120000", "不能重复订购")
BUSY_THERE = "9000"
NOT_ACTIVATED_YET = "100008"  # to a resume: the card was never activated, which is for a person to decide

CODE_NAMES = ("result", "resultcode", "iresult", "rspcode", "code")
TEXT_NAMES = ("resultmsg", "smsg", "rspdesc", "msg", "resultdesc")
TICKET = "group_transactionid"
CODE_OF_SENTENCE = re.compile(r"(-?\d{1,10})\s*[:：]", re.ASCII)

MOST_CHARACTERS = 1_000_000  # of XML
PUSH_FROM = "push_from"
PUSHES = ("NotifyContractRoot", "WanrningContractRoot")  # so spelled there
PUSH_HEARD = (
    "<ContractRoot><SUCCESS>true</SUCCESS><NOTIFY_CODE>000000</NOTIFY_CODE><RESULTMSG>调用成功</RESULTMSG>"
    "</ContractRoot>"
)


@dataclass(frozen=True)
class TelecomReply:
    """What an answer says: its result's code and words, an order's number, all values, and rows, by small names."""

    code: str
    text: str
    values: Mapping[str, str]
    rows: Mapping[str, list[TelecomRow]]
    heard_at: datetime

    @property
    def is_ok(self) -> bool:
        return self.code != "" and self.code.strip("0") == ""

    @property
    def is_already_so(self) -> bool:
        return any(said in self.text for said in ALREADY_SO)

    def refusal(self) -> TurnedDown | Busy:
        return Busy(0, self.code, self.text) if self.code == BUSY_THERE else TurnedDown(self.code, self.text)

    def result(self) -> Result:
        """What became of an order."""
        if self.is_ok:
            return Accepted(self.values.get(TICKET, "")[:64], self.code, self.text)
        return AlreadySo(self.code, self.text) if self.is_already_so else self.refusal()


def reply_of(answer: Answer) -> TelecomReply:
    """Raises `CallFailed` where no sense can be made of the answer."""
    if failed := failed_http(answer):
        raise CallFailed(failed)
    text = answer.text.strip("\ufeff \t\r\n")
    try:
        if text.startswith(("{", "<")):
            values, rows = _of_json(answer.json()) if text.startswith("{") else _of_xml(xml_of(text))
            return TelecomReply(_code_in(values), _text_in(values), values, rows, answer.heard_at)
        return TelecomReply(*_of_sentence(text), {}, {}, answer.heard_at)
    except GarbledAnswer:
        raise CallFailed(not_understood(answer)) from None


def xml_of(text: str) -> ElementTree.Element:
    """The root of a document. Raises `GarbledAnswer` for what is none, is too large, or declares entities."""
    if len(text) > MOST_CHARACTERS or "<!doctype" in text.lower() or "<!entity" in text.lower():
        raise GarbledAnswer(text)
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise GarbledAnswer(text) from None


def _code_in(values: TelecomRow) -> str:
    for name in values:
        if name in CODE_NAMES:
            return code_in(values[name])
    raise GarbledAnswer


def _text_in(values: TelecomRow) -> str:
    return next((values[name] for name in values if name in TEXT_NAMES), "")


def _of_sentence(text: str) -> tuple[str, str]:
    """Its code, if one stands in front, and the whole of it."""
    if not text:
        raise GarbledAnswer
    code = CODE_OF_SENTENCE.match(text)
    return code[1] if code else "", words(text)


def _of_json(document: dict[str, Any]) -> tuple[TelecomRow, dict[str, list[TelecomRow]]]:
    """Values of objects, outer ones first; those within lists are rows by themselves."""
    values: TelecomRow = {}
    rows: dict[str, list[TelecomRow]] = {}
    waiting = deque([document])
    while waiting:
        level = waiting.popleft()
        _add(values, _flat(level))
        for name, value in level.items():
            rows.setdefault(name.lower(), []).extend(map(_flat, objects_in(value)))
            if isinstance(value, dict):
                waiting.append(value)
    return values, rows


def _add(values: TelecomRow, more: TelecomRow) -> None:
    """What was said first, of an outer one or further up, stands."""
    for name, text in more.items():
        values.setdefault(name, text)


def _flat(level: Mapping[str, Any]) -> TelecomRow:
    return {name.lower(): text for name, value in level.items() if (text := words(value))}


def _of_xml(root: ElementTree.Element) -> tuple[TelecomRow, dict[str, list[TelecomRow]]]:
    """The first value of each name, wherever it stands; whatever has parts is a row."""
    values: TelecomRow = {}
    rows: dict[str, list[TelecomRow]] = {}
    for element in root.iter():
        parts = dict(_leaves(element))
        if parts:
            rows.setdefault(_name(element), []).append(parts)
        _add(values, parts)
    return values, rows


def _leaves(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for part in element:
        if not len(part) and (text := words(part.text)):
            yield _name(part), text


def _name(element: ElementTree.Element) -> str:
    """Without the namespace, in small letters."""
    return str(element.tag).rpartition("}")[2].lower()


def seen_of(reply: TelecomReply) -> Seen | None:
    """A card as the answer has it; None where it has none. An entry of the carrier's management counts alone only."""
    products = reply.rows.get("productinfo", [])
    told = [row for row in products if row.get("productmainstatuscd")]
    row = next((row for row in told if row["productmainstatuscd"] != MANAGED_THERE), next(iter(told), None))
    if row is None:
        return None
    code = code_in(row["productmainstatuscd"])
    return Seen(
        SERVICE_BY_STATE.get(code, ServiceState.UNREADABLE),
        code,
        row.get("productmainstatusname", ""),
        reasons=REASONS_BY_STATE.get(code, ()),
        reason_text=row.get("operatordefinitionstatusname", "") if code in REASONS_BY_STATE else "",
        data=NET_BLOCK.get(reply.values.get("netblockstatusname", ""), ""),
        real_name=AUTH_STATUS.get(reply.values.get("authstatus", ""), ""),
    )


def addresses_of_pushes() -> Field:
    return optional(PUSH_FROM, gettext_lazy("addresses that notifications come from (blank: any)"))


def without_msisdn() -> TurnedDown:
    """Not sent: cards are known there by the MSISDN."""
    return TurnedDown("", OwnWords.NO_MSISDN, is_final=True)


class Telecom(CarrierProtocol):
    """Both doors have the same methods, by the same names; they differ in how a request is signed and where it goes."""

    CARRIER = "ctcc"
    DEFAULTS: ClassVar[Mapping[str, float | str]] = {"qps": 3}
    CAN = frozenset(
        {
            *(Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA, Aspect.CAP, Aspect.BINDING),
            *(Can.REAL_NAME, Can.USAGE_DAY, Can.PUSH),
        }
    )

    def complaint(self, fields: Mapping[str, str], secrets: Mapping[str, str]) -> str:
        try:
            networks_in(fields.get(PUSH_FROM, ""))
        except ValueError:
            return _("push_from is a list of addresses such as 192.0.2.1 or 192.0.2.0/24, with commas between them.")
        return ""

    def asked(self, call: Call, access: Access, sim: Sim, method: str, parameters: Parameters = ()) -> TelecomReply:
        """What the carrier says to a method about a card. Raises `CallFailed` where no sense can be made of it."""
        raise NotImplementedError

    def is_known_there(self, sim: Sim) -> bool:
        return sim.msisdn != ""

    def change(self, call: Call, access: Access, sims: Sequence[Sim], aspect: str, goal: str) -> list[Result]:
        return [self._changed(call, access, sim, aspect, goal) for sim in sims]

    def _changed(self, call: Call, access: Access, sim: Sim, aspect: str, goal: str) -> Result:
        if not self.is_known_there(sim):
            return without_msisdn()
        try:
            if aspect == Aspect.CAP:
                return self._capped(call, access, sim, goal)
            order = REBIND if aspect == Aspect.BINDING else ORDERS.get((aspect, goal))
            if order is None:
                return not_offered(aspect, goal)
            reply = self.asked(call, access, sim, *order)
        except CallFailed as failed:
            return failed.result
        if order == RESUME and reply.code == NOT_ACTIVATED_YET:
            return TurnedDown(reply.code, reply.text, is_final=True)
        return reply.result()

    def _capped(self, call: Call, access: Access, sim: Sim, megabytes: str) -> Result:
        """A card that has a cap already is not given one, it is changed: only the carrier knows which it is."""
        if not megabytes:
            return self._cap(call, access, sim, DELETE_CAP, NO_CAP).result()
        added = self._cap(call, access, sim, ADD_CAP, megabytes)
        return (self._cap(call, access, sim, CHANGE_CAP, megabytes) if added.is_already_so else added).result()

    def _cap(self, call: Call, access: Access, sim: Sim, action: str, quota: str) -> TelecomReply:
        parameters = (("action", action), ("quota", quota), ("type", OF_ALL_USE))
        return self.asked(call, access, sim, "offNetAction", parameters)

    def ask(self, call: Call, access: Access, sims: Sequence[Sim], is_thorough: bool = False) -> list[Look]:
        return [self._looked_at(call, access, sim) for sim in sims]

    def _looked_at(self, call: Call, access: Access, sim: Sim) -> Look:
        if not self.is_known_there(sim):
            return without_msisdn()
        try:
            reply = self.state(call, access, sim)
        except CallFailed as failed:
            return failed.result
        if not reply.is_ok:
            return reply.refusal()
        return seen_of(reply) or Missing(reply.code, reply.text)

    def state(self, call: Call, access: Access, sim: Sim) -> TelecomReply:
        """The answer to the state query, of cards that were cancelled too."""
        return self.asked(call, access, sim, "queryCardMainStatus", (("queryDropCard", "true"),))

    def hear(self, access: Access, body: bytes) -> tuple[list[Hint], str]:
        root = xml_of(body.decode("utf-8", "replace").strip("\ufeff \t\r\n"))
        if root.tag not in PUSHES:
            raise GarbledAnswer(root.tag)
        numbers = {words(element.text, 20) for element in root.iter() if _name(element) == "accnbr"}
        return [Hint(number) for number in sorted(numbers - {""})], PUSH_HEARD
