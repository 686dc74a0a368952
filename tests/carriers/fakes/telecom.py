"""What both doors of China Telecom mean, as section 3c of `carrier-protocols.md` has it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from tests.carriers.fakes.base import (
    ALREADY,
    ASK,
    BEIJING,
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

STATES = {
    "silent": ("1", "可激活"),
    "test": ("2", "测试激活"),
    "stock": ("3", "测试去激活"),
    "active": ("4", "在用"),
    "stopped": ("5", "停机"),
    "pre_cancelled": ("7", "拆机"),
    "cancelled": ("7", "拆机"),
    "strange": ("88", "其他"),
}
MANAGED = ("6", "运营商管理状态")
MOVES = {  # orderTypeId: begins in, becomes
    "19": ({"active", "stopped"}, "stopped"),
    "20": ({"stopped"}, "active"),
    "21": ({"test"}, "silent"),
    "22": ({"silent", "stock"}, "test"),
}
ALREADY_TEXTS = ("已存在相关停机记录,请勿重复办理", "已存在停机类型为120000的停机记录")
WORDS = {
    ALREADY: "当前无相关停机记录",
    GUARDED: "该号码有在途工单",
    REFUSED: "业务受理失败",
    IMPOSSIBLE: "当前状态不允许办理",
}
KINDS = {
    "queryCardMainStatus": ASK,
    "disabledNumber": CHANGE,
    "requestServActive": CHANGE,
    "singleCutNet": CHANGE,
    "offNetAction": CHANGE,
    "IMEIReRecord": CHANGE,
    "realNameQueryIot": OTHER,
    "prodInstQuery": OTHER,
    "getOnlineStatus": OTHER,
    "getSIMList": OTHER,
    "queryTraffic": USAGE,
    "queryTrafficByDate": USAGE,
}


class TelecomFake(FakeCarrier):
    CARRIER = "ctcc"
    HAS_PUSH = True

    def new_code(self):
        return f"-{self.random.randrange(500, 9000)}"

    def begin(self):
        self.root = self.random.choice(["businessServiceResponse", "SvcCont", "root"])

    # Push

    def push_body(self, sim, word, is_good=True):
        """What it sends when an order is done: unsigned, and proof of nothing."""
        accepted = {"stopped": "8", "active": "9"}.get(word, "7")
        return (
            '<?xml version="1.0" encoding="UTF-8"?><NotifyContractRoot><TYPE>1</TYPE>'
            f"<GROUP_TRANSACTIONID>{self.order_number()}</GROUP_TRANSACTIONID>"
            f"<STATUSINFO>{'竣工' if is_good else '撤单'}</STATUSINFO><ACCNBR>{sim.msisdn}</ACCNBR>"
            f"<ACCEPTTYPE>{accepted}</ACCEPTTYPE><STATUSDT>{self.beijing():%Y%m%d%H%M%S}</STATUSDT>"
            f"<RESULTMSG>{'成功' if is_good else '失败'}</RESULTMSG></NotifyContractRoot>"
        )

    # Answers

    def xml_of(self, **told):
        inner = "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in told.items())
        return Reply.xml(f"<{self.root}>{inner}</{self.root}>")

    def no_card(self):
        return Reply.plain(f"{self.invented('no card')} 号码不存在或不属于该客户")

    # Calls, by the names of the older door

    def do_queryCardMainStatus(self, heard, said, sim):
        told = MANAGED if sim.reasons - {"own"} else STATES[sim.state]
        products = [{"productMainStatusCd": told[0], "productMainStatusName": told[1]}]
        if told != MANAGED and sim.style:
            products.insert(0, {"productMainStatusCd": MANAGED[0], "productMainStatusName": MANAGED[1]})
        return Reply.json(
            {
                "result": "0",
                "resultMsg": "成功",
                "number": sim.msisdn,
                "productInfo": products,
                "netBlockStatusName": "未断网" if sim.is_data_on else "已断网",
                "authStatus": "1",
            }
        )

    def do_disabledNumber(self, heard, said, sim):
        if said["acctCd"] != "":
            raise ValueError("acctCd")
        begins_in, word = MOVES[said["orderTypeId"]]
        outcome, order = self.order(heard, [sim], word, begins_in)
        if outcome == DONE:
            return self.xml_of(result="0", resultMsg="成功接收消息", GROUP_TRANSACTIONID=order.number)
        if outcome == IMPOSSIBLE and word == "active" and sim.state == "silent":
            return self.xml_of(result="100008", resultMsg="可激活状态不允许复机", GROUP_TRANSACTIONID="")
        return self._turned_down(outcome, word)

    def _turned_down(self, outcome, word=""):
        if outcome == ALREADY and word == "stopped":
            text = self.random.choice(ALREADY_TEXTS)
            if self.random.randrange(2):
                return Reply.plain(text)
            return self.xml_of(result=self.invented(outcome), resultMsg=text, GROUP_TRANSACTIONID="")
        if outcome == BUSY:
            return self.xml_of(RspType="1", RspCode="9000", RspDesc="系统忙")
        return self.xml_of(result=self.invented(outcome), resultMsg=WORDS[outcome], GROUP_TRANSACTIONID="")

    def do_requestServActive(self, heard, said, sim):
        outcome, order = self.order(heard, [sim], "active", {"silent", "test"})
        if outcome == DONE:
            return Reply.json({"RESULT": "0", "SMSG": "成功接收消息", "GROUP_TRANSACTIONID": order.number})
        return Reply.json({"RESULT": self.invented(outcome), "SMSG": WORDS.get(outcome, "失败")})

    def do_singleCutNet(self, heard, said, sim):
        word = {"ADD": "data_off", "DEL": "data_on"}[said["action"]]
        outcome, order = self.order(heard, [sim], word, None)
        if outcome == DONE:
            return self.xml_of(result="0", resultMsg="成功接收消息", GROUP_TRANSACTIONID=order.number)
        if outcome == ALREADY:
            return self.xml_of(result="-9", resultMsg="不能重复订购", GROUP_TRANSACTIONID="")
        return self._turned_down(outcome)

    def do_realNameQueryIot(self, heard, said, sim):
        return self.xml_of(RESULT="0", SMSG="成功", activeTime="" if not sim.is_named else f"{self.beijing(sim.since)}")

    def do_queryTraffic(self, heard, said, sim):
        first, last = self.cycle_began(), self.today()
        return self.xml_of(IRESULT="0", SMSG="成功", TOTAL_BYTES_CNT=self._megabytes(sim, first, last))

    def do_queryTrafficByDate(self, heard, said, sim):
        first, last = (datetime.strptime(said[name], "%Y%m%d").date() for name in ("startDate", "endDate"))
        return self.xml_of(IRESULT="0", SMSG="成功", TOTAL_BYTES_CNT=self._megabytes(sim, first, last))

    def amount_of(self, sim, first, last):
        """Bytes; None where the only day is one of which nothing is told."""
        if first == last and self.used_on(sim, first) is None:
            return None
        return self.used_between(sim, first, last)

    def _megabytes(self, sim, first, last):
        amount = self.amount_of(sim, first, last)
        return "" if amount is None else f"{Decimal(amount) / MB:.2f}MB"

    @staticmethod
    def month_of(text):
        first = datetime.strptime(text.replace("-", "")[:6], "%Y%m").date()
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def zone(self):
        return UTC if self.settings.get("clock") == "utc" else BEIJING
