"""Alipay (RSA2): payment pages, questions, closing, refunds, both bills of a day, notifications."""

import io
import json
import re
import secrets
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.payments.fakes.base import (
    ASK,
    ASK_REFUND,
    BEGIN,
    BEIJING,
    BILL,
    CLOSE,
    CLOSED,
    DOCUMENT,
    DONE,
    OPEN,
    OTHER,
    PAID,
    PROCESSING,
    REFUND,
    Heard,
    Message,
    ProviderFake,
    Refusal,
    Reply,
    Trade,
)
from tests.payments.fakes.keys import bare, is_signed, private_pem, public_pem, signature

GATEWAY, DOCUMENTS = "/gateway.do", "/downloadBillFile.resource"
FRESH = timedelta(minutes=15)
METHODS = {
    "alipay.trade.page.pay": BEGIN,
    "alipay.trade.wap.pay": BEGIN,
    "alipay.trade.query": ASK,
    "alipay.trade.close": CLOSE,
    "alipay.trade.refund": REFUND,
    "alipay.trade.fastpay.refund.query": ASK_REFUND,
    "alipay.data.dataservice.bill.downloadurl.query": BILL,
}
PRODUCTS = {"alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY", "alipay.trade.wap.pay": "QUICK_WAP_WAY"}
OF_ALL = {"app_id", "method", "charset", "sign_type", "sign", "timestamp", "version", "biz_content"}
MAY_BE = {"format", "return_url", "notify_url"}
OF_PAGES = {
    *("out_trade_no", "total_amount", "subject", "product_code", "body", "time_expire", "timeout_express"),
    *("quit_url", "qr_pay_mode", "passback_params", "goods_type", "integration_type"),
}
STATES = {OPEN: "WAIT_BUYER_PAY", PAID: "TRADE_SUCCESS", CLOSED: "TRADE_CLOSED"}
AMOUNTS = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)

TRADE_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
FUND_COLUMNS = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"
    "交易渠道,业务类型,备注"
)


class AlipayFake(ProviderFake):
    NAME = "alipay"
    REFUSAL = ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")

    def __init__(self, seed=1):
        super().__init__(seed)
        self.fields = {
            "app_id": "2021000122671234",
            "seller_id": "2088102146225135",
            "alipay_public_key": bare(public_pem("provider")),
        }
        self.secrets = {"private_key": private_pem("merchant")}
        self.documents = {}

    # Calls

    def kind_of(self, heard):
        if heard.path == DOCUMENTS:
            return DOCUMENT
        said = dict(self._pairs(heard))
        return METHODS.get(said.get("method"), OTHER) if heard.path == GATEWAY else OTHER

    def _pairs(self, heard):
        form = heard.body.decode() if heard.method == "POST" else ""
        query = urlsplit(heard.target).query
        return [pair for text in (query, form) if text for pair in parse_qsl(text, keep_blank_values=True)]

    def answer(self, heard):
        if heard.kind == DOCUMENT:
            document = self.documents.get(dict(self._pairs(heard)).get("token"))
            return Reply(200, document, "application/zip") if document else Reply(404, b"", "text/plain")
        said = self._checked(heard)
        try:
            content = json.loads(said["biz_content"])
        except ValueError:
            raise Refusal("isv.invalid-parameter", "biz_content无效") from None
        if heard.kind == OTHER:
            raise Refusal("isv.invalid-method", "不存在的方法名")
        told = getattr(self, f"_do_{heard.kind}")(said, content)
        if heard.kind == BEGIN:
            return told
        return self._signed(heard, {"code": "10000", "msg": "Success", **told})

    def _checked(self, heard):
        pairs = self._pairs(heard)
        said = dict(pairs)
        if len(said) != len(pairs):
            raise Refusal("isv.invalid-parameter", "参数重复")
        if missing := OF_ALL - set(said):
            raise Refusal("isv.missing-parameter", f"缺少参数{sorted(missing)}")
        if unknown := set(said) - OF_ALL - MAY_BE:
            self.violated(f"parameters {sorted(unknown)}")
        if said["app_id"] != self.fields["app_id"]:
            raise Refusal("isv.invalid-app-id", "无效的AppID参数")
        if (said["charset"].lower(), said["version"]) != ("utf-8", "1.0") or said.get("format", "JSON") != "JSON":
            raise Refusal("isv.invalid-parameter", "charset, version, format")
        if said["sign_type"] != "RSA2":
            raise Refusal("isv.invalid-signature-type", "无效签名类型")
        signed = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "sign" and value)
        if not is_signed("merchant", said["sign"], signed.encode()):
            raise Refusal("isv.invalid-signature", "验签出错，请检查签名")
        sent_at = datetime.strptime(said["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        if abs(self.now() - sent_at) > FRESH:
            raise Refusal("isv.invalid-timestamp", "非法的时间戳参数")
        return said

    def refused(self, heard, refusal):
        if heard.kind == BEGIN:
            return Reply(200, f"<html><body>{refusal.code} {refusal.words}</body></html>".encode(), "text/html")
        general = refusal.code.startswith("isv.")
        code, words = ("40002", "Invalid Arguments") if general else ("40004", "Business Failed")
        told = {"code": code, "msg": words, "sub_code": refusal.code, "sub_msg": refusal.words}
        return self._signed(heard, told, is_unsigned=refusal.code == "isv.invalid-app-id")

    def busy(self, heard):
        told = {"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error"}
        return self._signed(heard, told | {"sub_msg": "系统繁忙"})

    def _signed(self, heard, told, is_unsigned=False):
        """As it comes over the wire: the signature is of the very text, which only Alipay's own writer would repeat."""
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        method = dict(self._pairs(heard)).get("method", "")
        name = f"{method.replace('.', '_')}_response" if heard.kind != OTHER else "error_response"
        parts = [f'"{name}":{text}']
        if heard.fault != "unsigned" and not is_unsigned:
            by = "stranger" if heard.fault == "signed_by_another" else "provider"
            parts.append(f'"sign":"{signature(by, text.encode())}"')
        if self.random.random() < 0.3:
            parts.reverse()
        return Reply(200, f"{{{','.join(parts)}}}".encode(), "text/html;charset=utf-8")

    def _do_begin(self, said, content):
        if unknown := set(content) - OF_PAGES:
            self.violated(f"pay: {sorted(unknown)}")
        amount = self._amount(content["total_amount"])
        if content["product_code"] != PRODUCTS[said["method"]] or not 0 < len(content["subject"]) <= 256:
            raise Refusal("ACQ.INVALID_PARAMETER", "参数无效")
        if not re.fullmatch(r"\w{1,64}", content["out_trade_no"], re.ASCII):
            raise Refusal("ACQ.INVALID_PARAMETER", "out_trade_no")
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            trade = Trade(content["out_trade_no"], self.new_reference(), amount, said.get("notify_url", ""))
            trade.way, trade.return_url = said["method"], said.get("return_url", "")
            if "time_expire" in content:
                trade.expires_at = datetime.strptime(content["time_expire"], "%Y-%m-%d %H:%M:%S").replace(
                    tzinfo=BEIJING
                )
            self.trades[trade.number] = trade
        elif trade.state == PAID:
            raise Refusal("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        elif trade.state == CLOSED:
            raise Refusal("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        elif trade.amount != amount:
            raise Refusal("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        if trade.expires_at and trade.expires_at < self.now():
            raise Refusal("ACQ.INVALID_PARAMETER", "time_expire")
        return Reply(302, headers={"Location": f"{self.base_url}/cashier?trade={trade.reference}"})

    def _amount(self, text):
        if not AMOUNTS.fullmatch(str(text)):
            raise Refusal("ACQ.INVALID_PARAMETER", "金额格式错误")
        amount = Decimal(str(text))
        if amount <= 0:
            raise Refusal("ACQ.INVALID_PARAMETER", "金额格式错误")
        return amount

    def _trade_of(self, content):
        """The trade number goes first where both are there."""
        by, which = ("reference", content["trade_no"]) if content.get("trade_no") else ("number", None)
        which = which or content.get("out_trade_no")
        trade = next((trade for trade in self.trades.values() if getattr(trade, by) == which), None)
        if trade is None:
            raise Refusal("ACQ.TRADE_NOT_EXIST", "交易不存在")
        return trade

    def _state(self, trade):
        return "TRADE_CLOSED" if trade.state == PAID and trade.refunded == trade.amount else STATES[trade.state]

    def _do_ask(self, said, content):
        trade = self.mixed_up or self._trade_of(content)
        told = {
            "buyer_logon_id": "159****5620",
            "buyer_pay_amount": "0.00",
            "buyer_user_id": "2088101117955611",
            "out_trade_no": trade.number,
            "total_amount": f"{trade.amount:.2f}",
            "trade_no": trade.reference,
            "trade_status": self._state(trade),
            "store_name": '证大五道口店 {"a/b"}',
        }
        if trade.paid_at:
            told |= {"send_pay_date": self._told(trade.paid_at), "receipt_amount": f"{trade.amount:.2f}"}
        return told

    def _do_close(self, said, content):
        trade = self._trade_of(content)
        if trade.state != OPEN:
            raise Refusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        trade.state = CLOSED
        return {"out_trade_no": trade.number, "trade_no": trade.reference}

    def _do_refund(self, said, content):
        if unknown := set(content) - {"out_trade_no", "trade_no", "refund_amount", "refund_reason", "out_request_no"}:
            self.violated(f"refund: {sorted(unknown)}")
        trade, amount = self._trade_of(content), self._amount(content["refund_amount"])
        if trade.state != PAID:
            raise Refusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        refund, is_new = self.begin_refund(trade, content["out_request_no"], amount)
        if refund.amount != amount:
            raise Refusal("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        if is_new and trade.refunded > trade.amount:
            trade.refunds.remove(refund)
            raise Refusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        if refund.fails and refund.state != PROCESSING:
            raise Refusal("ACQ.BUYER_ERROR", "买家状态异常")
        return {
            "buyer_logon_id": "159****5620",
            "buyer_user_id": "2088101117955611",
            "fund_change": "Y" if is_new and refund.state == DONE else "N",
            "gmt_refund_pay": self._told(refund.at),
            "out_trade_no": trade.number,
            "refund_fee": f"{trade.refunded:.2f}",
            "trade_no": trade.reference,
        }

    def _do_ask_refund(self, said, content):
        """One that is done; of one that is not, or of which nothing is known, nothing."""
        trade = self._trade_of(content)
        refund = next((each for each in trade.refunds if each.number == content["out_request_no"]), None)
        refund = self.mixed_up or refund
        if refund is None or refund.state != DONE:
            return {}
        return {
            "out_request_no": refund.number,
            "out_trade_no": trade.number,
            "refund_amount": f"{refund.amount:.2f}",
            "refund_status": "REFUND_SUCCESS",
            "total_amount": f"{trade.amount:.2f}",
            "trade_no": trade.reference,
        }

    def _told(self, at):
        return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"

    def visit(self, address):
        """The payer's browser goes where the portal leads it; what Alipay answers is a redirect, or its complaint."""
        split = urlsplit(address)
        assert f"{split.scheme}://{split.netloc}" == self.base_url, address
        heard = Heard("GET", f"{split.path}?{split.query}", {}, b"", BEGIN)
        with self.lock:
            try:
                return self.answer(heard).status
            except Refusal as refusal:
                return refusal.code

    # Bills

    def _do_bill(self, said, content):
        day = date.fromisoformat(content["bill_date"])
        if content["bill_type"] not in ("trade", "signcustomer"):
            raise Refusal("isv.invalid-parameter", "bill_type")
        document = self.bill_document(content["bill_type"], day)
        if day >= self.now().astimezone(BEIJING).date() or not document:
            raise Refusal("isp.bill_not_exist", "账单不存在")
        token = secrets.token_urlsafe(20)
        self.documents[token] = document
        return {"bill_download_url": f"{self.base_url}{DOCUMENTS}?bizType={content['bill_type']}&token={token}"}

    def bill_document(self, kind, day):
        """The bill of a civil day as it is downloaded; empty where there is none."""
        rows = self._trade_rows(day) if kind == "trade" else self._fund_rows(day)
        if not rows:
            return b""
        title, columns = ("业务明细", TRADE_COLUMNS) if kind == "trade" else ("账务明细", FUND_COLUMNS)
        after = day + timedelta(days=1)
        lines = [
            f"#支付宝{title}查询",
            f"#账号：[{self.fields['seller_id']}0156]",
            f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{after:%Y年%m月%d日} 00:00:00]",
            f"#-----------------------------------------{title}列表----------------------------------------",
            columns,
            *[",".join(f"{value}\t" for value in row) for row in rows],
            f"#-----------------------------------------{title}列表结束------------------------------------",
            f"#交易合计：{len(rows)}笔，商家实收共0.00元，商家优惠共0.00元",
            f"#导出时间：[{after:%Y年%m月%d日} 05:00:00]",
        ]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in (
                (f"{title}(汇总)", "#支付宝汇总查询\r\n门店编号,门店名称,交易订单总笔数\r\n合计\t,\t,1\t\r\n"),
                (title, "\r\n".join([*lines, ""])),
            ):
                info = zipfile.ZipInfo(f"{self.fields['seller_id']}0156_{day:%Y%m%d}_{name}.csv")
                archive.writestr(info, text.encode("gb18030"))
        return packed.getvalue()

    def _trade_rows(self, day):
        rows = []
        for kind, trade, refund, amount, fee, at in self.billed(day):
            is_refund, told = kind == "refund", f"{at:%Y-%m-%d %H:%M:%S}"
            amount, fee = (-amount, fee) if is_refund else (amount, -fee)
            rows.append([
                trade.reference, trade.number, "退款" if is_refund else "交易", "续费", told, told, "", "", "", "",
                "*三(159****5620)", f"{amount:.2f}", f"{amount:.2f}", *["0.00"] * 5, "", "0.00", "0.00",
                refund.number if refund else "", f"{fee:.2f}", "0.00", "续费",
            ])  # fmt: skip
        return rows

    def _fund_rows(self, day):
        rows = []
        for kind, trade, refund, amount, fee, at in self.billed(day):
            is_refund, told = kind == "refund", f"{at:%Y-%m-%d %H:%M:%S}"
            number = refund.reference if refund else trade.reference
            for prefix, value, what in (("1", amount, "交易退款" if is_refund else "在线支付"), ("2", -fee, "收费")):
                value = -value if is_refund else value
                in_, out = (f"{value:.2f}", "") if value >= 0 else ("", f"{value:.2f}")
                what = "退费" if is_refund and prefix == "2" else what
                rows.append([
                    f"{prefix}{number}", trade.reference, trade.number, "续费", told, "*三(159****5620)", in_, out,
                    "1000.00", "支付宝", what, "",
                ])  # fmt: skip
        for reference, amount, at in self.payouts:
            at = at.astimezone(BEIJING)
            if at.date() == day:
                told = f"{at:%Y-%m-%d %H:%M:%S}"
                rows.append(
                    [reference, f"B{reference}", "", "", told, "", "", f"-{amount:.2f}", "0.00", "支付宝", "提现", ""]
                )
        return rows

    # Notifications

    def is_taken(self, status, body):
        return status == 200 and body.strip() == b"success"

    def message(self, number, **told):
        """What is told otherwise: any parameter by its name, or `amount`, `state`; `by` another pair signs it."""
        trade = self.trades[number]
        amount = f"{told.pop('amount', trade.amount):.2f}"
        by, fields = told.pop("by", "provider"), {}
        state = told.pop("state", self._state(trade))
        fields |= {
            "app_id": self.fields["app_id"],
            "auth_app_id": self.fields["app_id"],
            "buyer_id": "2088101117955611",
            "buyer_logon_id": "159****5620",
            "buyer_pay_amount": amount,
            "charset": "utf-8",
            "fund_bill_list": json.dumps([{"amount": amount, "fundChannel": "ALIPAYACCOUNT"}]),
            "gmt_create": self._told(self.now()),
            "invoice_amount": amount,
            "notify_id": f"{secrets.token_hex(32)}",
            "notify_time": self._told(self.now()),
            "notify_type": "trade_status_sync",
            "out_trade_no": trade.number,
            "point_amount": "0.00",
            "seller_email": "dealer@example.cn",
            "seller_id": self.fields["seller_id"],
            "subject": "续费 & 100%+",
            "total_amount": amount,
            "trade_no": trade.reference,
            "trade_status": state,
            "version": "1.0",
        }
        if trade.paid_at:
            fields |= {"gmt_payment": self._told(trade.paid_at), "receipt_amount": amount}
        return self.form(trade.notify_url, fields | told, by)

    def form(self, url, fields, by="provider"):
        """A signed form: over the values, sorted by name, without `sign` and `sign_type`; what is empty is left out."""
        fields = {name: value for name, value in fields.items() if value is not None}
        signed = "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if value != "")
        fields |= {"sign_type": "RSA2", "sign": signature(by, signed.encode())}
        return Message(url, urlencode(fields).encode(), {}, "application/x-www-form-urlencoded; charset=utf-8")

    def of_refund(self, trade, refund):
        """The notification that a refund has been made: of the trade, with what has gone back."""
        gone = {
            "refund_fee": f"{trade.refunded:.2f}",
            "gmt_refund": f"{self._told(refund.at)}.123",
            "out_biz_no": refund.number,
        }
        return self.message(trade.number, **gone)

    def again(self, message):
        """The same notification: repeats are the same to the letter."""
        return message
