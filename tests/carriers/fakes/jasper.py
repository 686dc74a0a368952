"""Jasper's REST door at China Unicom, as section 2b of `carrier-protocols.md` has it."""

import base64
import re
from datetime import datetime, timedelta

from tests.carriers.fakes.base import (
    ALREADY,
    ASK,
    BUSY,
    CHANGE,
    DONE,
    GUARDED,
    IMPOSSIBLE,
    OTHER,
    REFUSED,
    USAGE,
    FakeCarrier,
    Reply,
)
from tests.carriers.fakes.unicom import UnicomFake

PATH = re.compile(r"/rws/api/v1/devices(?:/(\d{19,20})(/ctdUsages)?)?")
STATES = {
    "test": "TEST_READY",
    "stock": "INVENTORY",
    "silent": "ACTIVATION_READY",
    "active": "ACTIVATED",
    "stopped": "DEACTIVATED",
    "pre_cancelled": "RETIRED",
    "cancelled": "PURGED",
    "strange": "HIBERNATED",
}
MOVES = {  # status: begins in, becomes
    "ACTIVATION_READY": ({"test", "stock"}, "silent"),
    "ACTIVATED": ({"stopped", "silent", "test", "stock"}, "active"),
    "DEACTIVATED": ({"active", "stopped", "silent"}, "stopped"),
    "RETIRED": (None, "pre_cancelled"),
}
WORDS = {
    ALREADY: (400, "The device is in this status already"),
    GUARDED: (400, "The device was changed a moment ago"),
    REFUSED: (400, "The change failed"),
    BUSY: (429, "Too many requests"),
    IMPOSSIBLE: (400, "This change of status is not allowed"),
}


class JasperFake(FakeCarrier):
    NAME, CARRIER = "jasper", "cucc"
    AT_ONCE = 1
    DAYS = False

    def begin(self):
        self.fields = {"user": f"user{self.random.randrange(10**6)}"}
        self.secrets = {"api_key": f"{self.random.getrandbits(128):08x}-key"}
        self.rate = 5.0

    def new_code(self):
        return str(20_000_000 + self.random.randrange(10**6))

    cycle_began = UnicomFake.cycle_began

    def kind_of(self, heard):
        match = PATH.fullmatch(heard.path)
        if match is None:
            raise ValueError("no such path")
        kind = CHANGE if heard.method == "PUT" else USAGE if match[2] else ASK if match[1] else OTHER
        return kind, (match[1],) if match[1] else ()

    def answer(self, heard):
        number, is_usage = PATH.fullmatch(heard.path).groups()
        known = f"{self.fields['user']}:{self.secrets['api_key']}".encode()
        if heard.headers.get("authorization") != "Basic " + base64.b64encode(known).decode():
            return Reply.json({"errorMessage": "Invalid credentials.", "errorCode": "10000001"}, 401)
        if not number:
            return self._list(heard.parameters)
        sim = self.find(number)
        if sim is None:
            return self._error(404, "Resource not found - Invalid ICCID.", "no card")
        if is_usage:
            return self._usage(sim)
        if heard.method == "PUT":
            return self._change(heard, sim)
        return Reply.json(self._device(sim))

    def _error(self, status, text, meaning):
        return Reply.json({"errorMessage": text, "errorCode": self.invented(meaning)}, status)

    def _device(self, sim):
        return {
            "iccid": sim.iccid,
            "imsi": sim.imsi,
            "msisdn": sim.msisdn,
            "imei": sim.imei,
            "status": STATES[sim.state],
            "ratePlan": "PLAN",
            "communicationPlan": "ON" if sim.is_data_on else "OFF",
            "dateUpdated": f"{self.beijing(sim.since):%Y-%m-%d %H:%M:%S.000+0800}",
        }

    def _list(self, said):
        datetime.strptime(said["modifiedSince"], "%Y-%m-%dT%H:%M:%SZ")
        size, page = int(said["pageSize"]), int(said["pageNumber"])
        if not 1 <= size <= 50:
            raise ValueError("pageSize")
        sims = list(self.sims.values())
        devices = [{"iccid": sim.iccid, "status": STATES[sim.state]} for sim in sims[(page - 1) * size : page * size]]
        return Reply.json({"pageNumber": page, "devices": devices, "lastPage": page * size >= len(sims)})

    def _change(self, heard, sim):
        said = heard.json()
        if set(said) == {"communicationPlan"}:
            begins_in, word = None, "data_on" if said["communicationPlan"] == "ON" else "data_off"
        else:
            begins_in, word = MOVES[said["status"]]
        outcome, _ = self.order(heard, [sim], word, begins_in)
        if outcome == DONE:
            return Reply.json({"iccid": sim.iccid})
        return self._error(*WORDS[outcome], outcome)

    def _usage(self, sim):
        if sim.used.get(self.today(), 0) is None:
            return Reply.json({"iccid": sim.iccid, "ctdDataUsage": None})
        used = self.used_between(sim, self.cycle_began(), self.today() + timedelta(days=1))
        return Reply.json({"iccid": sim.iccid, "imsi": sim.imsi, "msisdn": sim.msisdn, "ctdDataUsage": used})
