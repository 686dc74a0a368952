"""Alipay: what is signed and sent letter by letter, what is made of each answer and notification, and its bills."""

import json
import zipfile
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.choices import BillLineKind, PaymentWay
from billing.payments.alipay import PROVIDER
from billing.payments.port import (
    Begun,
    BillRow,
    Facts,
    Forged,
    Garbled,
    Merchant,
    NotOfPayment,
    ProviderRefused,
    RefundFacts,
    RefundSaid,
    Reply,
    Said,
    Unreadable,
    WantedPayment,
    WantedRefund,
)
from cards.errors import BadInput, NothingHeard

pytestmark = pytest.mark.once

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 30, 9, 30, tzinfo=SHANGHAI)
KEY = UUID("8a3b9c52-6a1f-4b8e-9d7a-333333333333")
REFUND = UUID("8a3b9c52-6a1f-4b8e-9d7a-444444444444")
TRADE = "2026113022001400000000000001"
WANTED = WantedPayment(
    KEY,
    Decimal("30.00"),
    "Renewal",
    return_url="https://portal.example/pay/1/",
    expires_at=datetime(2026, 11, 30, 11, 30, tzinfo=SHANGHAI),
)
BACK = WantedRefund(REFUND, KEY, TRADE, Decimal("30.00"), Decimal("12.50"), "Not delivered")


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@cache
def keys(whose):
    return rsa.generate_private_key(65537, 2048)


def bare(key, encoding=Encoding.DER, private=PrivateFormat.PKCS8):
    """A key as Alipay's tools give it: base64 without an armour; or with one, in PEM."""
    if isinstance(key, rsa.RSAPrivateKey):
        written = key.private_bytes(encoding, private, NoEncryption())
    else:
        written = key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return (b64encode(written) if encoding == Encoding.DER else written).decode()


@pytest.fixture(scope="module")
def merchant():
    public = bare(keys("alipay").public_key())
    fields = {"app_id": "2021000000000001", "seller_id": "2088000000000001", "alipay_public_key": public}
    secrets = {"private_key": bare(keys("ours"))}
    notify_url = "https://portal.example/pay/alipay/notify/"
    return Merchant("alipay", "https://alipay.example", fields, secrets, notify_url)


def signature(content, whose="alipay"):
    return b64encode(keys(whose).sign(content.encode(), PKCS1v15(), SHA256())).decode()


def is_ours(parameters):
    content = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "sign")
    try:
        keys("ours").public_key().verify(b64decode(parameters["sign"]), content.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


class Gateway:
    """Alipay's gateway, which answers what a test has written down: `HttpCall` from the other side."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, method, path, *, base_url="", body=None, headers=None, longest=0):
        self.asked.append((method, base_url, path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, tuple) else (200, {}, answer)

    def now(self):
        return NOW

    @property
    def said(self):
        """Method, content and signature of the only request."""
        ((_method, _base_url, path, body),) = self.asked
        parameters = dict(parse_qsl(urlsplit(path).query)) | dict(parse_qsl(body.decode()))
        assert is_ours(parameters)
        return parameters["method"], json.loads(parameters["biz_content"])


def answered(method, whose="alipay", name="", **result):
    """A signed answer of the gateway to a method; by nobody, it is not signed."""
    piece = json.dumps({"code": "10000", "msg": "Success"} | result, ensure_ascii=False).replace("/", "\\/")
    signed = f',"sign":"{signature(piece, whose)}"' if whose else ""
    return f'{{"{name or method.replace(".", "_") + "_response"}":{piece}{signed}}}'.encode()


def refused(method, code="40004", whose="alipay", **result):
    return answered(method, whose, code=code, msg="Business Failed", **result)


def traded(status="TRADE_SUCCESS", **more):
    said = {"out_trade_no": KEY.hex, "trade_no": TRADE, "trade_status": status, "total_amount": "30.00"}
    return answered("alipay.trade.query", **{**said, **more})


def values(**more):
    """What Alipay notifies of a payment."""
    said = {
        "notify_id": "ac05099524730693a8b330c5ecf72da9786",
        "notify_type": "trade_status_sync",
        "notify_time": "2026-11-30 09:29:00",
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "out_trade_no": KEY.hex,
        "trade_no": TRADE,
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "30.00",
        "refund_fee": "0.00",
        "subject": "续费 & 加油包",
        "buyer_id": "2088999999999999",
        "buyer_logon_id": "pay***@example.com",
        "fund_bill_list": '[{"amount":"30.00","fundChannel":"ALIPAYACCOUNT"}]',
    }
    return {name: value for name, value in {**said, **more}.items() if value is not None}


def notified(said=None, whose="alipay", sign_type="RSA2"):
    said = values() if said is None else said
    content = "&".join(f"{name}={said[name]}" for name in sorted(said))
    return urlencode({**said, "sign": signature(content, whose), "sign_type": sign_type}).encode()


# accounts


def test_an_account_with_its_keys_makes_sense(merchant):
    assert PROVIDER.complaint(merchant) == ""


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_keys_come_bare_or_in_armour_and_in_either_form(merchant, encoding, form):
    fields = {**merchant.fields, "alipay_public_key": bare(keys("alipay").public_key(), encoding)}
    secrets = {"private_key": bare(keys("ours"), encoding, form)}
    assert PROVIDER.complaint(replace(merchant, fields=fields, secrets=secrets)) == ""


@pytest.mark.parametrize(
    ("fields", "secrets", "sentence"),
    [
        ({"app_id": "app"}, {}, "The application ID (app_id) is made of digits: copy it from Alipay's open platform."),
        ({"seller_id": ""}, {}, "The merchant's number (seller_id, PID) is made of digits and begins with 2088."),
        ({"alipay_public_key": "MIIB"}, {}, "Alipay's public key is no RSA key of 2048 bits or more."),
        ({}, {"private_key": "no key"}, "The private key of your application is no RSA key of 2048 bits or more."),
        ({}, {"private_key": ""}, "The private key of your application is no RSA key of 2048 bits or more."),
    ],
)
def test_what_makes_no_sense_about_an_account_is_said(merchant, fields, secrets, sentence):
    changed = replace(merchant, fields={**merchant.fields, **fields}, secrets={**merchant.secrets, **secrets})
    assert PROVIDER.complaint(changed) == sentence


def test_ones_own_public_key_is_not_taken_for_alipays(merchant):
    fields = {**merchant.fields, "alipay_public_key": bare(keys("ours").public_key())}
    assert PROVIDER.complaint(replace(merchant, fields=fields)) == (
        "This is your application's own public key; the one that Alipay shows beside it is needed."
    )


def test_a_short_key_is_none(merchant):
    short = bare(rsa.generate_private_key(65537, 1024))
    assert "2048" in PROVIDER.complaint(replace(merchant, secrets={"private_key": short}))


# a payment begins


@pytest.mark.parametrize(
    ("way", "method", "more"),
    [
        (PaymentWay.PAGE, "alipay.trade.page.pay", {"product_code": "FAST_INSTANT_TRADE_PAY"}),
        (
            PaymentWay.WAP,
            "alipay.trade.wap.pay",
            {"product_code": "QUICK_WAP_WAY", "quit_url": "https://portal.example/pay/1/"},
        ),
    ],
)
def test_a_payment_begins_at_a_signed_address_without_a_call(merchant, way, method, more):
    gateway = Gateway()
    begun = PROVIDER.begin(gateway, merchant, replace(WANTED, way=way))
    assert begun == Begun(address=begun.address)
    assert begun.address.startswith("https://alipay.example/gateway.do?")
    parameters = dict(parse_qsl(urlsplit(begun.address).query))
    assert is_ours(parameters)
    del parameters["sign"]
    assert json.loads(parameters.pop("biz_content")) == {
        "out_trade_no": KEY.hex,
        "total_amount": "30.00",
        "subject": "Renewal",
        "time_expire": "2026-11-30 11:30:00",
        **more,
    }
    assert parameters == {
        "app_id": "2021000000000001",
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": "2026-11-30 09:30:00",
        "version": "1.0",
        "notify_url": "https://portal.example/pay/alipay/notify/",
        "return_url": "https://portal.example/pay/1/",
    }
    assert gateway.asked == []


def test_what_is_empty_is_not_sent_and_a_subject_has_no_signs_that_alipay_refuses(merchant):
    wanted = WantedPayment(KEY, Decimal("0.01"), "续费 50%/月 a=b&c")
    begun = PROVIDER.begin(Gateway(), replace(merchant, notify_url=""), wanted)
    parameters = dict(parse_qsl(urlsplit(begun.address).query))
    assert is_ours(parameters)
    assert {"notify_url", "return_url"} & set(parameters) == set()
    assert json.loads(parameters["biz_content"]) == {
        "out_trade_no": KEY.hex,
        "total_amount": "0.01",
        "subject": "续费 50% 月 a b c",
        "product_code": "FAST_INSTANT_TRADE_PAY",
    }


# notifications


def read(merchant, body):
    return PROVIDER.read(merchant, body, {}, NOW)


def test_a_notification_is_believed_and_nothing_of_the_payer_kept(merchant):
    assert read(merchant, notified()) == Facts(
        "ac05099524730693a8b330c5ecf72da9786",
        KEY,
        Said.PAID,
        Decimal("30.00"),
        TRADE,
        {
            "notify_id": "ac05099524730693a8b330c5ecf72da9786",
            "notify_type": "trade_status_sync",
            "notify_time": "2026-11-30 09:29:00",
            "app_id": "2021000000000001",
            "seller_id": "2088000000000001",
            "trade_no": TRADE,
            "out_trade_no": KEY.hex,
            "trade_status": "TRADE_SUCCESS",
            "subject": "续费 & 加油包",
            "total_amount": "30.00",
        },
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("TRADE_SUCCESS", Said.PAID),
        ("TRADE_FINISHED", Said.PAID),
        ("TRADE_CLOSED", Said.CLOSED),
        ("WAIT_BUYER_PAY", Said.OPEN),
    ],
)
def test_what_a_state_of_a_trade_means(merchant, status, said):
    assert read(merchant, notified(values(trade_status=status))).said == said


def test_what_no_database_keeps_is_left_out(merchant):
    assert read(merchant, notified(values(subject="续\x00费"))).body["subject"] == "续费"
    answer = refused("alipay.trade.refund", code="40001", whose="", sub_msg="half a sign")
    with pytest.raises(ProviderRefused) as error:
        PROVIDER.refund(Gateway(answer.replace(b"half a", b"half \\ud83d a")), merchant, BACK)
    assert error.value.words == "half ? a sign"


def test_an_old_notification_is_as_good_as_a_new_one(merchant):
    assert read(merchant, notified(values(notify_time="2025-01-01 00:00:00"))).is_paid


@pytest.mark.parametrize("name", sorted(values()))
def test_a_value_that_was_changed_on_its_way_is_forged(merchant, name):
    changed = dict(parse_qsl(notified().decode())) | {name: values()[name] + "1"}
    with pytest.raises(Forged):
        read(merchant, urlencode(changed).encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda: notified(whose="stranger"), id="signed by another key"),
        pytest.param(lambda: notified(sign_type="RSA"), id="signed in the old way"),
        pytest.param(lambda: b"", id="nothing"),
        pytest.param(lambda: urlencode(values()).encode(), id="not signed"),
        pytest.param(lambda: urlencode({**values(), "sign": "§", "sign_type": "RSA2"}).encode(), id="no signature"),
        pytest.param(lambda: notified() + b"&more=1", id="something added"),
        pytest.param(lambda: notified(values(app_id="2021000000000002")), id="another application"),
        pytest.param(lambda: notified(values(app_id=None)), id="no application"),
        pytest.param(lambda: notified(values(seller_id="2088000000000002")), id="another merchant"),
        pytest.param(lambda: notified(values(seller_id=None)), id="no merchant"),
        pytest.param(lambda: notified(values(trans_currency="USD")), id="another currency"),
        pytest.param(lambda: notified(values(settle_currency="HKD")), id="settled in another currency"),
    ],
)
def test_what_is_not_of_alipay_or_not_for_us_is_forged(merchant, body):
    with pytest.raises(Forged):
        read(merchant, body())


def test_the_currency_may_be_said_if_it_is_ours(merchant):
    assert read(merchant, notified(values(trans_currency="CNY"))).is_paid


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda: b"{}", id="JSON"),
        pytest.param(lambda: notified() + b"&more=" + b"1" * 64 * 1024, id="too long"),
        pytest.param(lambda: notified() + b"&app_id=2021000000000001", id="twice the same name"),
        pytest.param(lambda: b"&".join(b"n%d=1" % number for number in range(65)), id="too many values"),
        pytest.param(lambda: b"subject=%ff&sign=1", id="not UTF-8"),
        pytest.param(lambda: notified(values(notify_id=None)), id="without a number"),
        pytest.param(lambda: notified(values(notify_id="1" * 129)), id="a number too long"),
        pytest.param(lambda: notified(values(notify_id="1\x00")), id="a number that no database keeps"),
        pytest.param(lambda: notified(values(out_trade_no="ORDER-1")), id="a payment of another shop"),
        pytest.param(lambda: notified(values(out_trade_no=str(KEY))), id="our number in another form"),
        pytest.param(lambda: notified(values(trade_no="1' OR")), id="no number of a trade"),
        pytest.param(lambda: notified(values(trade_status="TRADE_PENDING")), id="an unknown state"),
        pytest.param(lambda: notified(values(total_amount="3e1")), id="no amount"),
        pytest.param(lambda: notified(values(total_amount=None)), id="without an amount"),
    ],
)
def test_what_is_no_notification_of_a_payment_is_unreadable(merchant, body):
    with pytest.raises(Unreadable):
        read(merchant, body())


@pytest.mark.parametrize(
    "of_refund",
    [
        {"refund_fee": "12.50", "gmt_refund": "2026-11-30 09:29:00.123", "out_biz_no": REFUND.hex},
        {"refund_fee": "30.00", "gmt_refund": "2026-11-30 09:29:00.123", "trade_status": "TRADE_CLOSED"},
        {"refund_fee": "0.01"},
    ],
)
def test_a_notification_of_a_refund_is_none_of_a_payment(merchant, of_refund):
    with pytest.raises(NotOfPayment):
        read(merchant, notified(values(**of_refund)))
    with pytest.raises(Forged):
        read(merchant, notified(values(**of_refund), whose="stranger"))


def test_an_account_whose_key_cannot_be_read_believes_nothing(merchant):
    with pytest.raises(Forged):
        read(replace(merchant, fields={**merchant.fields, "alipay_public_key": "MIIB"}), notified())


NAMES = st.sampled_from([*values(), "sign", "sign_type"])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=99) | st.dictionaries(NAMES, st.sampled_from(["RSA2", "1"]) | st.text(max_size=9)))
def test_whatever_comes_is_refused(said):
    body = said if isinstance(said, bytes) else urlencode(said, errors="replace").encode()
    fields = {"app_id": "1", "seller_id": "1", "alipay_public_key": bare(keys("alipay").public_key())}
    with pytest.raises((Forged, Unreadable)):
        read(Merchant("alipay", "https://alipay.example", fields), body)


@pytest.mark.parametrize(
    ("problem", "reply"),
    [
        ("", Reply(200, "success")),
        ("forged", Reply(403, "fail")),
        ("unreadable", Reply(400, "fail")),
        ("failed", Reply(500, "fail")),
    ],
)
def test_alipay_hears_seven_letters_or_comes_again(problem, reply):
    assert PROVIDER.reply(problem) == reply


# asking


def test_a_payment_is_asked_for_by_our_number(merchant):
    gateway = Gateway(traded(buyer_logon_id="pay***@example.com"))
    assert PROVIDER.ask(gateway, merchant, WANTED) == Facts(
        f"ask:{TRADE}:TRADE_SUCCESS",
        KEY,
        Said.PAID,
        Decimal("30.00"),
        TRADE,
        {
            "trade_no": TRADE,
            "out_trade_no": KEY.hex,
            "trade_status": "TRADE_SUCCESS",
            "total_amount": "30.00",
            "code": "10000",
            "msg": "Success",
        },
    )
    assert gateway.said == ("alipay.trade.query", {"out_trade_no": KEY.hex})
    assert gateway.asked[0][:2] == ("POST", "")


def test_one_that_nobody_came_to_pay_is_open(merchant):
    gateway = Gateway(refused("alipay.trade.query", sub_code="ACQ.TRADE_NOT_EXIST", sub_msg="交易不存在"))
    assert PROVIDER.ask(gateway, merchant, WANTED) == Facts(
        f"ask:{KEY.hex}:ACQ.TRADE_NOT_EXIST",
        KEY,
        Said.OPEN,
        Decimal("30.00"),
        "",
        {"sub_code": "ACQ.TRADE_NOT_EXIST"},
    )


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: (502, {}, b"<html>"), id="a server in between"),
        pytest.param(lambda: b"", id="nothing"),
        pytest.param(lambda: b"<html>", id="a page"),
        pytest.param(lambda: b"[" * 100_000, id="deep"),
        pytest.param(lambda: b'{"sign":""}', id="no answer in it"),
        pytest.param(lambda: b'{"alipay_trade_query_response":[],"sign":""}', id="no object"),
        pytest.param(lambda: answered("alipay.trade.close"), id="of another method"),
        pytest.param(lambda: answered("alipay.trade.query", whose=""), id="not signed"),
        pytest.param(lambda: answered("alipay.trade.query", whose="stranger"), id="signed by another key"),
        pytest.param(lambda: traded().replace(b"30.00", b"31.00"), id="changed"),
        pytest.param(lambda: traded()[:-1] + b',"sign":"1"}', id="twice the same name"),
        pytest.param(lambda: traded() + b"{}", id="more behind it"),
        pytest.param(lambda: traded(out_trade_no=REFUND.hex), id="another payment"),
        pytest.param(lambda: traded(trans_currency="USD"), id="another currency"),
        pytest.param(lambda: traded(total_amount="many"), id="no amount"),
        pytest.param(lambda: traded("TRADE_PENDING"), id="an unknown state"),
        pytest.param(lambda: refused("alipay.trade.query", "20000", sub_code="isp.unknow-error"), id="not available"),
        pytest.param(lambda: refused("alipay.trade.query", sub_code="ACQ.SYSTEM_ERROR"), id="an error of its own"),
        pytest.param(
            lambda: refused("alipay.trade.query", whose="", sub_code="ACQ.TRADE_NOT_EXIST"), id="unsigned refusal"
        ),
    ],
)
def test_what_is_no_answer_of_alipay_says_nothing(merchant, answer):
    with pytest.raises(Garbled):
        PROVIDER.ask(Gateway(answer()), merchant, WANTED)


def test_a_call_that_nobody_answers_is_let_through(merchant):
    with pytest.raises(NothingHeard):
        PROVIDER.ask(Gateway(NothingHeard("TimeoutError")), merchant, WANTED)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: refused("alipay.trade.query", "40002", sub_code="isv.invalid-signature", sub_msg="无效签名"),
        lambda: refused("alipay.trade.query", "40002", "", sub_code="isv.invalid-signature", sub_msg="无效签名"),
        lambda: answered("", "", "error_response", code="40002", sub_code="isv.invalid-signature", sub_msg="无效签名"),
    ],
)
def test_the_gateway_may_refuse_at_the_door_unsigned(merchant, answer):
    with pytest.raises(ProviderRefused) as error:
        PROVIDER.ask(Gateway(answer()), merchant, WANTED)
    assert (error.value.code, error.value.words) == ("isv.invalid-signature", "无效签名")


def test_an_answer_may_have_its_signature_first_and_blanks(merchant):
    piece = '{"code":"10000","out_trade_no":"%s","trade_no":"%s", "trade_status" : "TRADE_CLOSED","total_amount":"1"}'
    piece %= KEY.hex, TRADE
    answer = f' {{ "sign" : "{signature(piece)}" , "alipay_trade_query_response" : {piece} }} '.encode()
    assert PROVIDER.ask(Gateway(answer), merchant, WANTED).said == Said.CLOSED


# closing and giving back


@pytest.mark.parametrize(
    "answer",
    [
        lambda: answered("alipay.trade.close", out_trade_no=KEY.hex),
        lambda: refused("alipay.trade.close", sub_code="ACQ.TRADE_NOT_EXIST"),
        lambda: refused("alipay.trade.close", sub_code="ACQ.TRADE_HAS_CLOSE"),
    ],
)
def test_a_payment_is_closed_also_one_that_alipay_does_not_know(merchant, answer):
    gateway = Gateway(answer())
    PROVIDER.close(gateway, merchant, WANTED)
    assert gateway.said == ("alipay.trade.close", {"out_trade_no": KEY.hex})


def test_one_that_was_paid_is_not_closed(merchant):
    with pytest.raises(ProviderRefused):
        PROVIDER.close(Gateway(refused("alipay.trade.close", sub_code="ACQ.TRADE_STATUS_ERROR")), merchant, WANTED)


def given_back(**more):
    said = {"trade_no": TRADE, "out_trade_no": KEY.hex, "fund_change": "Y", "refund_fee": "12.50"}
    return answered("alipay.trade.refund", **{**said, **more})


@pytest.mark.parametrize(("change", "said"), [("Y", RefundSaid.DONE), ("N", RefundSaid.UNDERWAY)])
def test_money_goes_back_by_our_number_of_the_refund(merchant, change, said):
    gateway = Gateway(given_back(fund_change=change))
    assert PROVIDER.refund(gateway, merchant, BACK) == RefundFacts(said, TRADE)
    assert gateway.said == (
        "alipay.trade.refund",
        {
            "trade_no": TRADE,
            "out_request_no": REFUND.hex,
            "refund_amount": "12.50",
            "refund_reason": "Not delivered",
        },
    )


def test_a_refund_of_a_payment_without_alipays_number_says_ours(merchant):
    gateway = Gateway(given_back())
    PROVIDER.refund(gateway, merchant, replace(BACK, reference=""))
    assert gateway.said[1]["out_trade_no"] == KEY.hex


def test_a_refund_of_another_payment_is_not_believed(merchant):
    with pytest.raises(Garbled):
        PROVIDER.refund(Gateway(given_back(trade_no="2026113022001400000000000002")), merchant, BACK)


def test_a_refund_that_alipay_refuses_has_its_words(merchant):
    answer = refused("alipay.trade.refund", sub_code="ACQ.SELLER_BALANCE_NOT_ENOUGH", sub_msg="卖家余额不足")
    with pytest.raises(ProviderRefused) as error:
        PROVIDER.refund(Gateway(answer), merchant, BACK)
    assert (error.value.code, error.value.words) == ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")


def refunded(**more):
    said = {"trade_no": TRADE, "out_request_no": REFUND.hex, "refund_amount": "12.50"}
    return answered("alipay.trade.fastpay.refund.query", **{**said, "refund_status": "REFUND_SUCCESS", **more})


def test_a_refund_is_asked_for(merchant):
    gateway = Gateway(refunded())
    assert PROVIDER.ask_refund(gateway, merchant, BACK) == RefundFacts(RefundSaid.DONE, TRADE)
    assert gateway.said == (
        "alipay.trade.fastpay.refund.query",
        {"trade_no": TRADE, "out_request_no": REFUND.hex},
    )


@pytest.mark.parametrize(
    "answer",
    [
        lambda: answered("alipay.trade.fastpay.refund.query"),
        lambda: refunded(refund_status="REFUND_PROCESSING"),
        lambda: refused("alipay.trade.fastpay.refund.query", sub_code="ACQ.TRADE_NOT_EXIST"),
    ],
)
def test_a_refund_of_which_alipay_says_nothing_can_be_sent_again(merchant, answer):
    assert PROVIDER.ask_refund(Gateway(answer()), merchant, BACK) == RefundFacts(RefundSaid.UNKNOWN)


@pytest.mark.parametrize(
    "change",
    [{"out_request_no": KEY.hex}, {"refund_amount": "12.49"}, {"refund_amount": None}, {"trade_no": "1"}],
)
def test_another_refund_is_not_taken_for_this_one(merchant, change):
    with pytest.raises(Garbled):
        PROVIDER.ask_refund(Gateway(refunded(**change)), merchant, BACK)


# bills

BILL_DAY = date(2026, 11, 29)
DOWNLOAD = "alipay.data.dataservice.bill.downloadurl.query"
TRADE_HEADS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
FUND_HEADS = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"
    "交易渠道,业务类型,备注"
)


def trade_line(kind="交易", amount="30.00", refund="", fee="-0.18", at="2026-11-29 10:00:30"):
    cells = [
        f"{TRADE}\t",
        f"{KEY.hex}\t",
        kind,
        "续费",
        "2026-11-29 10:00:00",
        at,
        *[""] * 4,
        "某*(pay***@example.com)",
    ]
    return ",".join([*cells, amount, amount, *["0.00"] * 5, "", "0.00", "0.00", refund, fee, "0.00", ""])


def fund_line(kind, into="", out="", order="", number="1001"):
    return ",".join([f"{number}\t", "2001\t", order, "", "2026-11-29 23:59:59", "", into, out, "100.00", "", kind, ""])


def table(heads, *lines):
    begin = ["#支付宝业务明细查询", "#起始日期：[2026年11月29日 00:00:00]", heads]
    return "\r\n".join([*begin, *lines, "#明细列表结束", ""]).encode("gb18030")


def packed(*parts):
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bill:
        for name, content in parts:
            bill.writestr(name, content)
    return file.getvalue()


def read_bill(document, kind="trade"):
    return list(PROVIDER.read_bill(kind, document))


@pytest.mark.parametrize(
    ("base_url", "address", "reached"),
    [
        ("https://alipay.example", "http://bills.example/get?file=1", "https://bills.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/get?file=1", "http://127.0.0.1:8000"),
    ],
)
def test_a_bill_is_fetched_where_alipay_says_with_tls_where_alipay_has_it(merchant, base_url, address, reached):
    gateway = Gateway(answered(DOWNLOAD, bill_download_url=address), b"PK...")
    assert PROVIDER.bill(gateway, replace(merchant, base_url=base_url), "trade", BILL_DAY) == b"PK..."
    assert gateway.asked.pop() == ("GET", reached, "/get?file=1", None)
    assert gateway.said == (DOWNLOAD, {"bill_type": "trade", "bill_date": "2026-11-29"})


def test_a_day_without_a_bill_is_an_empty_one(merchant):
    gateway = Gateway(refused(DOWNLOAD, sub_code="isp.bill_not_exist"))
    assert PROVIDER.bill(gateway, merchant, "trade", BILL_DAY) == b""
    assert read_bill(b"") == read_bill(table(TRADE_HEADS)) == []


@pytest.mark.parametrize(
    "answers",
    [
        [lambda: answered(DOWNLOAD)],
        [lambda: answered(DOWNLOAD, bill_download_url="file:///etc/passwd")],
        [lambda: answered(DOWNLOAD, bill_download_url="https://bills.example/"), lambda: (404, {}, b"gone")],
        [lambda: answered(DOWNLOAD, bill_download_url="https://bills.example/"), lambda: b""],
    ],
)
def test_a_bill_that_is_not_there_is_no_bill(merchant, answers):
    with pytest.raises(Garbled):
        PROVIDER.bill(Gateway(*[answer() for answer in answers]), merchant, "trade", BILL_DAY)


def test_the_bill_of_trades_has_payments_and_refunds_with_what_alipay_kept_and_gave_back():
    lines = table(
        TRADE_HEADS,
        trade_line(),
        trade_line("退款", "-12.50", f"{REFUND.hex}\t", "0.07", "2026-11-29 11:00:00"),
        trade_line("分账", "-1.00", fee="0.00"),
    )
    rows = [
        BillRow(
            BillLineKind.PAYMENT,
            TRADE,
            KEY.hex,
            Decimal("30.00"),
            Decimal("0.18"),
            datetime(2026, 11, 29, 10, 0, 30, tzinfo=SHANGHAI),
        ),
        BillRow(
            BillLineKind.REFUND,
            TRADE,
            REFUND.hex,
            Decimal("12.50"),
            Decimal("-0.07"),
            datetime(2026, 11, 29, 11, tzinfo=SHANGHAI),
        ),
        BillRow(
            BillLineKind.OTHER,
            TRADE,
            KEY.hex,
            Decimal("1.00"),
            Decimal("0.00"),
            datetime(2026, 11, 29, 10, 0, 30, tzinfo=SHANGHAI),
        ),
    ]
    sums = ("20880000_20261129_业务明细(汇总).csv", table("门店编号,合计", "1,2"))
    assert read_bill(packed(sums, ("20880000_20261129_业务明细.csv", lines))) == rows
    assert read_bill(lines) == rows
    assert read_bill(b"\xef\xbb\xbf" + lines.decode("gb18030").encode()) == rows


def test_the_bill_of_funds_has_payouts_and_fees_of_no_trade():
    lines = table(
        FUND_HEADS,
        fund_line("在线支付", "30.00", order=KEY.hex),
        fund_line("收费", out="-0.18", order=KEY.hex),
        fund_line("交易退款", out="-12.50", order=KEY.hex),
        fund_line("提现", out="-1000.00", number="1004"),
        fund_line("收费", out="-0.10", number="1005"),
        fund_line("退费", "0.10", number="1006"),
        fund_line("转账", "5.00", "0.00", number="1007"),
    )
    at = datetime(2026, 11, 29, 23, 59, 59, tzinfo=SHANGHAI)
    assert read_bill(packed(("账务明细.csv", lines)), "signcustomer") == [
        BillRow(BillLineKind.PAYOUT, "1004", "", Decimal("1000.00"), Decimal("0.00"), at),
        BillRow(BillLineKind.FEE, "1005", "", Decimal("0.10"), Decimal("0.10"), at),
        BillRow(BillLineKind.FEE, "1006", "", Decimal("0.10"), Decimal("-0.10"), at),
        BillRow(BillLineKind.OTHER, "1007", "", Decimal("5.00"), Decimal("0.00"), at),
    ]


NO_BILL = "This is no such bill of Alipay's: it has no column “支付宝交易号”."
DAMAGED = "The file is damaged, or no ZIP file of Alipay's."


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (lambda: b"hello\n", NO_BILL),
        (lambda: table(FUND_HEADS, fund_line("提现")), NO_BILL),
        (lambda: packed(), NO_BILL),
        (lambda: packed(("业务明细(汇总).csv", table(TRADE_HEADS, trade_line()))), NO_BILL),
        (lambda: b"PK\x03\x04 and no more", DAMAGED),
        (lambda: packed(("明细.csv", table(TRADE_HEADS)))[:-30], DAMAGED),
        (lambda: table(TRADE_HEADS, trade_line(), "1,2"), "Line 5 of the bill cannot be read."),
        (lambda: table(TRADE_HEADS, trade_line(amount="many")), "Line 4 of the bill cannot be read."),
        (lambda: table(TRADE_HEADS, trade_line(at="yesterday")), "Line 4 of the bill cannot be read."),
        (lambda: table(TRADE_HEADS, '"' + trade_line()), "Line 4 of the bill cannot be read."),
        (lambda: table(TRADE_HEADS, "x" * 16 * 1024), "Line 4 of the bill cannot be read."),
        (lambda: table(TRADE_HEADS) + b"\xff\xff\xff", "Line 5 of the bill cannot be read."),
        (lambda: table(TRADE_HEADS.replace("服务费", "费"), trade_line()), "Line 4 of the bill cannot be read."),
    ],
)
def test_what_is_no_bill_is_refused_with_its_line(document, sentence):
    with pytest.raises(BadInput) as error:
        read_bill(document())
    assert error.value.sentence == sentence


def test_a_bill_that_unpacks_to_far_too_much_is_not_unpacked():
    bomb = bytearray(packed(("明细.csv", b"#" * 1024)))
    place = bomb.rindex(b"PK\x01\x02") + 24  # what the directory says that the part is unpacked
    bomb[place : place + 4] = (300 * 1024**2).to_bytes(4, "little")
    with pytest.raises(BadInput) as error:
        read_bill(bytes(bomb))
    assert error.value.sentence == "The bill unpacks to more than 256 MB."
