"""China Mobile OneLink v5, as section 1 of `carrier-protocols.md` has it."""

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
    ORDER,
    OTHER,
    REFUSED,
    TOKEN,
    USAGE,
    FakeCarrier,
    Reply,
)

ROOT = "/v5/ec/"
NUMBERS = ("msisdn", "iccid", "imsi")
KINDS = {
    "get/token": TOKEN,
    "query/sim-status": ASK,
    "query/sim-stop-reason": OTHER,
    "query/changeable-sim-date": OTHER,
    "change/sim-status": CHANGE,
    "change/sim-status/batch": CHANGE,
    "query/order-info": ORDER,
    "query/sim-batch-result": ORDER,
    "operate/sim-apn-function": CHANGE,
    "query/sim-communication-function-status": OTHER,
    "secure/sim-real-name-reg": OTHER,
    "query/sim-real-name-status": OTHER,
    "query/sim-imei": OTHER,
    "query/sim-data-usage": USAGE,
    "query/sim-data-usage-daily/batch": USAGE,
    "query/sim-data-usage-monthly/batch": USAGE,
}
ONE_LEVEL = {"silent": "1", "active": "2", "stopped": "4", "test": "6", "stock": "7", "pre_cancelled": "8"}
ONE_LEVEL |= {"cancelled": "9", "strange": "5"}
BY_STAGES = {"silent": "07", "active": "00", "stopped": "02", "pre_cancelled": "03", "cancelled": "04"}
PLACES = {"ended": 1, "device": 2, "managed": 4, "credit": 5, "own": 9, "region": 10, "forced": 11}
SINGLE = {  # operType: begins in, becomes
    "0": ({"active", "stopped"}, "stopped"),
    "1": ({"stopped"}, "active"),
    "2": ({"stock"}, "active"),
    "3": ({"test"}, "stock"),
    "4": ({"test"}, "silent"),
    "5": ({"test"}, "active"),
    "6": ({"silent"}, "active"),
    "8": ({"silent"}, "stopped"),
    "9": ({"stock"}, "silent"),
}
BATCH = {
    "1": ({"test"}, "stock"),
    "2": ({"test"}, "silent"),
    "3": ({"test"}, "active"),
    "4": ({"stock"}, "silent"),
    "5": ({"stock"}, "active"),
    "6": ({"silent"}, "stock"),
    "7": ({"silent"}, "active"),
    "9": ({"active", "stopped"}, "stopped"),
    "11": ({"stopped"}, "active"),
}
WORDS = {
    ALREADY: "该号码已处于目标状态，请勿重复办理",
    GUARDED: "3分钟内不允许重复变更",
    REFUSED: "业务受理失败",
    BUSY: "系统繁忙，请稍后再试",
    IMPOSSIBLE: "当前状态不允许办理该业务",
}


class Trouble(Exception):
    """What is answered instead of a result."""

    def __init__(self, code, text):
        self.code, self.text = code, text


class OneLinkFake(FakeCarrier):
    NAME, CARRIER = "onelink5", "cmcc"
    CHANGES_AT_ONCE = 100
    HAS_TOKEN = HAS_ORDERS = HAS_REASONS = True

    def begin(self):
        self.fields = {"appid": f"2003{self.random.randrange(10**8):08d}EC"}
        self.secrets = {"password": f"Pw-{self.random.randrange(10**12):012d}"}
        self.ttl = 3600
        self.apn = f"CMIOT{self.random.randrange(1000)}"
        self.tells_orders = True  # older platforms answer with the card's number alone

    def new_code(self):
        return str(self.random.choice([13, 14, 15, 16]) * 1000 + self.random.randrange(1000))

    def kind_of(self, heard):
        name = heard.path.removeprefix(ROOT)
        said = self._said(heard)
        numbers = [said[each] for each in NUMBERS if each in said]
        for each in NUMBERS:
            numbers += said.get(f"{each}s", "").split("_") if f"{each}s" in said else []
        return KINDS[name], tuple(numbers)

    def _said(self, heard):
        said = heard.parameters if heard.method == "GET" else heard.json()
        if not all(isinstance(value, str) for value in said.values()):
            raise ValueError("all values are text")
        return said

    def answer(self, heard):
        try:
            said = self._said(heard)
            name = heard.path.removeprefix(ROOT)
            if heard.method not in ("GET", "POST") or name not in KINDS:
                raise ValueError("no such call")
            self._check_transid(said["transid"])
            if name == "get/token":
                return self._ok([self._token(said)])
            self._check_token(said["token"])
            treat = getattr(self, "do_" + name.replace("/", "_").replace("-", "_"))
            return self._ok(treat(heard, said))
        except Trouble as trouble:
            return Reply.json({"status": trouble.code, "message": trouble.text, "result": []})

    @staticmethod
    def _ok(result):
        return Reply.json({"status": "0", "message": "正确", "result": result})

    def _check_transid(self, transid):
        match = re.fullmatch(re.escape(self.fields["appid"]) + r"(\d{14})\d{8}", transid)
        if not match or not self.is_recent(match[1], "%Y%m%d%H%M%S"):
            raise ValueError(f"transid {transid}")
        self.once("transid", transid)

    def _check_token(self, token):
        if self.tokens.get(token, 0) <= self.now():
            raise Trouble("12021", "TOKEN不存在或已过期")

    def _token(self, said):
        if (said["appid"], said["password"]) != (self.fields["appid"], self.secrets["password"]):
            raise Trouble(self.invented("login"), "APPID或密码错误")
        living = next((each for each, until in self.tokens.items() if until > self.now()), "")
        if not living or said.get("refresh") == "1":
            self.tokens.clear()  # a new one ends that of the others
            living = f"{self.random.getrandbits(160):040x}"
            self.tokens[living] = self.now() + self.ttl
            self.logins += 1
            self.ever_given.add(living)
        ttl = int(self.tokens[living] - self.now())
        return {"token": living, "ttl": self.random.choice([ttl, str(ttl)])}

    def _number(self, said):
        """The name and the number of the one card that is asked for."""
        ((name, number),) = [(name, said[name]) for name in NUMBERS if name in said]
        return name, number

    def _sim(self, said):
        _, number = self._number(said)
        if (sim := self.find(number)) is None:
            raise Trouble("11011", "号码不在本平台")
        return sim

    def _asked(self, said):
        """The name of the numbers, the numbers, and the cards of a batch; a card that is not there is None."""
        ((name, joined),) = [(name, said[f"{name}s"]) for name in NUMBERS if f"{name}s" in said]
        numbers = joined.split("_")
        if not 1 <= len(numbers) <= 100 or len(set(numbers)) < len(numbers):
            raise ValueError(f"{len(numbers)} numbers")
        return name, numbers, [self.find(number) for number in numbers]

    # State

    def code_of(self, sim):
        return (BY_STAGES if sim.style else ONE_LEVEL).get(sim.state) or ONE_LEVEL[sim.state]

    def do_query_sim_status(self, heard, said):
        sim = self._sim(said)
        return [{"cardStatus": self.code_of(sim), "lastChangeDate": f"{self.beijing(sim.since):%Y-%m-%d %H:%M:%S}"}]

    def do_query_sim_stop_reason(self, heard, said):
        sim = self._sim(said)
        places = ["0"] * 12
        for reason in sim.reasons:
            places[PLACES[reason] - 1] = "2"
        told = {"platformType": "1" if sim.style else "2", "stopReason": "".join(places)}
        if self.seed % 2:
            told["shutdownReasonDesc"] = ",".join(sorted(sim.reasons))
        return [told]

    def do_query_changeable_sim_date(self, heard, said):
        size, start = int(said["pageSize"]), int(said["startNum"])
        if not 1 <= size <= 50 or start < 1:
            raise ValueError("page")
        (told,) = {text for text in said.values() if re.fullmatch(r"20\d{6}", text)}  # its name is not public
        day = datetime.strptime(told, "%Y%m%d").date()
        changed = [sim for sim in self.sims.values() if self.beijing(sim.since).date() == day]
        page = changed[(start - 1) * size : start * size]
        listed = [{"msisdn": sim.msisdn, "iccid": sim.iccid, "imsi": sim.imsi} for sim in page]
        return [{"totalCount": str(len(changed)), "cardInfoList": listed}]

    def do_query_sim_real_name_status(self, heard, said):
        return [{"realNameStatus": "1" if self._sim(said).is_named else "0"}]

    def do_secure_sim_real_name_reg(self, heard, said):
        self._sim(said)
        return [{"busiSeq": self.order_number(), "url": f"{self.base_url}/h5/real-name"}]

    def do_query_sim_imei(self, heard, said):
        return [{"imei": self._sim(said).imei}]

    def do_query_sim_communication_function_status(self, heard, said):
        sim = self._sim(said)
        switches = [
            {"serviceType": "01", "serviceStatus": "1"},
            {"serviceType": "11", "serviceStatus": "1" if sim.is_data_on else "0", "apnName": self.apn},
        ]
        return [{"serviceTypeList": switches}]

    # Changes

    def do_change_sim_status(self, heard, said):
        begins_in, word = SINGLE[said["operType"]]
        name, number = self._number(said)
        order = self._ordered(heard, [self._sim(said)], word, begins_in)
        told = {name: number}
        if self.tells_orders:
            told["orderNum"] = order.number
        return [told]

    def do_change_sim_status_batch(self, heard, said):
        begins_in, word = BATCH[said["operType"]]
        if said["operType"] in ("9", "11") and said.get("reason") != "01":
            raise ValueError("reason is missing")
        _, _, sims = self._asked(said)
        if None in sims:
            raise Trouble("11011", "号码不在本平台")
        return [{"jobId": self._ordered(heard, sims, word, begins_in).number}]

    def do_operate_sim_apn_function(self, heard, said):
        if said["apnName"] != self.apn:
            raise Trouble(self.invented("apn"), "APN不存在")
        word = {"0": "data_on", "1": "data_off"}[said["operType"]]
        already = {"data_on": "12047", "data_off": "12048"}[word]
        return [{"orderNum": self._ordered(heard, [self._sim(said)], word, None, already).number}]

    def _ordered(self, heard, sims, word, begins_in, already=""):
        outcome, order = self.order(heard, sims, word, begins_in)
        if outcome != DONE:
            code = already if outcome == ALREADY and already else self.invented(outcome)
            raise Trouble(code, WORDS[outcome])
        return order

    # What became of orders

    def _order(self, number):
        if number not in self.orders:
            raise Trouble(self.invented("no such order"), "订单不存在")
        return self.orders[number]

    def do_query_order_info(self, heard, said):
        order = self._order(said["orderNum"])
        status = "completed" if order.is_done else "failed" if order.failed else "inProgress"
        made = f"{self.beijing(order.made_at):%Y%m%d%H%M%S}"
        told = {"orderNum": order.number, "status": status, "statusDate": made, "createDate": made}
        return [told | ({"message": order.failed} if order.failed else {})]

    def do_query_sim_batch_result(self, heard, said):
        order = self._order(said["jobId"])
        if not order.is_done and not order.failed:
            return [{"jobStatus": "1"}]
        cards = [
            {
                "resultType": "1",
                "resultId": sim.msisdn,
                "status": self.invented("order failed") if order.failed else "0",
                "message": order.failed or "正确",
            }
            for sim in order.sims
        ]
        return [{"jobStatus": "3" if order.failed else "2", "resultList": cards}]

    # Usage: kilobytes as text

    def _kilobytes(self, amount):
        """Of what is told; blank where nothing is."""
        return "" if amount is None else f"{Decimal(amount) / 1024:.2f}"

    def _amounts(self, said, amount_of):
        name, numbers, sims = self._asked(said)
        told = []
        for number, sim in zip(numbers, sims, strict=True):
            if sim is None:
                continue
            amount = self._kilobytes(amount_of(sim))
            row = {name: number, "dataAmount": amount}
            if amount not in ("", "0.00"):
                row["apnDataAmountList"] = [{"apnName": self.apn, "apnDataAmount": amount}]
            told.append(row)
        return [{"dataAmountList": told}]

    def do_query_sim_data_usage_daily_batch(self, heard, said):
        day = datetime.strptime(said["queryDate"], "%Y%m%d").date()
        if not self.today() - timedelta(days=7) <= day < self.today():
            raise Trouble(self.invented("day"), "查询日期超出范围")
        return self._amounts(said, lambda sim: self.used_on(sim, day))

    def do_query_sim_data_usage_monthly_batch(self, heard, said):
        first = datetime.strptime(said["queryDate"], "%Y%m").date()
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        last = min(last, self.today() - timedelta(days=1))
        return self._amounts(said, lambda sim: self.used_between(sim, first, last))

    def do_query_sim_data_usage(self, heard, said):
        sim = self._sim(said)
        return [{"dataAmount": self._kilobytes(self.used_between(sim, self.cycle_began(), self.today()))}]
