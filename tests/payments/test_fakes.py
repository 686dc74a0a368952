"""The fakes are what the providers' documentation says, and strict: without that the contract would prove nothing."""

import http.client
import json
import secrets
import time
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

import pytest

from tests.payments.fakes import AlipayFake, WeChatFake
from tests.payments.fakes.base import BEIJING, Trade
from tests.payments.fakes.keys import is_signed, signature

pytestmark = pytest.mark.once
NUMBER = "1217752501201407033233368018"


@pytest.fixture
def wechat():
    with WeChatFake() as fake:
        yield fake


@pytest.fixture
def alipay():
    with AlipayFake() as fake:
        yield fake


def said(fake, method, target, body="", headers=None):
    """Status, headers and body of what is answered."""
    connection = http.client.HTTPConnection(urlsplit(fake.base_url).netloc, timeout=60)
    try:
        connection.request(method, target, body.encode(), headers or {})
        with connection.getresponse() as answer:
            return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def wechat_call(fake, method, target, body="", by="merchant", ago=0, **claims):
    """Status and document of a call as WeChat wants it, or with something else in its claims."""
    at, nonce = str(int(time.time()) - ago), secrets.token_hex(8)
    signed = signature(by, f"{method}\n{target}\n{at}\n{nonce}\n{body}\n".encode())
    claims = {
        "mchid": fake.fields["mchid"],
        "nonce_str": nonce,
        "signature": signed,
        "timestamp": at,
        "serial_no": fake.serial_no,
    } | claims
    told = ",".join(f'{name}="{value}"' for name, value in claims.items())
    headers = {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {told}", "Accept": "application/json", "User-Agent": "x"}
    headers |= {"Content-Type": "application/json"} if body else {}
    status, answered, content = said(fake, method, target, body, headers)
    if answered["Wechatpay-Serial"]:
        parts = (answered["Wechatpay-Timestamp"], answered["Wechatpay-Nonce"], content.decode(), "")
        assert is_signed("provider", answered["Wechatpay-Signature"], "\n".join(parts).encode())
    return status, json.loads(content) if content else None


def wanted(fake, **changes):
    return json.dumps(
        {
            "appid": fake.fields["appid"],
            "mchid": fake.fields["mchid"],
            "description": "续费",
            "out_trade_no": NUMBER,
            "notify_url": "https://sim.example.cn/pay/pay1/notify/",
            "amount": {"total": 3000, "currency": "CNY"},
        }
        | changes
    )


def test_wechat_believes_nobody_but_its_merchant(wechat):
    query = f"/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={wechat.fields['mchid']}"
    refused = [
        wechat_call(wechat, "GET", query, by="stranger"),
        wechat_call(wechat, "GET", query, ago=400),
        wechat_call(wechat, "GET", query, mchid="1900000000"),
        wechat_call(wechat, "GET", query, serial_no="00"),
        wechat_call(wechat, "GET", query, timestamp="now"),
    ]
    assert [(status, told["code"]) for status, told in refused] == [(401, "SIGN_ERROR")] * 5
    status, told = wechat_call(wechat, "GET", query)
    assert (status, told) == (404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})


def test_wechat_begins_what_makes_sense_once(wechat):
    def begin(way="native", **changes):
        status, told = wechat_call(wechat, "POST", f"/v3/pay/transactions/{way}", wanted(wechat, **changes))
        return status, told.get("code", "")

    wrong = [
        begin(appid="wx0"),
        begin(out_trade_no="x" * 33),
        begin(notify_url="https://sim.example.cn/?a=1"),
        begin(amount={"total": 30.5, "currency": "CNY"}),
        begin(amount={"total": 3000, "currency": "USD"}),
        begin(time_expire="2020-01-01T00:00:00+08:00"),
        begin("h5"),
        begin("jsapi"),
    ]
    assert (wrong, wechat.trades) == ([(400, "PARAM_ERROR")] * 8, {})
    assert [begin(), begin(), begin(amount={"total": 3001, "currency": "CNY"})] == [
        (200, ""),
        (200, ""),
        (403, "OUT_TRADE_NO_USED"),
    ]
    wechat.pay(NUMBER)
    assert (begin(), len(wechat.trades)) == ((400, "ORDERPAID"), 1)


def test_wechat_gives_no_more_back_than_was_paid(wechat):
    wechat_call(wechat, "POST", "/v3/pay/transactions/native", wanted(wechat))

    def give_back(number, cents):
        body = {"out_trade_no": NUMBER, "out_refund_no": number}
        body["amount"] = {"refund": cents, "total": 3000, "currency": "CNY"}
        status, told = wechat_call(wechat, "POST", "/v3/refund/domestic/refunds", json.dumps(body))
        return status, told.get("code") or told["status"]

    assert give_back("R1", 1000) == (400, "INVALID_REQUEST")
    wechat.pay(NUMBER)
    assert [give_back("R1", 1000), give_back("R1", 1000), give_back("R1", 999), give_back("R2", 2001)] == [
        (200, "SUCCESS"),
        (200, "SUCCESS"),
        (400, "INVALID_REQUEST"),
        (400, "INVALID_REQUEST"),
    ]
    assert give_back("R2", 2000) == (200, "SUCCESS")


def alipay_call(fake, method, content, by="merchant", ago=timedelta(0), **changes):
    """The inner document of an answer, whose signature is proved over its very text."""
    form = {
        "app_id": fake.fields["app_id"],
        "method": method,
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": f"{(fake.now() - ago).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        "version": "1.0",
        "biz_content": json.dumps(content),
    } | changes
    form["sign"] = signature(by, "&".join(f"{name}={value}" for name, value in sorted(form.items())).encode())
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
    status, _, body = said(fake, "POST", "/gateway.do", urlencode(form), headers)
    document = json.loads(body)
    (name,) = {*document} - {"sign"}
    if "sign" in document:
        inner = body.decode().partition(f'"{name}":')[2].rpartition("}")[0].partition(',"sign"')[0]
        assert is_signed("provider", document["sign"], inner.encode())
    return status, document[name].get("sub_code") or document[name]["code"]


def test_alipay_believes_nobody_but_its_merchant(alipay):
    ask = ("alipay.trade.query", {"out_trade_no": NUMBER})
    assert [
        alipay_call(alipay, *ask, by="stranger"),
        alipay_call(alipay, *ask, app_id="1"),
        alipay_call(alipay, *ask, ago=timedelta(hours=1)),
        alipay_call(alipay, *ask, sign_type="RSA"),
        alipay_call(alipay, *ask),
    ] == [
        (200, "isv.invalid-signature"),
        (200, "isv.invalid-app-id"),
        (200, "isv.invalid-timestamp"),
        (200, "isv.invalid-signature-type"),
        (200, "ACQ.TRADE_NOT_EXIST"),
    ]


def test_alipay_gives_no_more_back_than_was_paid(alipay):
    alipay.trades[NUMBER] = Trade(NUMBER, alipay.new_reference(), Decimal("30.00"))

    def give_back(number, amount):
        content = {"out_trade_no": NUMBER, "out_request_no": number, "refund_amount": amount}
        return alipay_call(alipay, "alipay.trade.refund", content)[1]

    assert give_back("R1", "10.00") == "ACQ.TRADE_STATUS_ERROR"
    alipay.pay(NUMBER)
    assert [give_back("R1", "10.00"), give_back("R1", "10.00"), give_back("R1", "9.99"), give_back("R2", "20.01")] == [
        "10000",
        "10000",
        "ACQ.DISCORDANT_REPEAT_REQUEST",
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    ]
    assert alipay_call(alipay, "alipay.trade.close", {"out_trade_no": NUMBER})[1] == "ACQ.TRADE_STATUS_ERROR"
