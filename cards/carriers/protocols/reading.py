"""How the protocols read answers: whether one is an answer at all, and the words, numbers and instants in it.

Carriers answer in HTML, with half a document, or with a list where an object belongs. Whatever it is, it ends in a
result; nothing here raises but `CallFailed`.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cards.calendar import EARLIEST, LATEST
from cards.carriers.results import (
    LONGEST_WORDS,
    AccountFault,
    Amount,
    Answer,
    Busy,
    CallFailed,
    GarbledAnswer,
    Look,
    NoAmount,
    Result,
    Sim,
    TurnedDown,
    Unknown,
    UsageTold,
)

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

BYTES_IN = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}  # no public text says that a carrier counts by thousands
IMPOSSIBLE_BYTES = 10**15  # of one card in a day or a cycle; beyond that it is no figure

LONGEST_CODE_WORD = 40
WHOLE_ICCID = 20
ICCID_WITHOUT_CHECK_DIGIT = 19

LONGEST_BUSY_S = 3600  # that a carrier may ask for

HTML = re.compile(r"<(!doctype\s+html|html)\b", re.IGNORECASE)
PIECE_OF_HTML = re.compile(r"<(head|body|title|center|h1)\b", re.IGNORECASE)
FIGURE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z]*)", re.ASCII)
COMPACT_INSTANT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)


def words(value: Any, longest: int = LONGEST_WORDS) -> str:
    """A value of an answer as text that every database keeps: blank for what is no text, number or truth."""
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value).replace("\x00", "").strip()[:longest]
    return text.encode("utf-8", "replace").decode("utf-8")  # JSON can spell half a character


def code_in(value: Any) -> str:
    """A carrier's code, whether it came as text or as a number."""
    return words(value, LONGEST_CODE_WORD)


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; of a lone object it is the list, and of anything else there are none."""
    if isinstance(value, dict):
        return [value]
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def object_in(value: Any) -> dict[str, Any]:
    """An object, or the first one of a list; empty where there is none."""
    return next(iter(objects_in(value)), {})


def objects_within(value: Any, name: str) -> list[dict[str, Any]]:
    """Every object, however deep, that has a value of this name, in the order of the answer."""
    found: list[dict[str, Any]] = []
    waiting = [value]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, dict):
            found += [piece] if name in piece else []
            waiting += reversed(piece.values())
        elif isinstance(piece, list):
            waiting += reversed(piece)
    return found


def seconds_in(value: Any) -> float:
    """A time in whole seconds, as text or as a number; 0 where it is none."""
    text = words(value)
    return float(text) if re.fullmatch(r"\d{1,7}", text, re.ASCII) else 0


def failed_http(answer: Answer) -> Result | None:
    """What an answer is that HTTP itself says is none, or that is a page for people; None for one to read.

    A page comes where a firewall or a login stands in between: it is the account's affair, whatever card it was.
    """
    said = words(answer.text)
    code = f"HTTP {answer.status}"
    if answer.status in (429, 503):
        return Busy(min(seconds_in(answer.headers.get("retry-after")), LONGEST_BUSY_S), code, said)
    if answer.status >= 500:
        return Unknown(code, said)
    if answer.status in (401, 403, 407) or is_page(answer.text):
        return AccountFault(code, said)
    if 300 <= answer.status < 400 or answer.status < 200:
        return Unknown(code, said)
    return None


def is_page(text: str) -> bool:
    """Whether a body is HTML, whatever its header says: some send JSON or XML as `text/html`."""
    begin = text[:LONGEST_WORDS].lstrip("\ufeff \t\r\n")
    return begin.startswith("<") and bool(HTML.search(begin) or PIECE_OF_HTML.match(begin))


def document_of(answer: Answer) -> dict[str, Any]:
    """The JSON object that an answer is, also one with a 4xx, which has the carrier's own code.

    Raises `CallFailed` for whatever else it is.
    """
    if failed := failed_http(answer):
        raise CallFailed(failed)
    try:
        return answer.json()
    except GarbledAnswer:
        raise CallFailed(not_understood(answer)) from None


def not_understood(answer: Answer) -> Unknown:
    """An answer of which no sense can be made; its beginning is kept."""
    return Unknown("" if answer.status == 200 else f"HTTP {answer.status}", words(answer.text))


def piece_of(value: Any) -> str:
    """Any piece of an answer, cut, to be shown to people beside what was made of it."""
    return words(json.dumps(value, ensure_ascii=False))


def not_offered(aspect: str, goal: str) -> TurnedDown:
    """What a protocol has no operation for was never sent."""
    return TurnedDown("", f"no operation: {aspect} {goal}".strip(), is_final=True)


def outcome_of(order: Callable[[], Result]) -> Result:
    """What an order came to, also where its call failed."""
    try:
        return order()
    except CallFailed as failed:
        return failed.result


def look_of(result: Result) -> Look:
    """What a state query came to that failed; an answer that only an order may get makes no sense here."""
    if isinstance(result, TurnedDown | Busy | AccountFault | Unknown):
        return result
    return Unknown(result.code, result.text)


# numbers of cards


def networks_in(text: str) -> list[Network]:
    """The addresses and networks of a list with commas. Raises `ValueError`."""
    return [ipaddress.ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip()]


def is_same_number(told: str, own: str) -> bool:
    """Whether a carrier's number is this one. Some leave an ICCID's check digit away."""
    if not own or not told:
        return False
    lengths = {len(told), len(own)}
    if lengths == {ICCID_WITHOUT_CHECK_DIGIT, WHOLE_ICCID}:
        return told[:ICCID_WITHOUT_CHECK_DIGIT].upper() == own[:ICCID_WITHOUT_CHECK_DIGIT].upper()
    return told.upper() == own.upper()


def numbers_of(row: Mapping[str, Any]) -> list[str]:
    """The numbers by which a row of an answer names its card."""
    return [number for name in ("iccid", "msisdn", "imsi") if (number := words(row.get(name)))]


def numbers_within(value: Any) -> tuple[str, ...]:
    """One number of each card that an answer lists, however it does so: the ICCID, if there is one."""
    rows = [*objects_within(value, "iccid"), *(row for row in objects_within(value, "msisdn") if "iccid" not in row)]
    return tuple(numbers[0] for numbers in map(numbers_of, rows) if numbers)


def is_about(numbers: Iterable[str], sim: Sim) -> bool:
    """Whether any of a row's numbers is this card's."""
    own = (sim.iccid, sim.msisdn, sim.imsi)
    return any(is_same_number(told, each) for told in numbers for each in own)


# figures and instants


def told_amount(
    sim: Sim, value: Any, unit: str, told_at: datetime, *, day: date | None = None, imei: str = ""
) -> UsageTold:
    """The bytes that a figure says, in the protocol's unit (`BYTES_IN`), or in the one that stands behind it.

    Where neither is known, or both are and differ, or it is no plain figure (blank, negative, `NaN`, `1e9`), there is
    no amount: it is never guessed.
    """
    raw = words(value)
    figure = FIGURE.fullmatch(raw)
    if isinstance(value, bool) or figure is None:
        return NoAmount(sim, raw)
    units = {each.upper() for each in (figure[2], unit) if each}
    if len(units) != 1 or not (units <= BYTES_IN.keys()):
        return NoAmount(sim, f"{raw} ({unit})" if unit else raw)
    exact = Decimal(figure[1]) * BYTES_IN[units.pop()]
    if exact > IMPOSSIBLE_BYTES:
        return NoAmount(sim, raw)
    whole = int(exact.to_integral_value(ROUND_HALF_UP))
    return Amount(sim, whole, told_at, day=day, raw=f"{figure[1]} {figure[2] or unit}", imei=imei)


def told_instant(value: Any) -> datetime | None:
    """An instant as carriers write it: Beijing time, unless a zone stands behind it.

    None for what is none, or lies beyond the days that this portal knows.
    """
    text = words(value)
    if compact := COMPACT_INSTANT.fullmatch(text):
        text = "{}-{}-{} {}:{}:{}".format(*compact.groups())
    try:
        moment = parse_datetime(text)
        if moment is not None and timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        own = moment.astimezone(timezone.get_default_timezone()) if moment else None
    except (ValueError, OverflowError):
        return None
    return own if own and EARLIEST <= own.date() <= LATEST else None


def beijing_time(moment: datetime) -> datetime:
    """An instant by the clock of the carriers, which is the portal's own."""
    return timezone.localtime(moment, timezone.get_default_timezone())
