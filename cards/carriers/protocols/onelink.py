"""China Mobile, OneLink v5 (carrier-protocols, section 1). The signed one that follows it is a protocol of its own.

Calls are POST with everything in the body, so that no token stands in an address. All values are text.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import Aspect, Can, ServiceState, StopReason, Switch
from cards.carriers.protocols.port import Call, CarrierProtocol, Field, secret
from cards.carriers.protocols.reading import (
    beijing_time,
    code_in,
    document_of,
    is_about,
    look_of,
    not_offered,
    not_understood,
    numbers_of,
    object_in,
    objects_in,
    objects_within,
    outcome_of,
    piece_of,
    seconds_in,
    told_amount,
    told_instant,
    words,
)
from cards.carriers.results import (
    Accepted,
    Access,
    AccountFault,
    AlreadySo,
    Amount,
    Busy,
    CallFailed,
    Listing,
    LoginRefused,
    Look,
    Missing,
    NoAmount,
    Ordered,
    Result,
    Seen,
    Sim,
    Token,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard

BASE_PATH = "/v5/ec/"
PAGE_SIZE = 50
MOST_PAGES = 2000  # of a day; whoever pages for ever does not count
LONGEST_TOKEN = 4000
CAREFUL_TTL_S = 300  # of a token that comes without one

TAKEN = "0"
TOKEN_REFUSED = "12021"
NO_SUCH_CARD = "11011"
APN_ALREADY_SO = ("12047", "12048")
FINAL_CODES = (NO_SUCH_CARD, "12199")  # of a region limit that was not subscribed

CODES = {  # of cards of one level, and of the older kind with two digits
    ServiceState.TEST: ("6",),
    ServiceState.SILENT: ("1", "7", "07"),
    ServiceState.ACTIVE: ("2", "00"),
    ServiceState.STOPPED: ("4", "01", "02"),
    ServiceState.CANCELLED: ("8", "9", "03", "04"),
}
SERVICE_BY_CODE = {code: service for service, codes in CODES.items() for code in codes}
IN_STOCK, IN_TEST, NOT_THERE = "7", "6", "99"

# The same order has another number for one card and for many.
OPERATION: dict[str, str] = {ServiceState.STOPPED: "0", ServiceState.ACTIVE: "1", ServiceState.SILENT: "4"}
OPERATION_OF_MANY: dict[str, str] = {ServiceState.STOPPED: "9", ServiceState.ACTIVE: "11", ServiceState.SILENT: "2"}
WITH_A_REASON = ("9", "11")
ACTIVATION_FROM = {IN_STOCK: "2", IN_TEST: "5"}
ACTIVATION_FROM_SILENT = "6"
APN_OPERATION: dict[str, str] = {Switch.ON: "0", Switch.OFF: "1"}
BIND, UNBIND = "1", "2"
BY_IMEI, DIGITS_OF_A_DEVICE = "1", 14  # an IMEI but for its check digit

REASON_PLACES = 12
REASON_STANDS = "2"
REASON_AT = {
    1: StopReason.ENDED,
    2: StopReason.DEVICE,
    4: StopReason.MANAGED,
    5: StopReason.CREDIT,
    9: StopReason.OWN,
    10: StopReason.REGION,
    11: StopReason.FORCED,
}

DATA_SERVICE = "11"
DATA_SWITCH = {"0": Switch.OFF, "1": Switch.ON}
VERIFIED = "1"

ORDER_FIELDS = frozenset({"orderNum", "status", "statusDate", "createDate"})
ORDER_DONE = ("completed",)
ORDER_FAILED = ("failed", "aborted", "cancelled")
JOB_UNDER_WAY = ("0", "1")
JOB_DONE, JOB_FAILED = "2", "4"


class OneLink(CarrierProtocol):
    NAME = "onelink5"
    LABEL = _("China Mobile OneLink v5")
    CARRIER = "cmcc"
    FIELDS = (Field("appid", _("application ID (appid)")), secret("password", _("password at OneLink")))
    DEFAULTS = {"guard_s": 200}
    DAYS_BACK = (1, 7)
    CAN = frozenset(
        {
            *(Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA, Aspect.BINDING),
            *(Can.REAL_NAME, Can.REAL_NAME_LINK, Can.USAGE_DAY, Can.CHANGED, Can.ORDER),
        }
    )
    CHANGES_AT_ONCE = {Aspect.SERVICE: 100}

    # login, and what each call has

    def login(self, call: Call, access: Access) -> Token:
        try:
            known = {"appid": access.fields["appid"], "password": access.secrets["password"]}
            document = self._heard(call, access, "get/token", known)
        except CallFailed as failed:
            code = failed.result.code
            if isinstance(failed.result, AccountFault):
                raise LoginRefused(f"{code} {failed.result.text}".strip()) from None
            after = failed.result.after if isinstance(failed.result, Busy) else 0
            raise CallFailed(Busy(after, code, "get/token")) from None  # half an answer may hold half a token
        code, text = _code_and_text(document)
        if code != TAKEN:
            raise LoginRefused(f"{code} {text}".strip())
        row = object_in(document.get("result"))
        token = words(row.get("token"), LONGEST_TOKEN)
        if not token:
            raise CallFailed(Busy(0, code, "get/token"))
        return Token(token, seconds_in(row.get("ttl")) or CAREFUL_TTL_S)

    def _heard(self, call: Call, access: Access, path: str, said: Mapping[str, str]) -> dict[str, Any]:
        number = transaction_number(access.fields["appid"], call.now())
        answer = call("POST", BASE_PATH + path, document={**said, "transid": number}, request_id=number)
        document = document_of(answer)
        if not code_in(document.get("status")):
            raise CallFailed(not_understood(answer))
        return document

    def _result(self, call: Call, access: Access, path: str, said: Mapping[str, str]) -> dict[str, Any]:
        """What a call comes to that was taken. A token that is refused is renewed once.

        Raises `CallFailed` with what it came to instead.
        """
        token = call.token()
        document = self._heard(call, access, path, {**said, "token": token})
        if code_in(document.get("status")) == TOKEN_REFUSED:
            document = self._heard(call, access, path, {**said, "token": call.renewed(token)})
        code, text = _code_and_text(document)
        if code == TAKEN:
            return document
        if code == TOKEN_REFUSED:
            raise CallFailed(Busy(0, code, text))
        if code in APN_ALREADY_SO:
            raise CallFailed(AlreadySo(code, text))
        raise CallFailed(TurnedDown(code, text, is_final=code in FINAL_CODES))

    # changes

    def change(self, call: Call, access: Access, sims: Sequence[Sim], aspect: str, goal: str) -> list[Result]:
        """Many cards are one job of the carrier (`service` only); a data switch asks first which APNs there are."""
        if len(sims) > 1 and aspect in self.CHANGES_AT_ONCE:
            return [outcome_of(lambda: self._change_many(call, access, sims, goal))] * len(sims)
        orders = {
            Aspect.SERVICE: self._change_service,
            Aspect.ACTIVATION: self._activate,
            Aspect.DATA: self._switch_data,
            Aspect.BINDING: self._bind,
        }
        return [outcome_of(partial(orders[Aspect(aspect)], call, access, sim, goal)) for sim in sims]

    def _change_many(self, call: Call, access: Access, sims: Sequence[Sim], goal: str) -> Result:
        operation = OPERATION_OF_MANY.get(goal)
        if operation is None:
            return not_offered(Aspect.SERVICE, goal)
        reason = {"reason": "01"} if operation in WITH_A_REASON else {}
        said = {**_many(sims), "operType": operation, **reason}
        document = self._result(call, access, "change/sim-status/batch", said)
        return _accepted(document, "jobId", is_batch=True)

    def _change_service(self, call: Call, access: Access, sim: Sim, goal: str) -> Result:
        operation = OPERATION.get(goal)
        if operation is None:
            return not_offered(Aspect.SERVICE, goal)
        return self._order(call, access, "change/sim-status", {**_one(sim), "operType": operation})

    def _activate(self, call: Call, access: Access, sim: Sim, goal: str) -> Result:
        operation = ACTIVATION_FROM.get(sim.code, ACTIVATION_FROM_SILENT)
        return self._order(call, access, "change/sim-status", {**_one(sim), "operType": operation})

    def _bind(self, call: Call, access: Access, sim: Sim, goal: str) -> Result:
        bound = {"operType": BIND, "bindingStyle": BY_IMEI, "tac": goal[:DIGITS_OF_A_DEVICE]}
        return self._order(
            call, access, "operate/card-bind-by-bill", {**_one(sim), **(bound if goal else {"operType": UNBIND})}
        )

    def _order(self, call: Call, access: Access, path: str, said: Mapping[str, str]) -> Result:
        return _accepted(self._result(call, access, path, said), "orderNum")

    def _switch_data(self, call: Call, access: Access, sim: Sim, goal: str) -> Result:
        """A switch for each APN of the card that is not so already; the first that is not taken ends it."""
        services = self._data_services(call, access, sim)
        others = [apn for apn, switch in services if switch != goal]
        result: Result = AlreadySo() if services and not others else not_offered(Aspect.DATA, goal)
        for apn in filter(None, others):
            said = {**_one(sim), "operType": APN_OPERATION[goal], "apnName": apn}
            result = self._order(call, access, "operate/sim-apn-function", said)
        return result

    def order(self, call: Call, access: Access, sim: Sim, ticket: str, is_batch: bool) -> Ordered:
        if is_batch:
            return _part_of_job(self._result(call, access, "query/sim-batch-result", {"jobId": ticket}), sim)
        row = object_in(self._result(call, access, "query/order-info", {"orderNum": ticket}).get("result"))
        said = code_in(row.get("status"))
        others = (words(value) for name, value in row.items() if name not in ORDER_FIELDS)
        return Ordered(
            is_done=said.lower() in ORDER_DONE,
            is_failed=said.lower() in ORDER_FAILED,
            code=said,
            text=words("; ".join(filter(None, others))),
        )

    # state

    def ask(self, call: Call, access: Access, sims: Sequence[Sim], is_thorough: bool = False) -> list[Look]:
        return [self._look(call, access, sim, is_thorough) for sim in sims]

    def _look(self, call: Call, access: Access, sim: Sim, is_thorough: bool) -> Look:
        try:
            document = self._result(call, access, "query/sim-status", _one(sim))
            row = object_in(document.get("result"))
            code = code_in(row.get("cardStatus"))
            if not code:
                return Unknown("", piece_of(document))
            if code == NOT_THERE:
                return Missing(code)
            service = SERVICE_BY_CODE.get(code, ServiceState.UNREADABLE)
            is_stopped = code in CODES[ServiceState.STOPPED]
            reasons, reason_text = self._reasons(call, access, sim) if is_stopped else ((), "")
        except CallFailed as failed:
            return _as_look(failed.result)
        more = self._more(call, access, sim) if is_thorough else {}
        since = told_instant(row.get("lastChangeDate"))
        return Seen(service, code, reasons=reasons, reason_text=reason_text, since=since, **more)

    def _reasons(self, call: Call, access: Access, sim: Sim) -> tuple[tuple[str, ...], str]:
        """Why a card is stopped. Where the carrier has no reasons to tell of, its words stand for them."""
        try:
            document = self._result(call, access, "query/sim-stop-reason", _one(sim))
        except CallFailed as failed:
            if not isinstance(failed.result, TurnedDown):
                raise
            return (), f"{failed.result.code} {failed.result.text}".strip()
        row = object_in(document.get("result"))
        mask = words(row.get("stopReason"))
        return stop_reasons(mask), f"{mask} {words(row.get('shutdownReasonDesc'))}".strip()

    def _more(self, call: Call, access: Access, sim: Sim) -> dict[str, str]:
        """What takes calls of its own; what does not come stays blank, and is asked for again another time."""
        asked = {
            "real_name": lambda: self._real_name(call, access, sim),
            "imei": lambda: words(self._row(call, access, "query/sim-imei", sim).get("imei"), 16),
            "data": lambda: _switch_of([switch for _name, switch in self._data_services(call, access, sim)]),
        }
        more = {}
        for name, ask in asked.items():
            try:
                more[name] = ask()
            except (CallFailed, NothingHeard):
                continue
        return more

    def _row(self, call: Call, access: Access, path: str, sim: Sim) -> dict[str, Any]:
        return object_in(self._result(call, access, path, _one(sim)).get("result"))

    def _real_name(self, call: Call, access: Access, sim: Sim) -> str:
        code = code_in(self._row(call, access, "query/sim-real-name-status", sim).get("realNameStatus"))
        return "" if not code else Switch.ON if code == VERIFIED else Switch.OFF

    def _data_services(self, call: Call, access: Access, sim: Sim) -> list[tuple[str, str]]:
        """(APN, whether it is on) of each data service of the card."""
        document = self._result(call, access, "query/sim-communication-function-status", _one(sim))
        return [
            (words(service.get("apnName")), DATA_SWITCH.get(code_in(service.get("serviceStatus")), ""))
            for service in objects_within(document, "serviceType")
            if code_in(service.get("serviceType")) == DATA_SERVICE
        ]

    # usage, lists, links

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[Amount | NoAmount]:
        return self._usage(call, access, "query/sim-data-usage-daily/batch", sims, f"{day:%Y%m%d}", day)

    def usage_of_month(self, call: Call, access: Access, sims: Sequence[Sim], month: date) -> list[Amount | NoAmount]:
        return self._usage(call, access, "query/sim-data-usage-monthly/batch", sims, f"{month:%Y%m}", None)

    def _usage(
        self, call: Call, access: Access, path: str, sims: Sequence[Sim], asked: str, day: date | None
    ) -> list[Amount | NoAmount]:
        document = self._result(call, access, path, {**_many(sims), "queryDate": asked})
        rows = [(numbers_of(row), row.get("dataAmount")) for row in objects_within(document, "dataAmount")]
        told_at = call.now()

        def told(sim: Sim) -> Amount | NoAmount:
            value = next((value for numbers, value in rows if is_about(numbers, sim)), None)
            return told_amount(sim, value, "KB", told_at, day=day)

        return [told(sim) for sim in sims]

    def changed(self, call: Call, access: Access, since: datetime, cursor: str) -> Listing:
        """The cursor is a day and a page of it; every day from then up to today is asked for."""
        today = beijing_time(call.now()).date()
        day_text, _sep, page_text = cursor.partition(":")
        day = date.fromisoformat(day_text) if day_text else beijing_time(since).date()
        page = int(page_text or 1)
        # One public client says `changeDate`; the calls beside it have `queryDate`.
        dates = dict.fromkeys(("changeDate", "queryDate"), f"{day:%Y%m%d}")
        said = {**dates, "pageSize": str(PAGE_SIZE), "startNum": str(page)}
        found = self._result(call, access, "query/changeable-sim-date", said)
        rows = [
            *objects_within(found, "iccid"),
            *(row for row in objects_within(found, "msisdn") if "iccid" not in row),
        ]
        numbers = tuple(number for row in rows for number in numbers_of(row)[:1])
        if len(rows) >= PAGE_SIZE and page < MOST_PAGES:
            return Listing(numbers, f"{day}:{page + 1}")
        return Listing(numbers, f"{day + timedelta(days=1)}:1" if day < today else "")

    def real_name_link(self, call: Call, access: Access, sim: Sim) -> str:
        document = self._result(call, access, "secure/sim-real-name-reg", {**_one(sim), "urlType": "1"})
        url = words(object_in(document.get("result")).get("url"))
        if not url.startswith(("https://", "http://")):
            raise CallFailed(Unknown("", piece_of(document)))
        return url


def transaction_number(appid: str, now: datetime) -> str:
    """`transid`: the account, the second in Beijing, and eight digits that no other call of it has."""
    return f"{appid}{beijing_time(now):%Y%m%d%H%M%S}{secrets.randbelow(10**8):08}"


def stop_reasons(mask: str) -> tuple[str, ...]:
    """The reasons for which a card is stopped, from the twelve places that have one each."""
    if not mask:
        return ()
    if len(mask) != REASON_PLACES:
        return (StopReason.OTHER,)
    places = [place for place, mark in enumerate(mask, 1) if mark == REASON_STANDS]
    return tuple(dict.fromkeys(REASON_AT.get(place, StopReason.OTHER) for place in places))


def _code_and_text(document: Mapping[str, Any]) -> tuple[str, str]:
    return code_in(document.get("status")), words(document.get("message"))


def _one(sim: Sim) -> dict[str, str]:
    """A card by the one number that a call may have: its own number where it has one, or else the ICCID."""
    return {"msisdn": sim.msisdn} if sim.msisdn else {"iccid": sim.iccid}


def _many(sims: Sequence[Sim]) -> dict[str, str]:
    """The cards by numbers of one kind: by ICCID as soon as one of them has no other."""
    kind = "msisdn" if all(sim.msisdn for sim in sims) else "iccid"
    return {f"{kind}s": "_".join(getattr(sim, kind) for sim in sims)}


def _accepted(document: Mapping[str, Any], name: str, *, is_batch: bool = False) -> Accepted:
    """Older answers have no number of the order: then the state query alone tells."""
    ticket = words(object_in(document.get("result")).get(name), 64)
    return Accepted(ticket, *_code_and_text(document), is_batch=is_batch and bool(ticket))


def _as_look(result: Result) -> Look:
    if isinstance(result, TurnedDown) and result.code == NO_SUCH_CARD:
        return Missing(result.code, result.text)
    return look_of(result)


def _switch_of(switches: Sequence[str]) -> str:
    """Off where all are off, on where one is on, blank where nobody says."""
    return next((each for each in (Switch.ON, Switch.OFF) if each in switches), "")


def _part_of_job(document: Mapping[str, Any], sim: Sim) -> Ordered:
    """What became of one card of a job: only the list says that it failed, or that the others were not held up."""
    job = object_in(document.get("result"))
    state_of_job = code_in(job.get("jobStatus"))
    if state_of_job in JOB_UNDER_WAY:
        return Ordered(code=state_of_job)
    for row in objects_in(job.get("resultList")):
        if is_about([words(row.get("resultId"))], sim):
            code, text = _code_and_text(row)
            return Ordered(is_done=code == TAKEN, is_failed=code != TAKEN, code=code, text=text)
    return Ordered(
        is_done=state_of_job == JOB_DONE,
        is_failed=state_of_job == JOB_FAILED,
        code=state_of_job,
        text=words(document.get("message")),
    )
