"""China Telecom CTWing / 5G CMP, as section 3a of `carrier-protocols.md` has it."""

import hashlib
from datetime import datetime

from tests.carriers.fakes.base import ASK, OTHER, USAGE, Reply
from tests.carriers.fakes.telecom import KINDS, STATES, TelecomFake

GETS = {  # path: its name at the older door
    "/openapi/v1/prodinst/queryCardMainStatus": "queryCardMainStatus",
    "/openapi/v1/prodinst/realNameQueryIot": "realNameQueryIot",
    "/5gcmp/openapi/v1/common/disabledNumberService": "disabledNumber",
    "/5gcmp/openapi/v1/common/requestServActive": "requestServActive",
    "/5gcmp/openapi/v1/common/singleCutNet": "singleCutNet",
    "/5gcmp/openapi/v1/common/offNetAction": "offNetAction",
    "/api/v1/openbill/queryTraffic": "queryTraffic",
    "/api/v1/openbill/queryTrafficByDate": "queryTrafficByDate",
}
POSTS = {
    "/api/v1/batchQry/batchQryFlowByDate": USAGE,
    "/api/v1/batchQry/batchQryFlowByMonth": USAGE,
    "/api/v1/prod/batchQrySimStatus": ASK,
    "/api/v1/realName/qryRealNameStatus": OTHER,
}


def signature(sorted_query, body, secret, timestamp):
    md5 = hashlib.md5((sorted_query + body + secret + timestamp).encode()).hexdigest()
    return md5.encode("ascii").hex().upper()


class CTWingFake(TelecomFake):
    NAME = "ctwing"

    def begin(self):
        super().begin()
        self.fields = {
            "app_key": f"ak{self.random.randrange(10**8)}",
            "cust_number": f"C{self.random.randrange(10**6)}",
        }
        self.secrets = {"secret": f"Sec{self.random.randrange(10**12):012d}"}
        self.clock = self.random.choice(["cst", "utc"])

    @property
    def settings(self):
        return {"clock": self.clock}

    def kind_of(self, heard):
        if heard.method == "POST":
            return POSTS[heard.path], tuple(heard.json()["accessNumber"])
        said = heard.parameters
        return KINDS[GETS[heard.path]], (said["access_number"],)

    def answer(self, heard):
        if trouble := self._signed_wrongly(heard):
            return Reply.json({"result": self.invented(trouble), "resultMsg": trouble})
        if heard.method == "POST":
            return self._batch(heard)
        said = heard.parameters
        sim = self.find(said["access_number"])
        if sim is None or said["access_number"] != sim.msisdn:
            return self.no_card()
        return getattr(self, f"do_{GETS[heard.path]}")(heard, said, sim)

    def _signed_wrongly(self, heard):
        told = heard.headers
        if told.get("appkey") != self.fields["app_key"]:
            return "AppKey无效"
        query = "&".join(f"{name}={value}" for name, value in sorted(heard.query))
        if told.get("sign") != signature(query, heard.body.decode(), self.secrets["secret"], told["timestamp"]):
            return "签名错误"
        if not self.is_recent(told["timestamp"], "%Y%m%d%H%M%S", self.zone()):
            return "时间戳错误"
        return ""

    def _batch(self, heard):
        said = heard.json()
        numbers = said["accessNumber"]
        if said["custNumber"] != self.fields["cust_number"]:
            return Reply.json({"code": self.invented("customer"), "msg": "客户不存在"})
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= 100:
            raise ValueError("accessNumber")
        sims = [sim for sim in map(self.find, numbers) if sim]
        if heard.path.endswith("batchQryFlowByDate"):
            day = datetime.strptime(said["queryDate"], "%Y%m%d").date()
            rows = [self._flow(sim, day, day) for sim in sims]
        elif heard.path.endswith("batchQryFlowByMonth"):
            month = next(value for name, value in said.items() if name not in ("custNumber", "accessNumber"))
            rows = [self._flow(sim, *self.month_of(month)) for sim in sims]
        elif heard.path.endswith("batchQrySimStatus"):
            rows = [{"accessNumber": sim.msisdn, "result": STATES[sim.state][0]} for sim in sims]
        else:
            rows = [{"accessNumber": sim.msisdn, "status": "0" if sim.is_named else "1"} for sim in sims]
        return Reply.json({"code": self.random.choice([0, "0"]), "msg": "成功", "data": rows})

    def _flow(self, sim, first, last):
        amount = self.amount_of(sim, first, last)
        flow = "" if amount is None else f"{amount / 1024 / 1024:.2f}"
        return {
            "accessNumber": sim.msisdn,
            "result": "0",
            "unit": "MB",
            "flowAmount": flow,
            "month": f"{first:%Y%m}",
            "status": "0",
            "statusDesc": "成功",
        }
