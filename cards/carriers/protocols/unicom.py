"""China Unicom's gateway (CMP), of which each call is signed with SM3 (carrier-protocols, section 2a)."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import Aspect, Can, ServiceState, Switch
from cards.carriers.protocols.port import Call, CarrierProtocol, Field, optional, secret
from cards.carriers.protocols.reading import (
    beijing_time,
    code_in,
    document_of,
    is_about,
    look_of,
    not_offered,
    not_understood,
    numbers_of,
    numbers_within,
    object_in,
    objects_in,
    outcome_of,
    piece_of,
    told_amount,
    told_instant,
    words,
)
from cards.carriers.protocols.sm3 import sm3_hex
from cards.carriers.results import (
    Accepted,
    Access,
    AlreadySo,
    Amount,
    CallFailed,
    Listing,
    Look,
    Missing,
    NoAmount,
    Result,
    Seen,
    Sim,
    TurnedDown,
    Unknown,
)

WELL = "0000"
ALREADY_THERE = ("1193", "6079", "E004")  # of the SIM's state; of the communication plan, by two names

SIM_STATUS = {
    "0": ServiceState.TEST,
    "1": ServiceState.SILENT,
    "2": ServiceState.ACTIVE,
    "3": ServiceState.STOPPED,
    **dict.fromkeys(("4", "5", "6", "9"), ServiceState.CANCELLED),
    "7": ServiceState.SILENT,
}
ACTIVATED = "2"
OF_SIM_STATUS = "3"  # changeType
TARGET: dict[str, str] = {ServiceState.STOPPED: "3", ServiceState.ACTIVE: "2", ServiceState.SILENT: "1"}
RETIRED = "4"
NAME_CHECK = {"0": Switch.OFF, "1": Switch.OFF, "2": Switch.ON, "3": Switch.ON}


class CardsRefused(CallFailed):
    """What lies behind the gateway refuses a call, which may be because of one card of many."""


class Unicom(CarrierProtocol):
    """Without the two communication plans of the account its data switch is not offered. Reasons of stops, orders'
    numbers and batches of changes this carrier does not have."""

    NAME = "unicom"
    DEFAULTS = {"cycle_day": 27}
    LABEL = _("China Unicom gateway (CMP)")
    CARRIER = "cucc"
    FIELDS = (
        Field("app_id", _("application ID (app_id)")),
        Field("open_id", _("developer ID (openId)")),
        secret("secret", _("application secret at Unicom")),
        optional("nac_on", _("communication plan with data (nacId)")),
        optional("nac_off", _("communication plan without data (nacId)")),
    )
    CAN = frozenset(
        {
            *(Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA, Aspect.CANCEL),
            *(Can.REAL_NAME, Can.USAGE_CYCLE, Can.CHANGED),
        }
    )
    ASKED_AT_ONCE = 50
    USAGE_AT_ONCE = 50
    IS_FINAL = frozenset({Aspect.CANCEL})

    def can(self, fields: Mapping[str, str]) -> frozenset[str]:
        return self.CAN if fields.get("nac_on") and fields.get("nac_off") else self.CAN - {Aspect.DATA}

    def _result(self, call: Call, access: Access, method: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of an answer that went well. Raises `CallFailed` with what it came to instead."""
        request = request_head(access, call.now())
        number = request["trans_id"]
        data = {"messageId": number, "openId": access.fields["open_id"], "version": "1.0", **said}
        path = f"/api/{method}/V1/1Main/vV1.1"
        answer = call("POST", path, document={**request, "data": data}, request_id=number)
        document = document_of(answer)
        told = object_in(document.get("data"))
        at_the_gateway, code = code_in(document.get("status")), code_in(told.get("resultCode"))
        if at_the_gateway and at_the_gateway != WELL:
            raise CallFailed(_refusal(at_the_gateway, words(document.get("message"))))
        if not at_the_gateway or not code:
            raise CallFailed(not_understood(answer))
        if code != WELL:
            raise CardsRefused(_refusal(code, words(told.get("resultDesc"))))
        return told

    # changes

    def change(self, call: Call, access: Access, sims: Sequence[Sim], aspect: str, goal: str) -> list[Result]:
        return [outcome_of(partial(self._change, call, access, sim, aspect, goal)) for sim in sims]

    def _change(self, call: Call, access: Access, sim: Sim, aspect: str, goal: str) -> Result:
        if aspect == Aspect.DATA:
            method, said = "wsEditNetworkAccessConfig", {"nacId": access.fields.get(f"nac_{goal}", "")}
            is_offered = bool(said["nacId"])
        else:
            target = RETIRED if aspect == Aspect.CANCEL else TARGET.get(goal, "")
            method, said = "wsEditTerminal", {"changeType": OF_SIM_STATUS, "targetValue": target}
            is_offered = bool(target)
        if not is_offered:
            return not_offered(aspect, goal)
        told = self._result(call, access, method, {"iccid": sim.iccid, **said, "asynchronous": "0"})
        return Accepted("", code_in(told.get("resultCode")), words(told.get("resultDesc")))

    # state

    def ask(self, call: Call, access: Access, sims: Sequence[Sim], is_thorough: bool = False) -> list[Look]:
        """All that this carrier tells comes with one call; one that is refused is made anew for each half."""
        try:
            rows = self._terminals(call, access, sims)
        except CardsRefused as refused:
            if len(sims) == 1:
                return [look_of(refused.result)]
            half = len(sims) // 2
            return [*self.ask(call, access, sims[:half]), *self.ask(call, access, sims[half:])]
        except CallFailed as failed:
            return [look_of(failed.result)] * len(sims)
        return [self._look(access, row) if row else Missing() for row in rows]

    def _terminals(self, call: Call, access: Access, sims: Sequence[Sim]) -> list[dict[str, Any]]:
        """The row of each card, empty for one that the carrier leaves out."""
        told = self._result(call, access, "wsGetTerminalDetails", {"iccids": [sim.iccid for sim in sims]})
        rows = [(numbers_of(row), row) for row in objects_in(told.get("terminals"))]
        return [next((row for numbers, row in rows if is_about(numbers, sim)), {}) for sim in sims]

    def _look(self, access: Access, row: Mapping[str, Any]) -> Look:
        code = code_in(row.get("simStatus"))
        if not code:
            return Unknown("", piece_of(row))
        plan = code_in(row.get("nacId"))
        plans = {access.fields.get("nac_off"): Switch.OFF, access.fields.get("nac_on"): Switch.ON}
        return Seen(
            SIM_STATUS.get(code, ServiceState.UNREADABLE),
            code,
            data=plans.get(plan, "") if plan else "",
            real_name=NAME_CHECK.get(code_in(row.get("realNameStatus")), ""),
            imei=words(row.get("imei"), 16),
            since=told_instant(row.get("dateActivated")) if code == ACTIVATED else None,
        )

    # usage and lists

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[Amount | NoAmount]:
        """Megabytes of the cycle up to now, whatever `day` is."""
        rows, told_at = self._terminals(call, access, sims), call.now()
        return [
            told_amount(sim, row.get("monthToDateDataUsage"), "MB", told_at, imei=words(row.get("imei"), 16))
            for sim, row in zip(sims, rows, strict=True)
        ]

    def changed(self, call: Call, access: Access, since: datetime, cursor: str) -> Listing:
        """All in one call; how the instant is to be written no public text says."""
        told = self._result(
            call, access, "wsGetModifiedTerminals", {"since": f"{beijing_time(since):%Y-%m-%d %H:%M:%S}"}
        )
        listed = told.get("iccids")
        plain = listed if isinstance(listed, list) else []
        return Listing((*filter(None, (words(number) for number in plain)), *numbers_within(told)))


def _refusal(code: str, text: str) -> AlreadySo | TurnedDown:
    return AlreadySo(code, text) if code in ALREADY_THERE else TurnedDown(code, text)


def request_head(access: Access, now: datetime) -> dict[str, str]:
    """What each request has beside its data: who, when, a number of its own, and the signature over them.

    The clock is Beijing's, unless the account's setting `clock` says that this gateway reads UTC.
    """
    moment = now.astimezone(UTC) if access.settings["clock"] == "utc" else beijing_time(now)
    thousandths = f"{moment.microsecond // 1000:03}"
    app_id = access.fields["app_id"]
    timestamp = f"{moment:%Y-%m-%d %H:%M:%S} {thousandths}"
    trans_id = f"{moment:%Y%m%d%H%M%S}{thousandths}{secrets.randbelow(10**6):06}"
    return {
        "app_id": app_id,
        "timestamp": timestamp,
        "trans_id": trans_id,
        "token": request_signature(app_id, timestamp, trans_id, access.secrets["secret"]),
    }


def request_signature(app_id: str, timestamp: str, trans_id: str, secret_text: str) -> str:
    return sm3_hex(f"app_id{app_id}timestamp{timestamp}trans_id{trans_id}{secret_text}".encode())
