"""China Unicom's gateway (CMP), as section 2a of `carrier-protocols.md` has it."""

import hashlib
import re
from datetime import datetime, timedelta
from decimal import Decimal

from tests.carriers.fakes.base import (
    ALREADY,
    ASK,
    BUSY,
    CHANGE,
    DONE,
    GUARDED,
    IMPOSSIBLE,
    MB,
    OTHER,
    REFUSED,
    USAGE,
    FakeCarrier,
    Reply,
)

CALL = re.compile(r"/api/(\w+)/V1/1Main/vV1\.1")
KINDS = {
    "wsGetTerminalDetails": ASK,
    "wsEditTerminal": CHANGE,
    "wsEditNetworkAccessConfig": CHANGE,
    "wsGetTerminalUsage": USAGE,
    "wsGetTerminalUsageDataDetails": USAGE,
    "wsGetModifiedTerminals": OTHER,
}
STATES = {"test": "0", "silent": "1", "active": "2", "stopped": "3", "pre_cancelled": "9", "cancelled": "4"}
STATES |= {"stock": "7", "strange": "77"}
MOVES = {  # targetValue: begins in, becomes
    "1": ({"test", "stock"}, "silent"),
    "2": ({"stopped", "silent", "test"}, "active"),
    "3": ({"active", "stopped", "silent"}, "stopped"),
    "4": (None, "cancelled"),
}
WORDS = {
    GUARDED: "操作过于频繁",
    REFUSED: "操作失败",
    BUSY: "系统忙",
    IMPOSSIBLE: "状态不允许变更",
}


def sm3_token(app_id, timestamp, trans_id, secret):
    text = f"app_id{app_id}timestamp{timestamp}trans_id{trans_id}{secret}"
    return hashlib.new("sm3", text.encode()).hexdigest()


class UnicomFake(FakeCarrier):
    NAME, CARRIER = "unicom", "cucc"
    DAYS = False

    def begin(self):
        self.fields = {"app_id": f"app{self.random.randrange(10**8)}", "open_id": f"open{self.random.randrange(10**8)}"}
        self.secrets = {"secret": f"Sec-{self.random.randrange(10**12):012d}"}

    def new_code(self):
        return str(self.random.choice([2, 3, 5, 7]) * 1000 + self.random.randrange(1000))

    def kind_of(self, heard):
        data = heard.json()["data"]
        numbers = [data["iccid"]] if "iccid" in data else data.get("iccids", [])
        return KINDS[CALL.fullmatch(heard.path)[1]], tuple(numbers)

    def answer(self, heard):
        if heard.method != "POST":
            raise ValueError("POST")
        said, name = heard.json(), CALL.fullmatch(heard.path)[1]
        if refusal := self._gateway(said):
            return Reply.json({"status": self.invented(refusal), "message": refusal})
        data = said["data"]
        if data["openId"] != self.fields["open_id"] or data["version"] != "1.0" or not data["messageId"]:
            raise ValueError("data")
        code, text, told = getattr(self, f"do_{name}")(heard, data)
        result = {
            "messageId": data["messageId"],
            "version": "1.0",
            "resultCode": code,
            "resultDesc": text,
            "timestamp": f"{self.beijing():%Y-%m-%d %H:%M:%S}",
        }
        return Reply.json({"status": "0000", "message": "success", "data": result | told})

    def _gateway(self, said):
        """What the gateway has against it, if anything."""
        instant, trans_id = said["timestamp"], said["trans_id"]
        if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \d{3}", instant):
            raise ValueError(f"timestamp {instant}")
        if not re.fullmatch(r"\d{23}", trans_id):
            raise ValueError(f"trans_id {trans_id}")
        self.once("trans_id", trans_id)
        if said["app_id"] != self.fields["app_id"]:
            return "应用不存在"
        if said["token"] != sm3_token(said["app_id"], instant, trans_id, self.secrets["secret"]):
            return "token校验失败"
        if not self.is_recent(instant[:19], "%Y-%m-%d %H:%M:%S"):
            return "时间戳超出范围"
        return ""

    # State

    def do_wsGetTerminalDetails(self, heard, data):
        numbers = data["iccids"]
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= 50:
            raise ValueError("iccids")
        sims = [sim for sim in map(self.find, numbers) if sim]
        return "0000", "成功", {"terminals": [self._terminal(sim) for sim in sims]}

    def _terminal(self, sim):
        used = self.used_between(sim, self.cycle_began(), self.today())
        told = {
            "iccid": sim.iccid,
            "imsi": sim.imsi,
            "msisdn": sim.msisdn,
            "imei": sim.imei,
            "simStatus": self.random.choice([STATES[sim.state], int(STATES[sim.state])]),
            "realNameStatus": self.random.choice("23") if sim.is_named else "0",
            "ratePlan": "PLAN",
            "monthToDateDataUsage": "" if sim.used.get(self.today(), 0) is None else f"{Decimal(used) / MB:.6f}",
            "dateActivated": f"{self.beijing(sim.since):%Y-%m-%d %H:%M:%S}",
            "overageLimitReached": "false",
        }
        return told

    def do_wsGetModifiedTerminals(self, heard, data):
        return "0000", "成功", {"iccids": list(self.sims)}

    # Changes

    def do_wsEditTerminal(self, heard, data):
        if data["changeType"] != "3" or data.get("asynchronous", "0") not in ("0", "1"):
            raise ValueError("changeType")
        begins_in, word = MOVES[data["targetValue"]]
        return self._ordered(heard, data, word, begins_in, "1193")

    def do_wsEditNetworkAccessConfig(self, heard, data):
        word = {"NAC-ON": "data_on", "NAC-OFF": "data_off"}[data["nacId"]]
        return self._ordered(heard, data, word, None, self.random.choice(["6079", "E004"]))

    def _ordered(self, heard, data, word, begins_in, already):
        sim = self.find(data["iccid"])
        if sim is None:
            return self.invented("no card"), "设备不存在", {}
        outcome, _ = self.order(heard, [sim], word, begins_in)
        if outcome == DONE:
            return "0000", "成功", {"iccid": sim.iccid}
        if outcome == ALREADY:
            return already, "已处于该状态", {}
        return self.invented(outcome), WORDS[outcome], {}

    # Usage: megabytes as text, of the cycle from the 27th on

    def cycle_began(self, day=None):
        day = day or self.today()
        if day.day >= 27:
            return day.replace(day=27)
        return (day.replace(day=1) - timedelta(days=1)).replace(day=27)

    def do_wsGetTerminalUsage(self, heard, data):
        sim = self.find(data["iccid"])
        last = datetime.strptime(data["billingCycle"], "%Y%m").date().replace(day=26)
        if last >= self.today() or not sim:
            return "1074", "该月无数据", {}
        used = self.used_between(sim, self.cycle_began(last), last)
        return "0000", "成功", {"iccid": sim.iccid, "totalDataVolume": f"{Decimal(used) / MB:.6f}"}

    def do_wsGetTerminalUsageDataDetails(self, heard, data):
        sim = self.find(data["iccid"])
        first = datetime.strptime(data["cycleStartDate"].replace("-", "")[:8], "%Y%m%d").date()
        sessions = [
            {"sessionStartTime": f"{day} 10:00:00", "dataVolume": f"{Decimal(amount) / 1024:.2f}"}
            for day, amount in sorted(sim.used.items())
            if amount and self.cycle_began(day) == first
        ]
        page = int(data["pageNumber"])
        return "0000", "成功", {"usageDetails": sessions if page == 1 else [], "pageNumber": page, "totalPages": 1}
