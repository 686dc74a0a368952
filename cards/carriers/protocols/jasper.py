"""Jasper (Cisco Control Center) as China Unicom has it: REST with a user and a key (carrier-protocols, section 2b)."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import Aspect, Can, ServiceState, Switch
from cards.carriers.protocols.port import Call, CarrierProtocol, Field, optional, secret
from cards.carriers.protocols.reading import (
    code_in,
    document_of,
    look_of,
    not_offered,
    numbers_within,
    outcome_of,
    piece_of,
    told_amount,
    told_instant,
    words,
)
from cards.carriers.results import (
    Accepted,
    Access,
    AccountFault,
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

DEVICES = "/rws/api/v1/devices"
ROWS_A_PAGE = 50
LAST_PAGE_READ = 2000  # whoever pages for ever does not count
WRONG_CREDENTIALS = "10000001"

DEVICE_STATUS = {
    "TEST_READY": ServiceState.TEST,
    "INVENTORY": ServiceState.SILENT,
    "ACTIVATION_READY": ServiceState.SILENT,
    "ACTIVATED": ServiceState.ACTIVE,
    "DEACTIVATED": ServiceState.STOPPED,
    "RETIRED": ServiceState.CANCELLED,
    "PURGED": ServiceState.CANCELLED,
    "REPLACED": ServiceState.CANCELLED,
}
ORDERED_STATUS: dict[str, str] = {
    ServiceState.STOPPED: "DEACTIVATED",
    ServiceState.ACTIVE: "ACTIVATED",
    ServiceState.SILENT: "ACTIVATION_READY",
}
ENDS_AS = "RETIRED"


class Jasper(CarrierProtocol):
    """One call at a time, five a second. Without the two communication plans its data switch is not offered."""

    NAME = "jasper"
    LABEL = _("China Unicom Jasper (Control Center)")
    CARRIER = "cucc"
    FIELDS = (
        Field("user", _("user of the interface")),
        secret("api_key", _("key of the interface (API key)")),
        optional("plan_on", _("communication plan with data")),
        optional("plan_off", _("communication plan without data")),
    )
    DEFAULTS = {"slots": 1, "qps": 5, "cycle_day": 27}
    CAN = frozenset(
        {
            *(Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA, Aspect.CANCEL),
            *(Can.USAGE_CYCLE, Can.CHANGED),
        }
    )
    USAGE_AT_ONCE = 1
    IS_FINAL = frozenset({Aspect.CANCEL})

    def can(self, fields: Mapping[str, str]) -> frozenset[str]:
        return self.CAN if fields.get("plan_on") and fields.get("plan_off") else self.CAN - {Aspect.DATA}

    def _heard(
        self,
        call: Call,
        access: Access,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        ordered: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """What a call brings, a change where something is `ordered`. Raises `CallFailed` with what it came to
        instead; a card that this account does not have is turned down for good."""
        pair = f"{access.fields['user']}:{access.secrets['api_key']}".encode()
        headers = {"Authorization": f"Basic {b64encode(pair).decode()}", "Accept": "application/json"}
        method = "GET" if ordered is None else "PUT"
        answer = call(method, DEVICES + path, query=query, document=ordered, headers=headers)
        document = document_of(answer)
        code, text = code_in(document.get("errorCode")), words(document.get("errorMessage"))
        if code == WRONG_CREDENTIALS:
            raise CallFailed(AccountFault(code, text))
        if code or answer.status >= 400:
            code = code or f"HTTP {answer.status}"
            raise CallFailed(TurnedDown(code, text, is_final=answer.status == 404))
        return document

    # changes

    def change(self, call: Call, access: Access, sims: Sequence[Sim], aspect: str, goal: str) -> list[Result]:
        return [outcome_of(partial(self._change, call, access, sim, aspect, goal)) for sim in sims]

    def _change(self, call: Call, access: Access, sim: Sim, aspect: str, goal: str) -> Result:
        if aspect == Aspect.DATA:
            ordered = {"communicationPlan": access.fields.get(f"plan_{goal}", "")}
        else:
            ordered = {"status": ENDS_AS if aspect == Aspect.CANCEL else ORDERED_STATUS.get(goal, "")}
        if not all(ordered.values()):
            return not_offered(aspect, goal)
        self._heard(call, access, _path_of(sim), ordered=ordered)
        return Accepted()

    # state

    def ask(self, call: Call, access: Access, sims: Sequence[Sim], is_thorough: bool = False) -> list[Look]:
        return [self._look(call, access, sim) for sim in sims]

    def _look(self, call: Call, access: Access, sim: Sim) -> Look:
        try:
            device = self._heard(call, access, _path_of(sim))
        except CallFailed as failed:
            result = failed.result
            is_missing = isinstance(result, TurnedDown) and result.is_final
            return Missing(result.code, result.text) if is_missing else look_of(result)
        code = code_in(device.get("status"))
        if not code:
            return Unknown("", piece_of(device))
        service = DEVICE_STATUS.get(code, ServiceState.UNREADABLE)
        plan = words(device.get("communicationPlan"))
        plans = {access.fields.get("plan_off"): Switch.OFF, access.fields.get("plan_on"): Switch.ON}
        return Seen(
            service,
            code,
            data=plans.get(plan, "") if plan else "",
            imei=words(device.get("imei"), 16),
            since=told_instant(device.get("dateActivated")) if code == ORDERED_STATUS[ServiceState.ACTIVE] else None,
        )

    # usage and lists

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[Amount | NoAmount]:
        """Bytes of the cycle up to now, whatever `day` is; a card that is not on this account has none."""
        return [self._usage(call, access, sim) for sim in sims]

    def _usage(self, call: Call, access: Access, sim: Sim) -> Amount | NoAmount:
        try:
            told = self._heard(call, access, f"{_path_of(sim)}/ctdUsages")
        except CallFailed as failed:
            if isinstance(failed.result, TurnedDown):
                return NoAmount(sim, f"{failed.result.code} {failed.result.text}".strip())
            raise
        return told_amount(sim, told.get("ctdDataUsage"), "B", call.now(), imei=words(told.get("imei"), 16))

    def changed(self, call: Call, access: Access, since: datetime, cursor: str) -> Listing:
        page = int(cursor or 1)
        moment = since.astimezone(UTC)
        query = (
            ("modifiedSince", f"{moment:%Y-%m-%dT%H:%M:%SZ}"),
            ("pageSize", str(ROWS_A_PAGE)),
            ("pageNumber", str(page)),
        )
        document = self._heard(call, access, "", query=query)
        numbers = numbers_within(document.get("devices"))
        is_last = words(document.get("lastPage")).lower() == "true" or not numbers or page >= LAST_PAGE_READ
        return Listing(numbers, "" if is_last else str(page + 1))


def _path_of(sim: Sim) -> str:
    return f"/{quote(sim.iccid, safe='')}"
