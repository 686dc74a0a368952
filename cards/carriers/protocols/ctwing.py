"""China Telecom's CTWing, the 5G CMP: signed headers, GET for one card and POST for figures of a hundred."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from cards.carriers.protocols.port import Call, Field, secret
from cards.carriers.protocols.reading import beijing_time, told_amount
from cards.carriers.protocols.telecom import (
    Parameters,
    Telecom,
    TelecomReply,
    TelecomRow,
    addresses_of_pushes,
    reply_of,
    without_msisdn,
)
from cards.carriers.results import Access, Answer, CallFailed, NoAmount, Sim, UsageTold

COMMON = "/5gcmp/openapi/v1/common"
CTWING_PATHS = {
    "queryCardMainStatus": "/openapi/v1/prodinst/queryCardMainStatus",
    "disabledNumber": f"{COMMON}/disabledNumberService",
    "requestServActive": f"{COMMON}/requestServActive",
    "singleCutNet": f"{COMMON}/singleCutNet",
    "offNetAction": f"{COMMON}/offNetAction",
    "IMEIReRecord": f"{COMMON}/IMEIReRecord",
}
FLOW_OF_DAY = "/api/v1/batchQry/batchQryFlowByDate"
FLOW_OF_MONTH = "/api/v1/batchQry/batchQryFlowByMonth"


def signature(query: Iterable[tuple[str, str]], body: bytes, secret: str, timestamp: str) -> str:
    """Over the values as they are, before they are escaped in an address, and over the body's very bytes."""
    sorted_query = "&".join(f"{name}={value}" for name, value in sorted(query))
    signed = sorted_query.encode() + body + secret.encode() + timestamp.encode()
    return hashlib.md5(signed, usedforsecurity=False).hexdigest().encode().hex().upper()


class CTWing(Telecom):
    NAME = "ctwing"
    LABEL = _("China Telecom CTWing")
    FIELDS = (
        Field("app_key", "AppKey"),
        Field("cust_number", _("customer number at Telecom")),
        secret("secret", _("signing secret")),
        addresses_of_pushes(),
    )

    def asked(self, call: Call, access: Access, sim: Sim, method: str, parameters: Parameters = ()) -> TelecomReply:
        query = (("access_number", sim.msisdn), *parameters)
        return reply_of(call("GET", CTWING_PATHS[method], query=query, headers=self._headers(call, access, query)))

    def _headers(self, call: Call, access: Access, query: Parameters = (), body: bytes = b"") -> dict[str, str]:
        now = call.now().astimezone(UTC) if access.settings["clock"] == "utc" else beijing_time(call.now())
        timestamp = f"{now:%Y%m%d%H%M%S}"
        sign = signature(query, body, access.secrets["secret"], timestamp)
        return {"AppKey": access.fields["app_key"], "Timestamp": timestamp, "Sign": sign}

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[UsageTold]:
        return self._flow(call, access, sims, FLOW_OF_DAY, {"queryDate": f"{day:%Y%m%d}"}, day)

    def usage_of_month(self, call: Call, access: Access, sims: Sequence[Sim], month: date) -> list[UsageTold]:
        return self._flow(call, access, sims, FLOW_OF_MONTH, {"month": f"{month:%Y%m}"}, None)

    def _flow(
        self, call: Call, access: Access, sims: Sequence[Sim], path: str, of: dict[str, str], day: date | None
    ) -> list[UsageTold]:
        numbers = [sim.msisdn for sim in sims if sim.msisdn]
        if not numbers:
            return [NoAmount(sim, without_msisdn().text) for sim in sims]
        document = {"accessNumber": numbers, "custNumber": access.fields["cust_number"]} | of
        reply = reply_of(self._posted(call, access, path, document))
        if not reply.is_ok:
            raise CallFailed(reply.refusal())
        told = {row["accessnumber"]: row for row in reply.rows.get("data", []) if "accessnumber" in row}
        return [_amount(sim, told.get(sim.msisdn, {}), reply.heard_at, of.get("month"), day) for sim in sims]

    def _posted(self, call: Call, access: Access, path: str, document: dict[str, Any]) -> Answer:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"} | self._headers(call, access, body=body)
        return call("POST", path, body=body, headers=headers)


def _amount(sim: Sim, row: TelecomRow, told_at: datetime, month: str | None, day: date | None) -> UsageTold:
    """A row says of which month it is: by which name that is asked for, no public text has told."""
    trouble = row.get("status", "").strip("0")
    if trouble or (month and row.get("month", month) != month):
        return NoAmount(sim, row.get("statusdesc") or row.get("month", ""))
    return told_amount(sim, row.get("flowamount"), row.get("unit", ""), told_at, day=day)
