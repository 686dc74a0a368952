"""WeChat Pay, API v3: Native, H5 and JSAPI, questions, closing, refunds, both bills of a day, notifications."""

import csv
import hashlib
import io
import json
import re
import secrets
from base64 import b64encode
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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
    OPENID,
    OTHER,
    PAID,
    PROCESSING,
    REFUND,
    Message,
    ProviderFake,
    Refusal,
    Reply,
    Trade,
)
from tests.payments.fakes.keys import certificate, is_signed, private_pem, public_pem, signature

SCHEMA = "WECHATPAY2-SHA256-RSA2048"
FRESH = timedelta(minutes=5)
NUMBERS = re.compile(r"[0-9A-Za-z_\-|*]{6,32}", re.ASCII)
REFUND_NUMBERS = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}", re.ASCII)
INSTANTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
CLAIMS = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")

BEGUN = {"native", "h5", "jsapi"}
BY_NUMBER = "/v3/pay/transactions/out-trade-no/"
BY_REFERENCE = "/v3/pay/transactions/id/"
REFUNDS = "/v3/refund/domestic/refunds"
LOGIN = "/sns/oauth2/access_token"
STATES = {OPEN: ("NOTPAY", "订单未支付"), PAID: ("SUCCESS", "支付成功"), CLOSED: ("CLOSED", "订单已关闭")}

OF_ALL = {"appid", "mchid", "description", "out_trade_no", "notify_url", "amount"}
MAY_BE = {"time_expire", "attach", "goods_tag", "support_fapiao", "detail", "scene_info", "settle_info", "payer"}

TRADE_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def b64(content):
    return b64encode(content).decode()


class WeChatFake(ProviderFake):
    NAME = "wechat"
    REFUSAL = ("NO_AUTH", "商户无权限", 403)

    def __init__(self, seed=1):
        super().__init__(seed)
        self.serial_no, _pem = certificate("merchant", 0x3775B6A45ACD588826D15E583A95F5DD0123ABCD)
        self.serial, platform_pem = certificate("provider", 0x5157F09EFDC096DE15EBE81A47057A7232F1B8E1)
        self.key_id = "PUB_KEY_ID_0119000000012026113000291500000001"
        self.signs_by = "provider"
        self.fields = {
            "mchid": "1900000109",
            "appid": "wxd678efh567hg6787",
            "serial_no": self.serial_no,
            "platform_keys": f"{platform_pem}\n{self.key_id}\n{public_pem('provider, by key')}",
        }
        self.apiv3_key = secrets.token_hex(16)
        self.secrets = {
            "private_key": private_pem("merchant"),
            "apiv3_key": self.apiv3_key,
            "app_secret": secrets.token_hex(16),
        }
        self.nonces, self.documents, self.codes = set(), {}, {}

    def __enter__(self):
        super().__enter__()
        self.fields["oauth_base_url"] = self.base_url
        return self

    # Calls

    def kind_of(self, heard):
        path = heard.path
        if heard.method == "POST":
            if path.startswith("/v3/pay/transactions/") and path.endswith("/close"):
                return CLOSE
            if path.rpartition("/")[2] in BEGUN:
                return BEGIN
            return REFUND if path == REFUNDS else OTHER
        if path.startswith((BY_NUMBER, BY_REFERENCE)):
            return ASK
        if path.startswith(REFUNDS):
            return ASK_REFUND
        if path.startswith("/v3/bill/"):
            return BILL
        if path == LOGIN:
            return OPENID
        return DOCUMENT if path == "/v3/billdownload/file" else OTHER

    def answer(self, heard):
        if heard.kind == OPENID:
            return self._openid(heard)
        self._check_signature(heard)
        if heard.kind == DOCUMENT:
            return self._document(heard)
        if "application/json" not in heard.headers.get("accept", "") or "user-agent" not in heard.headers:
            raise Refusal("PARAM_ERROR", "Http头Accept或User-Agent错误", 406)
        if heard.method == "POST" and not heard.headers.get("content-type", "").startswith("application/json"):
            raise Refusal("PARAM_ERROR", "Http头Content-Type错误", 415)
        if heard.kind == OTHER:
            raise Refusal("RESOURCE_NOT_EXISTS", "路径不存在", 404)
        status, document = getattr(self, f"_do_{heard.kind}")(heard)
        return self._signed(heard, status, document)

    def _check_signature(self, heard):
        schema, _, rest = heard.headers.get("authorization", "").partition(" ")
        claims = re.findall(r'(\w+)="([^"]*)"', rest)
        told = dict(claims)
        if schema != SCHEMA or sorted(told) != sorted(CLAIMS) or len(claims) != len(CLAIMS):
            raise Refusal("SIGN_ERROR", "Http头Authorization值格式错误", 401)
        if told["mchid"] != self.fields["mchid"] or told["serial_no"] != self.serial_no:
            raise Refusal("SIGN_ERROR", "商户证书序列号有误", 401)
        if not told["timestamp"].isdigit() or abs(self.now().timestamp() - int(told["timestamp"])) > FRESH.seconds:
            raise Refusal("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟", 401)
        if told["nonce_str"] in self.nonces:
            self.violated("a nonce comes twice")
        self.nonces.add(told["nonce_str"])
        parts = (heard.method, heard.target, told["timestamp"], told["nonce_str"], heard.body.decode(), "")
        if not is_signed("merchant", told["signature"], "\n".join(parts).encode()):
            raise Refusal("SIGN_ERROR", "错误的签名,验签失败", 401)

    def refused(self, heard, refusal):
        document = {"code": refusal.code, "message": refusal.words}
        if refusal.status == 401:
            return Reply(401, json.dumps(document, ensure_ascii=False).encode())
        return self._signed(heard, refusal.status, document)

    def busy(self, heard):
        return self._signed(heard, 500, {"code": "SYSTEM_ERROR", "message": "系统异常，请稍后重试"})

    def _signed(self, heard, status, document):
        body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
        reply = Reply(status, body, headers={"Request-ID": secrets.token_hex(8)})
        if heard.fault != "unsigned":
            by = "stranger" if heard.fault == "signed_by_another" else self.signs_by
            reply.headers |= self._signature_headers(body, by)
        return reply

    def _signature_headers(self, body, by, *, at=None, nonce=None, serial=None):
        at, nonce = str(int((at or self.now()).timestamp())), nonce or secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": at,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial or (self.key_id if by == "provider, by key" else self.serial),
            "Wechatpay-Signature": signature(by, f"{at}\n{nonce}\n".encode() + body + b"\n"),
            "Wechatpay-Signature-Type": SCHEMA,
        }

    def _body(self, heard):
        try:
            said = json.loads(heard.body)
        except ValueError:
            raise Refusal("PARAM_ERROR", "请求体不是JSON") from None
        if not isinstance(said, dict):
            raise Refusal("PARAM_ERROR", "请求体不是JSON对象")
        return said

    def _do_begin(self, heard):
        said, way = self._body(heard), heard.path.rpartition("/")[2]
        if unknown := set(said) - OF_ALL - MAY_BE:
            self.violated(f"begin: {sorted(unknown)}")
        self._check_begun(said, way)
        amount = Decimal(said["amount"]["total"]) / 100
        trade = self.trades.get(said["out_trade_no"])
        if trade is None:
            trade = Trade(said["out_trade_no"], self.new_reference(), amount, said["notify_url"], way)
            trade.expires_at = datetime.fromisoformat(said["time_expire"]) if "time_expire" in said else None
            self.trades[trade.number] = trade
        elif trade.state == PAID:
            raise Refusal("ORDERPAID", "该订单已支付")
        elif trade.state == CLOSED:
            raise Refusal("ORDER_CLOSED", "该订单已关闭")
        elif (trade.amount, trade.way) != (amount, way):
            raise Refusal("OUT_TRADE_NO_USED", "商户订单号重复", 403)
        trade.prepaid = f"wx{self.now():%Y%m%d%H%M%S}{secrets.token_hex(9)}"
        return 200, {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={trade.prepaid[-9:]}"},
            "h5": {
                "h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={trade.prepaid}&package=1"
            },
            "jsapi": {"prepay_id": trade.prepaid},
        }[way]

    def _check_begun(self, said, way):
        def unless(is_so, name):
            if not is_so:
                raise Refusal("PARAM_ERROR", f"参数错误：{name}")

        for name in sorted(OF_ALL):
            unless(name in said, name)
        unless((said["appid"], said["mchid"]) == (self.fields["appid"], self.fields["mchid"]), "appid, mchid")
        unless(isinstance(said["out_trade_no"], str) and NUMBERS.fullmatch(said["out_trade_no"]), "out_trade_no")
        unless(isinstance(said["description"], str) and 0 < len(said["description"]) <= 127, "description")
        address = urlsplit(said["notify_url"])
        unless(address.scheme in ("http", "https") and address.netloc and not address.query, "notify_url")
        amount = said["amount"]
        unless(type(amount.get("total")) is int and amount["total"] > 0, "amount.total")
        unless(amount.get("currency", "CNY") == "CNY", "amount.currency")
        if "time_expire" in said:
            unless(INSTANTS.fullmatch(said["time_expire"]), "time_expire")
            unless(datetime.fromisoformat(said["time_expire"]) > self.now(), "time_expire")
        if way == "h5":
            scene = said.get("scene_info", {})
            unless(re.fullmatch(r"[0-9a-fA-F.:]{2,45}", scene.get("payer_client_ip", "")), "payer_client_ip")
            unless(scene.get("h5_info", {}).get("type") in ("iOS", "Android", "Wap"), "h5_info.type")
        if way == "jsapi":
            unless(isinstance(said.get("payer", {}).get("openid"), str) and said["payer"]["openid"], "payer.openid")

    def _do_ask(self, heard):
        self._check_merchant(heard)
        which = heard.path.rpartition("/")[2]
        by = "number" if heard.path.startswith(BY_NUMBER) else "reference"
        trade = next((trade for trade in self.trades.values() if getattr(trade, by) == which), None)
        if trade is None:
            raise Refusal("ORDER_NOT_EXIST", "订单不存在", 404)
        return 200, self._transaction(self.mixed_up or trade)

    def _check_merchant(self, heard):
        if parse_qs(urlsplit(heard.target).query).get("mchid") != [self.fields["mchid"]]:
            raise Refusal("PARAM_ERROR", "参数错误：mchid")

    def _transaction(self, trade, **told):
        state, words = STATES[trade.state]
        if trade.state == PAID and trade.refunded:
            state, words = "REFUND", "转入退款"
        state = told.get("state", state)
        amount = told.get("amount", trade.amount)
        currency = told.get("currency", "CNY")
        document = {
            "appid": told.get("appid", self.fields["appid"]),
            "mchid": told.get("mchid", self.fields["mchid"]),
            "out_trade_no": told.get("out_trade_no", trade.number),
            "trade_state": state,
            "trade_state_desc": words,
            "attach": "",
            "amount": {"total": int(amount * 100), "currency": currency},
        }
        if state in ("SUCCESS", "REFUND"):
            document |= {
                "transaction_id": told.get("reference", trade.reference),
                "trade_type": {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI"}.get(trade.way, "NATIVE"),
                "bank_type": "CMB_DEBIT",
                "success_time": f"{(trade.paid_at or self.now()).astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}+08:00",
                "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
                "promotion_detail": [],
            }
            document["amount"] |= {"payer_total": int(amount * 100), "payer_currency": currency}
        return document

    def _do_close(self, heard):
        if self._body(heard) != {"mchid": self.fields["mchid"]}:
            raise Refusal("PARAM_ERROR", "参数错误：mchid")
        trade = self.trades.get(heard.path.split("/")[-2])
        if trade is None:
            raise Refusal("ORDER_NOT_EXIST", "订单不存在", 404)
        if trade.state == PAID:
            raise Refusal("ORDERPAID", "该订单已支付")
        trade.state = CLOSED
        return 204, None

    def _do_refund(self, heard):
        said = self._body(heard)
        known = {"transaction_id", "out_trade_no", "out_refund_no", "reason", "notify_url", "amount", "funds_account"}
        if unknown := set(said) - known:
            self.violated(f"refund: {sorted(unknown)}")
        if ("transaction_id" in said) == ("out_trade_no" in said):
            raise Refusal("PARAM_ERROR", "transaction_id和out_trade_no二选一")
        trade = self._trade_of(said)
        amount = said["amount"]
        if not REFUND_NUMBERS.fullmatch(said["out_refund_no"]) or len(said.get("reason", "").encode()) > 80:
            raise Refusal("PARAM_ERROR", "参数错误：out_refund_no, reason")
        if {type(amount["refund"]), type(amount["total"])} != {int} or amount["currency"] != "CNY":
            raise Refusal("PARAM_ERROR", "参数错误：amount")
        if trade.state != PAID or amount["total"] != int(trade.amount * 100) or amount["refund"] <= 0:
            raise Refusal("INVALID_REQUEST", "订单金额或状态不一致")
        refund, is_new = self.begin_refund(trade, said["out_refund_no"], Decimal(amount["refund"]) / 100)
        if refund.amount != Decimal(amount["refund"]) / 100:
            raise Refusal("INVALID_REQUEST", "商户退款单号重复，参数不一致")
        if is_new and trade.refunded > trade.amount:
            trade.refunds.remove(refund)
            raise Refusal("INVALID_REQUEST", "退款金额大于可退金额")
        return 200, self._refund(trade, refund)

    def _trade_of(self, said):
        for trade in self.trades.values():
            if said.get("transaction_id") == trade.reference or said.get("out_trade_no") == trade.number:
                return trade
        raise Refusal("RESOURCE_NOT_EXISTS", "订单不存在", 404)

    def _refund(self, trade, refund):
        status = {PROCESSING: "PROCESSING", DONE: "SUCCESS"}.get(refund.state, "ABNORMAL")
        cents = int(refund.amount * 100)
        document = {
            "refund_id": refund.reference,
            "out_refund_no": refund.number,
            "transaction_id": trade.reference,
            "out_trade_no": trade.number,
            "channel": "ORIGINAL",
            "user_received_account": "招商银行借记卡0403",
            "create_time": f"{refund.at.astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}+08:00",
            "status": status,
            "funds_account": "AVAILABLE",
            "amount": {"total": int(trade.amount * 100), "refund": cents, "payer_refund": cents, "currency": "CNY"},
        }
        if status == "SUCCESS":
            document["success_time"] = document["create_time"]
        return document

    def _do_ask_refund(self, heard):
        which = heard.path.removeprefix(f"{REFUNDS}/")
        for trade in self.trades.values():
            for refund in trade.refunds:
                if refund.number == which:
                    return 200, self._refund(trade, self.mixed_up or refund)
        raise Refusal("RESOURCE_NOT_EXISTS", "退款单不存在", 404)

    def log_in(self):
        """Somebody lets WeChat say who they are: the code with which their browser comes back, good for once."""
        code = f"021{secrets.token_hex(14)}"
        self.codes[code] = f"o{secrets.token_hex(13)}A"
        return code

    def _openid(self, heard):
        """Of another host of WeChat's, which signs nothing and says errors in its own form, with 200."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(heard.target).query).items()}
        if (said.get("appid"), said.get("secret")) != (self.fields["appid"], self.secrets["app_secret"]):
            return Reply(200, json.dumps({"errcode": 40125, "errmsg": "invalid appsecret"}).encode(), "text/plain")
        openid = self.codes.pop(said.get("code"), None)
        if openid is None or said.get("grant_type") != "authorization_code":
            return Reply(200, json.dumps({"errcode": 40029, "errmsg": "invalid code"}).encode(), "text/plain")
        told = {"access_token": secrets.token_hex(20), "expires_in": 7200, "openid": openid, "scope": "snsapi_base"}
        return Reply(200, json.dumps(told).encode(), "text/plain")

    # Bills

    def _do_bill(self, heard):
        said = parse_qs(urlsplit(heard.target).query)
        day = date.fromisoformat(said["bill_date"][0])
        if day >= self.now().astimezone(BEIJING).date():
            raise Refusal("INVALID_REQUEST", "账单日期不合法")
        kind = heard.path.rpartition("/")[2]
        if kind == "tradebill" and said.get("bill_type", ["ALL"]) != ["ALL"]:
            self.violated(f"bill_type {said['bill_type']}")
        if kind == "fundflowbill" and said.get("account_type", ["BASIC"]) != ["BASIC"]:
            self.violated(f"account_type {said['account_type']}")
        if "tar_type" in said:
            self.violated("the bill is wanted packed")
        document = self.bill_document(kind, day)
        if not document:
            raise Refusal("NO_STATEMENT_EXIST", "账单文件不存在")
        token = secrets.token_urlsafe(20)
        self.documents[token] = document
        return 200, {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(document).hexdigest(),
            "download_url": f"{self.base_url}/v3/billdownload/file?token={token}",
        }

    def _document(self, heard):
        document = self.documents.get(parse_qs(urlsplit(heard.target).query).get("token", [""])[0])
        if document is None:
            raise Refusal("RESOURCE_NOT_EXISTS", "账单文件不存在", 404)
        return Reply(200, document, "text/plain")  # a bill is not signed, it is checked by its hash

    def bill_document(self, kind, day):
        """The bill of a civil day as it is downloaded; empty where there is none."""
        rows, sums = (self._trade_rows(day), TRADE_SUMS) if kind == "tradebill" else (self._fund_rows(day), FUND_SUMS)
        if not rows:
            return b""
        columns = TRADE_COLUMNS if kind == "tradebill" else FUND_COLUMNS
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_NONE, escapechar=None, quotechar=None)
        writer.writerow(columns.split(","))
        writer.writerows([[f"`{value}" for value in row] for row in rows])
        writer.writerow(sums.split(","))
        writer.writerow([f"`{len(rows)}", *["`0.00"] * sums.count(",")])
        return text.getvalue().encode("utf-8-sig")

    def _trade_rows(self, day):
        rows = []
        for kind, trade, refund, amount, fee, at in self.billed(day):
            is_refund = kind == "refund"
            rows.append([
                f"{at:%Y-%m-%d %H:%M:%S}", self.fields["appid"], self.fields["mchid"], "0", "", trade.reference,
                trade.number, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "NATIVE", "REFUND" if is_refund else "SUCCESS",
                "CMB_DEBIT", "CNY", "0.00" if is_refund else amount, "0.00", refund.reference if refund else "0",
                refund.number if refund else "0", amount if is_refund else "0.00", "0.00",
                "ORIGINAL" if is_refund else "", "SUCCESS" if is_refund else "", "续费", "",
                f"{-fee if is_refund else fee:.5f}", "0.60%", "0.00" if is_refund else amount,
                amount if is_refund else "0.00", "",
            ])  # fmt: skip
        return rows

    def _fund_rows(self, day):
        rows = []
        for kind, trade, refund, amount, fee, at in self.billed(day):
            is_refund, told = kind == "refund", f"{at:%Y-%m-%d %H:%M:%S}"
            number = refund.reference if refund else trade.reference
            name, way, back = ("退款", "支出", "收入") if is_refund else ("交易", "收入", "支出")
            fee_name = "退还交易手续费" if is_refund else "扣除交易手续费"
            rows.append([told, number, f"1{number}", name, name, way, amount, "1000.00", "system", "", number])
            rows.append([told, number, f"2{number}", fee_name, fee_name, back, fee, "1000.00", "system", "", number])
        for reference, amount, at in self.payouts:
            at = at.astimezone(BEIJING)
            if at.date() == day:
                told = f"{at:%Y-%m-%d %H:%M:%S}"
                rows.append(
                    [
                        told,
                        reference,
                        f"3{reference}",
                        "提现",
                        "提现",
                        "支出",
                        amount,
                        "0.00",
                        "system",
                        "提现",
                        reference,
                    ]
                )
        return rows

    # Notifications

    def is_taken(self, status, body):
        return status in (200, 204)

    def message(self, number, **told):
        trade = self.trades[number]
        told.setdefault("state", STATES[trade.state][0])
        return self.event(trade.notify_url, self._transaction(trade, **told), **told)

    def event(self, url, document, **told):
        """A notification of any document, which may be told in any wrong way: another `apiv3_key`, `by` another pair,
        of another `serial`, `at` another instant, again with the same `nonce` or `id`."""
        cipher, data = AESGCM(told.get("apiv3_key", self.apiv3_key).encode()), told.get("data", "transaction")
        nonce = secrets.token_hex(6)
        sealed = cipher.encrypt(nonce.encode(), json.dumps(document, ensure_ascii=False).encode(), data.encode())
        body = json.dumps(
            {
                "id": told.get("id") or f"EV-{secrets.token_hex(14)}",
                "create_time": f"{self.now().astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}+08:00",
                "resource_type": "encrypt-resource",
                "event_type": told.get("event_type", "TRANSACTION.SUCCESS"),
                "summary": "支付成功",
                "resource": {
                    "original_type": told.get("original_type", "transaction"),
                    "algorithm": told.get("algorithm", "AEAD_AES_256_GCM"),
                    "ciphertext": b64(sealed),
                    "associated_data": data,
                    "nonce": nonce,
                },
            },
            ensure_ascii=False,
        ).encode()
        return self.signed_message(url, body, **told)

    def signed_message(self, url, body, by=None, at=None, nonce=None, serial=None, **_told):
        headers = self._signature_headers(body, by or self.signs_by, at=at, nonce=nonce, serial=serial)
        return Message(url, body, headers, "application/json")

    def of_refund(self, trade, refund):
        """The notification that a refund has arrived."""
        told = self._refund(trade, refund)
        document = {name: told[name] for name in ("out_trade_no", "transaction_id", "out_refund_no", "refund_id")}
        document |= {"mchid": self.fields["mchid"], "refund_status": told["status"], "amount": told["amount"]}
        document["user_received_account"] = told["user_received_account"]
        return self.event(
            trade.notify_url, document, event_type="REFUND.SUCCESS", original_type="refund", data="refund"
        )

    def again(self, message):
        """The same notification, sent and signed anew, as repeats are."""
        return self.signed_message(message.url, message.body)
