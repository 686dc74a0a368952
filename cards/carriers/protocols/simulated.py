"""A carrier within the portal, for the demo and for trials: nothing has to be configured, and nothing leaves the house.

It is asked like any other, with documents over a call; `actions/simulated_carrier.py` answers.
"""

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import Aspect, Can, ServiceState, StopReason
from cards.carriers.protocols.port import Call, CarrierProtocol
from cards.carriers.protocols.reading import (
    code_in,
    document_of,
    not_understood,
    objects_in,
    told_amount,
    told_instant,
    words,
)
from cards.carriers.results import (
    Accepted,
    Access,
    AlreadySo,
    Answer,
    CallFailed,
    Look,
    Missing,
    NoAmount,
    Result,
    Seen,
    Sim,
    TurnedDown,
    UsageTold,
)

CHANGE_PATH, STATE_PATH, USAGE_PATH = "/change", "/state", "/usage"
ACCEPTED_WORD, ALREADY_WORD, MISSING_WORD = "accepted", "already", "missing"


class Simulated(CarrierProtocol):
    NAME = "simulated"
    LABEL = _("simulated carrier (for trials)")
    CARRIER = ""
    DEFAULTS: Mapping[str, float | str] = {
        **{"qps": 20, "settle_s": 4, "retry_s": 5, "repeat_s": 60, "patience_s": 600},
        "window": "off",
    }
    CAN = frozenset({Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA, Can.USAGE_DAY})
    CHANGES_AT_ONCE: Mapping[str, int] = {Aspect.SERVICE: 100}
    ASKED_AT_ONCE = 100
    IS_WITHIN = True

    def change(self, call: Call, access: Access, sims: Sequence[Sim], aspect: str, goal: str) -> list[Result]:
        try:
            rows = _rows(*_told(call, CHANGE_PATH, sims, aspect=aspect, goal=goal), sims)
        except CallFailed as failed:
            return [failed.result] * len(sims)
        return [_result(row) for row in rows]

    def ask(self, call: Call, access: Access, sims: Sequence[Sim], is_thorough: bool = False) -> list[Look]:
        return [_look(row) for row in _rows(*_told(call, STATE_PATH, sims), sims)]

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[UsageTold]:
        answer, document = _told(call, USAGE_PATH, sims, first=f"{day}", last=f"{day}")
        rows = _rows(answer, document, sims)
        return [_amount(sim, row, answer, day) for sim, row in zip(sims, rows, strict=True)]

    def usage_of_month(self, call: Call, access: Access, sims: Sequence[Sim], month: date) -> list[UsageTold]:
        answer, document = _told(call, USAGE_PATH, sims, first=f"{month}", last=f"{_last_day(month)}")
        rows = _rows(answer, document, sims)
        return [_amount(sim, row, answer, None) for sim, row in zip(sims, rows, strict=True)]


def _told(call: Call, path: str, sims: Sequence[Sim], **more: str) -> tuple[Answer, dict[str, Any]]:
    answer = call("POST", path, document={"iccids": [sim.iccid for sim in sims]} | more)
    return answer, document_of(answer)


def _rows(answer: Answer, document: dict[str, Any], sims: Sequence[Sim]) -> list[dict[str, Any]]:
    """What is said of each card, in their order. Raises `CallFailed` where that is not so."""
    rows = objects_in(document.get("cards"))
    if [words(row.get("iccid")) for row in rows] != [sim.iccid for sim in sims]:
        raise CallFailed(not_understood(answer))
    return rows


def _result(row: dict[str, Any]) -> Result:
    code, text = code_in(row.get("result")), words(row.get("text"))
    if code == ACCEPTED_WORD:
        return Accepted(code_in(row.get("ticket")), code, text)
    return AlreadySo(code, text) if code == ALREADY_WORD else TurnedDown(code, text, is_final=True)


def _look(row: dict[str, Any]) -> Look:
    code = code_in(row.get("result"))
    if code == MISSING_WORD:
        return Missing(code)
    return Seen(
        code if code in ServiceState else ServiceState.UNREADABLE,
        code,
        reasons=tuple(reason for reason in (words(row.get("reason")),) if reason in StopReason),
        data=words(row.get("data"), 3),
        since=told_instant(row.get("since")),
    )


def _amount(sim: Sim, row: dict[str, Any], answer: Answer, day: date | None) -> UsageTold:
    if "bytes" not in row:
        return NoAmount(sim, code_in(row.get("result")))
    return told_amount(sim, row["bytes"], "B", answer.heard_at, day=day)


def _last_day(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])
