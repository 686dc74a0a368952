"""WeChat Pay v3: what is sent letter by letter, what is believed and what not, its bills. All keys are made here."""

import hashlib
import json
import uuid
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.choices import PaymentWay
from billing.payments import wechat
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
    Said,
    Unreadable,
    WantedPayment,
    WantedRefund,
)
from cards.errors import BadInput, NothingHeard

pytestmark = pytest.mark.once

PAY = wechat.PROVIDER
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=SHANGHAI)
KEY = uuid.UUID("8a3b9c52-6a1f-4b8e-9d7a-333333333333")
APIV3_KEY = "0123456789abcdef0123456789abcdef"
WANTED = WantedPayment(
    KEY,
    Decimal("30.00"),
    "Pack 1 GB",
    PaymentWay.QR,
    return_url="https://portal.example/pay/x/",
    payer_address="203.0.113.9",
    openid="oU_1",
    expires_at=datetime(2026, 11, 28, 6, 0, tzinfo=UTC),
)
REFUND_KEY = uuid.UUID("11111111-2222-4333-8444-555555555555")
REFUND = WantedRefund(REFUND_KEY, KEY, "420000", Decimal("30.00"), Decimal("12.50"), "not needed")


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"):
        yield


@cache
def rsa(_whose):
    return generate_private_key(65537, 2048)


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def certificate():
    """The platform's, with its serial as it stands in headers."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA")])
    built = x509.CertificateBuilder(name, name, rsa("platform").public_key(), 0x0157F09EFDC096DE15EBE81A47057A72)
    built = built.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    return built.sign(rsa("platform"), SHA256()).public_bytes(Encoding.PEM).decode()


SERIAL = "157F09EFDC096DE15EBE81A47057A72"


@cache
def merchant():
    fields = {"mchid": "1900000001", "appid": "wx8888", "serial_no": "5157F0", "platform_keys": certificate()}
    secrets = {"private_key": pem(rsa("ours")), "apiv3_key": APIV3_KEY}
    return Merchant("wechat", PAY.base_url, fields, secrets, "https://portal.example/pay/wechat/notify/")


def of_merchant(**changes):
    """The account with other fields or secrets."""
    own = merchant()
    fields = own.fields | {name: value for name, value in changes.items() if name in own.fields or "oauth" in name}
    return replace(own, fields=fields, secrets=own.secrets | {n: v for n, v in changes.items() if n not in fields})


def signed(body, at=NOW, key="platform", serial=SERIAL, nonce="abcdef0123456789"):
    """The headers by which WeChat Pay signs a body."""
    sent_at = str(int(at.timestamp()))
    text = f"{sent_at}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Timestamp": sent_at,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": b64encode(rsa(key).sign(text, PKCS1v15(), SHA256())).decode(),
    }


# what is sent, and what is heard


class Platform:
    """The other side of `HttpCall`: it checks our signature and says the next of its `answers`."""

    def __init__(self, *answers):
        self.answers, self.asked, self.headers = list(answers), [], []

    def __call__(self, method, path, *, base_url="", body=None, headers=None, longest=0):
        self.asked.append((method, base_url + path, json.loads(body) if body else None))
        self.headers.append(headers)
        if not base_url:
            self._check(method, path, body or b"", headers)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _check(self, method, path, body, headers):
        kind, _blank, said = headers["Authorization"].partition(" ")
        said = dict(piece.split("=", 1) for piece in said.replace('"', "").split(","))
        assert (kind, said["mchid"], said["serial_no"]) == ("WECHATPAY2-SHA256-RSA2048", "1900000001", "5157F0")
        assert (headers["Accept"], len(said["nonce_str"])) == ("application/json", 32)
        lines = [method, path, said["timestamp"], said["nonce_str"], body.decode()]
        text = "".join(f"{line}\n" for line in lines).encode()
        padded = said["signature"] + "=" * (-len(said["signature"]) % 4)
        rsa("ours").public_key().verify(b64decode(padded), text, PKCS1v15(), SHA256())

    def now(self):
        return NOW


def answer(document=None, status=200, **signing):
    body = json.dumps(document).encode() if document is not None else b""
    return status, {name.lower(): value for name, value in signed(body, **signing).items()}, body


def refused(code, status=400, message="不行"):
    return status, {}, json.dumps({"code": code, "message": message}).encode()


def begun(way, said, **changes):
    platform = Platform(answer(said))
    return PAY.begin(platform, of_merchant(app_secret="s"), replace(WANTED, way=way, **changes)), platform.asked[0]


ORDER = {
    "appid": "wx8888",
    "mchid": "1900000001",
    "description": "Pack 1 GB",
    "out_trade_no": KEY.hex,
    "notify_url": "https://portal.example/pay/wechat/notify/",
    "amount": {"total": 3000, "currency": "CNY"},
    "time_expire": "2026-11-28T14:00:00+08:00",
}


def test_a_qr_code_is_begun():
    how, asked = begun(PaymentWay.QR, {"code_url": "weixin://wxpay/bizpayurl?pr=x"})
    assert how == Begun(qr="weixin://wxpay/bizpayurl?pr=x")
    assert asked == ("POST", "/v3/pay/transactions/native", ORDER)


def test_a_page_on_a_phone_is_begun_and_leads_back():
    how, asked = begun(PaymentWay.WAP, {"h5_url": "https://wx.tenpay.com/check?prepay_id=1&package=2"})
    back = "https%3A%2F%2Fportal.example%2Fpay%2Fx%2F"
    assert how == Begun(f"https://wx.tenpay.com/check?prepay_id=1&package=2&redirect_url={back}")
    scene = {"payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"}}
    assert asked == ("POST", "/v3/pay/transactions/h5", ORDER | {"scene_info": scene})
    how, _asked = begun(PaymentWay.WAP, {"h5_url": "https://wx.tenpay.com/check?prepay_id=1"}, return_url="")
    assert how == Begun("https://wx.tenpay.com/check?prepay_id=1")


def test_within_wechat_its_browser_is_told_what_we_signed():
    how, asked = begun(PaymentWay.JSAPI, {"prepay_id": "wx2811"})
    assert asked == ("POST", "/v3/pay/transactions/jsapi", ORDER | {"payer": {"openid": "oU_1"}})
    told = dict(how.bridge)
    signature, nonce = b64decode(told.pop("paySign")), told.pop("nonceStr")
    at = str(int(NOW.timestamp()))
    assert told == {"appId": "wx8888", "timeStamp": at, "package": "prepay_id=wx2811", "signType": "RSA"}
    text = f"wx8888\n{at}\n{nonce}\nprepay_id=wx2811\n".encode()
    rsa("ours").public_key().verify(signature, text, PKCS1v15(), SHA256())


def test_without_the_applications_secret_nobody_pays_within_wechat():
    assert PAY.ways_of(merchant()) == (PaymentWay.QR, PaymentWay.WAP)
    assert PAY.ways_of(of_merchant(app_secret="s")) == (PaymentWay.QR, PaymentWay.WAP, PaymentWay.JSAPI)


def test_a_public_key_is_named_so_that_the_answer_is_signed_by_it():
    keys = f"{certificate()}\nPUB_KEY_ID_0001\n{public_pem(rsa('public'))}"
    platform = Platform(answer({"code_url": "weixin://x"}, key="public", serial="PUB_KEY_ID_0001"))
    assert PAY.begin(platform, of_merchant(platform_keys=keys), WANTED) == Begun(qr="weixin://x")
    assert platform.headers[0]["Wechatpay-Serial"] == "PUB_KEY_ID_0001"


SAID_OK = {"code_url": "weixin://x"}


@pytest.mark.parametrize(
    "heard",
    [
        (200, {}, json.dumps(SAID_OK).encode()),
        answer(SAID_OK, key="stranger"),
        answer(SAID_OK, serial="5157F1"),
        answer(SAID_OK, at=NOW - timedelta(minutes=6)),
        (*answer(SAID_OK)[:2], json.dumps({"code_url": "weixin://y"}).encode()),
        answer({"code_url": 7}),
        answer({"code_url": ""}),
        answer([]),
        answer({"code": "SYSTEM_ERROR"}, 500),
        refused("SYSTEM_ERROR", 400),
        refused("FREQUENCY_LIMITED", 429),
        (404, {}, b"<html>not here</html>"),
        (301, {}, b""),
        (400, {}, b"[" * 100_000),
    ],
)
def test_what_is_not_their_signed_answer_is_none(heard):
    with pytest.raises(Garbled):
        PAY.begin(Platform(heard), merchant(), WANTED)


def test_a_refusal_is_told_in_their_words():
    with pytest.raises(ProviderRefused) as told:
        PAY.begin(Platform(refused("NO_AUTH", 403, "商户无权限\x00\ud800")), merchant(), WANTED)
    assert (told.value.code, told.value.words) == ("NO_AUTH", "商户无权限?")
    with pytest.raises(NothingHeard):
        PAY.begin(Platform(NothingHeard("late")), merchant(), WANTED)


# notifications

TRANSACTION = {
    "mchid": "1900000001",
    "appid": "wx8888",
    "out_trade_no": KEY.hex,
    "transaction_id": "4200000925202101284997714292",
    "trade_type": "NATIVE",
    "trade_state": "SUCCESS",
    "bank_type": "CMC",
    "success_time": "2026-11-28T11:59:58+08:00",
    "payer": {"openid": "oU_secret"},
    "amount": {"total": 3000, "payer_total": 3000, "currency": "CNY", "payer_currency": "CNY"},
}
KEPT = {
    "trade_state": "SUCCESS",
    "trade_type": "NATIVE",
    "transaction_id": "4200000925202101284997714292",
    "out_trade_no": KEY.hex,
    "success_time": "2026-11-28T11:59:58+08:00",
    "amount": "30.00",
}


def notification(event="TRANSACTION.SUCCESS", cipher_key=APIV3_KEY, signing=None, /, resource=None, **changes):
    """The body and headers of a notification of this transaction, with something else in its content or around it."""
    content = {name: value for name, value in (TRANSACTION | changes).items() if value is not None}
    nonce = "0123456789ab"
    cipher = AESGCM(cipher_key.encode()).encrypt(nonce.encode(), json.dumps(content).encode(), b"transaction")
    sealed = {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": "transaction",
        "ciphertext": b64encode(cipher).decode(),
    }
    body = json.dumps({"id": "EV-1", "event_type": event, "resource": sealed | (resource or {})}).encode()
    return body, signed(body, **(signing or {}))


def read(body, headers, now=NOW, of=None):
    return PAY.read(of or merchant(), body, headers, now)


def test_a_paid_payment_is_believed_and_nothing_of_the_payer_kept():
    reference = TRANSACTION["transaction_id"]
    assert read(*notification()) == Facts("EV-1", KEY, Said.PAID, Decimal("30.00"), reference, KEPT)


def test_headers_are_read_in_letters_of_any_size_and_the_type_of_signature_may_be_missing():
    body, headers = notification()
    headers = {name.upper(): value for name, value in headers.items() if name != "Wechatpay-Signature-Type"}
    assert read(body, headers | {"WECHATPAY-SERIAL": f"0{SERIAL.lower()}"}).is_paid


@pytest.mark.parametrize("age", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_one_is_believed_for_five_minutes(age):
    body, headers = notification()
    assert read(body, headers, NOW + age).is_paid
    with pytest.raises(Forged):
        read(body, headers, NOW + age + timedelta(seconds=1 if age > timedelta(0) else -1))


@pytest.mark.parametrize("name", sorted(signed(b"")))
@pytest.mark.parametrize("value", ["", "x", "9" * 300, "é"])
def test_with_another_header_it_is_forged(name, value):
    body, headers = notification()
    if (name, value) != ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"):
        with pytest.raises(Forged):
            read(body, headers | {name: value})


@pytest.mark.parametrize(
    "told",
    [
        notification("TRANSACTION.SUCCESS", APIV3_KEY, {"key": "stranger"}),
        notification("TRANSACTION.SUCCESS", APIV3_KEY, {"serial": "5157F1"}),
        notification("TRANSACTION.SUCCESS", "f" * 32),
        notification(resource={"algorithm": "AEAD_SM4_GCM"}),
        notification(resource={"nonce": "ba9876543210"}),
        notification(resource={"nonce": ""}),
        notification(resource={"associated_data": "refund"}),
        notification(resource={"ciphertext": "AAAA"}),
        notification(resource={"ciphertext": "no base64!"}),
        notification(resource={"ciphertext": None}),
        notification(mchid="1900000002"),
        notification(appid="wx9999"),
        notification(appid=None),
        notification(out_trade_no="20260302-1"),
        notification(out_trade_no=KEY.hex.upper()),
        notification(out_trade_no=str(KEY)),
        notification(amount={"total": 3000, "currency": "USD"}),
    ],
    ids=range(17),
)
def test_what_is_not_for_us_or_not_theirs_is_forged(told):
    with pytest.raises(Forged):
        read(*told)


def test_a_probe_and_a_body_that_was_changed_are_forged():
    body, headers = notification()
    probe = headers | {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]}
    for changed in ((body, probe), (body + b" ", headers), (body.replace(b"EV-1", b"EV-2"), headers)):
        with pytest.raises(Forged):
            read(*changed)


def test_nobody_makes_us_read_more_than_64_kb():
    body, _headers = notification()
    long = body[:-1] + b', "summary": "' + b"x" * (64 * 1024 - len(body) - 16) + b'"}'
    assert len(long) == 64 * 1024 - 2 + 1
    assert read(long, signed(long)).is_paid
    longer = long.replace(b"xx", b"xxxx", 1)
    with pytest.raises(Forged):
        read(longer, signed(longer))


@pytest.mark.parametrize(
    "told",
    [
        notification(trade_state="SOMETHING"),
        notification(trade_state=None),
        notification(transaction_id=None),
        notification(transaction_id="x" * 65),
        notification(amount={"total": "3000", "currency": "CNY"}),
        notification(amount={"total": True, "currency": "CNY"}),
        notification(amount={"total": 0, "currency": "CNY"}),
        notification(amount={"total": -1, "currency": "CNY"}),
        notification(amount={"total": 10**30, "currency": "CNY"}),
        notification(amount=None),
        notification(amount=[]),
        *((body, signed(body)) for body in (b"", b"{}", b"[]", b"\xff", b'{"id": "EV-1"}', b"[" * 60_000)),
    ],
    ids=range(17),
)
def test_what_they_signed_and_is_no_payment_is_unreadable(told):
    with pytest.raises(Unreadable):
        read(*told)


@pytest.mark.parametrize(
    ("word", "said"), [("REFUND", "paid"), ("NOTPAY", "open"), ("USERPAYING", "open"), ("CLOSED", "closed")]
)
def test_what_is_not_paid_is_said_so(word, said):
    assert read(*notification(trade_state=word)).said == said


@pytest.mark.parametrize("event", ["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"])
def test_of_a_refund_it_is_taken_and_left(event):
    told = {"out_refund_no": REFUND_KEY.hex, "refund_status": "SUCCESS", "trade_state": None}
    with pytest.raises(NotOfPayment):
        read(*notification(event, **told))
    with pytest.raises(Forged):
        read(*notification(event, mchid="1900000002", **told))


def test_by_another_platform_key_it_is_forged_until_the_account_has_that_key():
    told = notification("TRANSACTION.SUCCESS", APIV3_KEY, {"key": "public", "serial": "PUB_KEY_ID_0001"})
    with pytest.raises(Forged):
        read(*told)
    both = of_merchant(platform_keys=f"{certificate()}\nPUB_KEY_ID_0001\n{public_pem(rsa('public'))}")
    assert read(*told, of=both).is_paid
    assert read(*notification(), of=both).is_paid


few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.text(max_size=9) | st.sampled_from([SERIAL, "1", "WECHATPAY2-SHA256-RSA2048", str(int(NOW.timestamp()))])


@few
@given(st.binary(max_size=40), st.fixed_dictionaries(dict.fromkeys(signed(b""), TEXTS)))
def test_no_stranger_makes_more_than_forged_of_it(body, headers):
    with pytest.raises(Forged):
        read(body, headers)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["\x00", "\ud800", 1e300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["total", "currency", "x"]), inner),
    max_leaves=6,
)


@few
@given(st.sampled_from([*TRANSACTION, "event", "id", "resource"]), ODD)
def test_with_anything_at_any_place_nothing_else_comes_of_it(name, value):
    body, headers = notification(**({name: value} if name in TRANSACTION else {}))
    if name not in TRANSACTION:
        body = json.dumps(json.loads(body) | {name: value}).encode()
        headers = signed(body)
    try:
        facts = read(body, headers)
    except (Forged, Unreadable):
        return
    assert (facts.key, facts.said, facts.reference) == (KEY, Said.PAID, TRANSACTION["transaction_id"])
    json.dumps(facts.body).encode()


@pytest.mark.parametrize(("problem", "status"), [("", 204), ("forged", 401), ("unreadable", 400), ("failed", 500)])
def test_what_they_want_to_hear(problem, status):
    reply = PAY.reply(problem)
    assert (reply.status, reply.body and json.loads(reply.body)["code"]) == (status, "FAIL" if problem else "")


# asking and closing


def asked(*answers, do=PAY.ask):
    platform = Platform(*answers)
    return do(platform, merchant(), WANTED), platform.asked


def test_what_became_of_a_payment_is_asked():
    facts, calls = asked(answer(TRANSACTION))
    reference = TRANSACTION["transaction_id"]
    assert facts == Facts(f"ask:{reference}:SUCCESS", KEY, Said.PAID, Decimal("30.00"), reference, KEPT)
    assert calls == [("GET", f"/v3/pay/transactions/out-trade-no/{KEY.hex}?mchid=1900000001", None)]


def test_one_that_is_not_paid_has_no_number_and_may_have_no_amount():
    told = {name: TRANSACTION[name] for name in ("mchid", "appid", "out_trade_no")} | {"trade_state": "NOTPAY"}
    facts, _calls = asked(answer(told))
    assert (facts.said, facts.nonce, facts.amount) == (Said.OPEN, f"ask:{KEY.hex}:NOTPAY", Decimal("30.00"))
    assert asked(answer(told | {"trade_state": "CLOSED"}))[0].said == Said.CLOSED


def test_one_that_they_do_not_know_is_open():
    facts, _calls = asked(refused("ORDER_NOT_EXIST", 404))
    assert (facts.said, facts.reference, facts.body) == (Said.OPEN, "", {"code": "ORDER_NOT_EXIST"})
    with pytest.raises(ProviderRefused):
        asked(refused("NO_AUTH", 403))


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1900000002"},
        {"appid": "wx9999"},
        {"out_trade_no": REFUND_KEY.hex},
        {"amount": {"total": 3000, "currency": "USD"}},
        {"trade_state": "SOMETHING"},
        {"transaction_id": ""},
    ],
)
def test_an_answer_about_another_payment_is_none(changes):
    with pytest.raises(Garbled):
        asked(answer(TRANSACTION | changes))


def test_a_payment_is_closed_once_and_a_paid_one_not():
    for heard in (answer(status=204), refused("ORDER_CLOSED"), refused("ORDER_NOT_EXIST", 404)):
        _none, calls = asked(heard, do=PAY.close)
        path = f"/v3/pay/transactions/out-trade-no/{KEY.hex}/close"
        assert calls == [("POST", path, {"mchid": "1900000001"})]
    for heard in (refused("ORDER_PAID"), answer({"code": "USERPAYING", "message": "用户支付中"}, 202)):
        with pytest.raises(ProviderRefused):
            asked(heard, do=PAY.close)


# refunds

REFUNDED = {
    "refund_id": "50300806962021",
    "out_refund_no": REFUND_KEY.hex,
    "transaction_id": "420000",
    "status": "SUCCESS",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 3000, "refund": 1250, "currency": "CNY"},
}


def refund(heard, do=PAY.refund, wanted=REFUND):
    platform = Platform(heard)
    return do(platform, merchant(), wanted), platform.asked[0]


def test_money_goes_back():
    facts, call = refund(answer(REFUNDED))
    amount = {"refund": 1250, "total": 3000, "currency": "CNY"}
    said = {"transaction_id": "420000", "out_refund_no": REFUND_KEY.hex, "amount": amount, "reason": "not needed"}
    assert facts == RefundFacts(RefundSaid.DONE, "50300806962021")
    assert call == ("POST", "/v3/refund/domestic/refunds", said)
    _facts, call = refund(answer(REFUNDED), wanted=replace(REFUND, reference="", reason=""))
    assert call[2] == {"out_trade_no": KEY.hex, "out_refund_no": REFUND_KEY.hex, "amount": amount}


@pytest.mark.parametrize("do", [PAY.refund, PAY.ask_refund])
@pytest.mark.parametrize(
    ("word", "said", "words"),
    [
        ("PROCESSING", RefundSaid.UNDERWAY, ""),
        ("CLOSED", RefundSaid.FAILED, "CLOSED"),
        ("ABNORMAL", RefundSaid.FAILED, "ABNORMAL"),
    ],
)
def test_what_became_of_a_refund(do, word, said, words):
    facts = RefundFacts(said, "50300806962021", words, is_closed=word == "CLOSED")
    assert refund(answer(REFUNDED | {"status": word}), do)[0] == facts


def test_a_refund_that_they_do_not_know_can_be_sent_again():
    facts, call = refund(refused("RESOURCE_NOT_EXISTS", 404), PAY.ask_refund)
    assert (facts, call) == (
        RefundFacts(RefundSaid.UNKNOWN),
        ("GET", f"/v3/refund/domestic/refunds/{REFUND_KEY.hex}", None),
    )
    with pytest.raises(ProviderRefused):
        refund(refused("RESOURCE_NOT_EXISTS", 404))


@pytest.mark.parametrize(
    "changes",
    [{"status": "DONE"}, {"out_refund_no": KEY.hex}, {"amount": {"refund": 1251}}, {"amount": None}],
)
def test_an_answer_about_another_refund_is_none(changes):
    with pytest.raises(Garbled):
        refund(answer(REFUNDED | changes))


# within WeChat's own browser


def test_who_pays_is_asked_by_way_of_their_browser():
    own = of_merchant(app_secret="secret", oauth_base_url="http://127.0.0.1:1", oauth_page_url="http://127.0.0.1:2")
    assert wechat.PROVIDER.openid_url(merchant(), "https://portal.example/pay/x/openid/", "s1") == (
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx8888"
        "&redirect_uri=https%3A%2F%2Fportal.example%2Fpay%2Fx%2Fopenid%2F"
        "&response_type=code&scope=snsapi_base&state=s1#wechat_redirect"
    )
    assert wechat.PROVIDER.openid_url(own, "x", "s1").startswith("http://127.0.0.1:2/connect/oauth2/authorize?")
    platform = Platform((200, {}, b'{"openid": "oU_1", "access_token": "t"}'))
    assert wechat.PROVIDER.openid_of(platform, own, "c/1") == "oU_1"
    path = "/sns/oauth2/access_token?appid=wx8888&secret=secret&code=c%2F1&grant_type=authorization_code"
    assert platform.asked == [("GET", f"http://127.0.0.1:1{path}", None)]


@pytest.mark.parametrize(
    ("heard", "error"),
    [
        ((200, {}, b'{"errcode": 40163, "errmsg": "code been used"}'), ProviderRefused),
        ((200, {}, b'{"openid": "<script>"}'), Garbled),
        ((502, {}, b"<html>"), Garbled),
    ],
)
def test_a_code_that_says_nobody(heard, error):
    with pytest.raises(error):
        wechat.PROVIDER.openid_of(Platform(heard), of_merchant(app_secret="secret"), "c")


# the account


def test_an_account_that_makes_sense_has_no_complaint():
    keys = f"PUB_KEY_ID_0001\n{public_pem(rsa('public'))}\n\n{certificate()}\n"
    assert PAY.complaint(merchant()) == PAY.complaint(of_merchant(platform_keys=keys)) == ""
    assert {each.name for each in PAY.fields if not each.is_optional} == {*merchant().fields, *merchant().secrets}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mchid": ""}, "merchant ID"),
        ({"serial_no": 'a",x="b'}, "serial number"),
        ({"private_key": "x"}, "private key"),
        ({"private_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "private key"),
        ({"apiv3_key": "0123"}, "32 characters"),
        ({"apiv3_key": "钥" * 32}, "32 characters"),
        ({"platform_keys": ""}, "neither a certificate nor a public key"),
        ({"platform_keys": public_pem(rsa("public"))}, "PUB_KEY_ID_"),
        ({"platform_keys": certificate() + public_pem(rsa("public"))}, "Something among"),
        ({"platform_keys": certificate().replace("MII", "MIJ")}, "neither a certificate nor a public key"),
    ],
    ids=range(10),
)
def test_what_makes_no_sense_is_said(changes, words):
    assert words in PAY.complaint(of_merchant(**changes))


def test_without_keys_that_can_be_read_nothing_is_believed_and_nothing_sent():
    with pytest.raises(Forged):
        read(*notification(), of=of_merchant(platform_keys="x"))
    with pytest.raises(BadInput):
        PAY.ask(Platform(), of_merchant(private_key="x"), WANTED)


# bills

DAY = date(2026, 11, 27)
TRADES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
SUMS += "`1,`0,`0,`0,`0,`0,`0\r\n"
FUNDS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,"
    "资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`1.0,`0,`0,`0,`0\r\n"


def trade(**changes):
    row = dict.fromkeys(TRADES.split(","), "")
    row |= {"交易时间": "2026-11-27 23:59:59", "微信订单号": "4200", "商户订单号": KEY.hex, "交易状态": "SUCCESS"}
    row |= {"微信退款单号": "0", "商户退款单号": "0", "手续费": "0.18000", "订单金额": "30.00", "申请退款金额": "0.00"}
    return row | {"商品名称": "加油包,1 GB", "用户标识": "oU_secret"} | changes


def fund(what, direction, amount, number="1900"):
    cells = ["2026-11-27 09:00:00", "5030", number, what, what, direction, amount, "9.99", "system", "a,b", "V1"]
    return dict(zip(FUNDS.split(","), cells, strict=True))


def bill_of(head, sums, *rows):
    lines = [head, *(",".join(f"`{cell}" for cell in row.values()) for row in rows)]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n" + sums).encode()


def trades(*rows):
    return list(PAY.read_bill("trade", bill_of(TRADES, SUMS, *rows)))


AT = datetime(2026, 11, 27, 23, 59, 59, tzinfo=SHANGHAI)
BACK = {"交易状态": "REFUND", "退款状态": "SUCCESS", "微信退款单号": "5030", "商户退款单号": REFUND_KEY.hex}
BACK |= {"手续费": "-0.07500", "订单金额": "0.00", "申请退款金额": "12.50", "退款金额": "12.00"}


def test_payments_and_refunds_are_read_with_their_fees():
    assert trades(trade(), trade(**BACK), trade(**BACK | {"退款状态": "PROCESSING"}), trade(手续费="0.00400")) == [
        BillRow("payment", "4200", KEY.hex, Decimal("30.00"), Decimal("0.18"), AT),
        BillRow("refund", "5030", REFUND_KEY.hex, Decimal("12.50"), Decimal("-0.08"), AT),
        BillRow("refund", "5030", REFUND_KEY.hex, Decimal("12.50"), Decimal("-0.08"), AT),
        BillRow("payment", "4200", KEY.hex, Decimal("30.00"), Decimal("0.00"), AT),
    ]


def test_what_is_neither_is_read_as_such():
    assert [row.kind for row in trades(trade(交易状态="REVOKED"), trade(**BACK | {"退款状态": "FAIL"}))] == [
        "other",
        "other",
    ]


def test_the_bill_of_funds_adds_what_the_other_has_not():
    rows = [
        fund("交易", "收入", "30.00"),
        fund("扣除交易手续费", "支出", "0.18"),
        fund("退款", "支出", "12.50"),
        fund("提现", "支出", "1000.00", "1901"),
        fund("提现手续费", "支出", "1.00", "1902"),
        fund("退回提现手续费", "收入", "1.00", "1903"),
        fund("提现", "收入", "1000.00", "1904"),
        fund("充值", "收入", "5.00", "1905"),
    ]
    at = datetime(2026, 11, 27, 9, tzinfo=SHANGHAI)
    expected = [
        BillRow("payout", "1901", "V1", Decimal("1000.00"), Decimal("0.00"), at),
        BillRow("fee", "1902", "V1", Decimal("1.00"), Decimal("1.00"), at),
        BillRow("fee", "1903", "V1", Decimal("1.00"), Decimal("-1.00"), at),
        BillRow("other", "1904", "V1", Decimal("1000.00"), Decimal("0.00"), at),
        BillRow("other", "1905", "V1", Decimal("5.00"), Decimal("0.00"), at),
    ]
    assert list(PAY.read_bill("fund", bill_of(FUNDS, FUND_SUMS, *rows))) == expected
    half_width = bill_of(FUNDS.replace("（元）", "(元)"), FUND_SUMS, *rows)
    assert list(PAY.read_bill("fund", half_width)) == expected


@pytest.mark.parametrize("kind", ["trade", "fund"])
def test_a_day_without_anything_has_no_lines(kind):
    heads = {"trade": (TRADES, SUMS), "fund": (FUNDS, FUND_SUMS)}
    assert list(PAY.read_bill(kind, b"")) == list(PAY.read_bill(kind, bill_of(*heads[kind]))) == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (bill_of(FUNDS, FUND_SUMS), "交易时间"),
        (b"hello", "交易时间"),
        (b"PK\x03\x04\xff\xff", "交易时间"),
        (TRADES.encode("gbk"), "交易时间"),
        (bill_of(TRADES, "", trade()), "not whole"),
        (bill_of(TRADES, SUMS, trade(), trade(手续费="?")), "Line 3"),
        (bill_of(TRADES, SUMS, trade(订单金额="1e9")), "Line 2"),
        (bill_of(TRADES, SUMS, trade(交易时间="2026-11-31 00:00:00")), "Line 2"),
        (bill_of(TRADES, SUMS, {"a": "2026-11-27 00:00:00"}), "Line 2"),
        (bill_of(TRADES.replace("手续费,", ""), SUMS, trade()), "Line 2"),
    ],
    ids=range(10),
)
def test_what_is_no_whole_bill_is_refused_with_its_line(document, words):
    with pytest.raises(BadInput, match=words):
        list(PAY.read_bill("trade", document))


@few
@given(st.binary(max_size=100) | st.text(max_size=60).map(lambda text: f"{TRADES}\n{text}".encode()))
def test_any_other_document_is_refused_as_well(document):
    if document:
        with pytest.raises(BadInput):
            list(PAY.read_bill("trade", document))


def announced(document, **changes):
    said = {"hash_type": "SHA1", "hash_value": hashlib.sha1(document).hexdigest()}
    return answer(said | {"download_url": "https://elsewhere.example/v3/billdownload/file?token=T&x=1"} | changes)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("trade", "/v3/bill/tradebill?bill_date=2026-11-27&bill_type=ALL"),
        ("fund", "/v3/bill/fundflowbill?bill_date=2026-11-27&account_type=BASIC"),
    ],
)
def test_a_bill_is_fetched_from_the_accounts_own_address(kind, path):
    platform = Platform(announced(b"bill"), (200, {}, b"bill"))
    assert PAY.bill(platform, merchant(), kind, DAY) == b"bill"
    assert platform.asked == [("GET", path, None), ("GET", "/v3/billdownload/file?token=T&x=1", None)]


def test_a_day_on_which_nothing_happened_has_an_empty_bill():
    assert PAY.bill(Platform(refused("NO_STATEMENT_EXIST")), merchant(), "trade", DAY) == b""
    with pytest.raises(ProviderRefused):
        PAY.bill(Platform(refused("STATEMENT_CREATING")), merchant(), "trade", DAY)


@pytest.mark.parametrize(
    ("heard", "document"),
    [
        (announced(b"bill"), (200, {}, b"another")),
        (announced(b"bill", hash_type="MD5"), (200, {}, b"bill")),
        (announced(b"bill", hash_value=None), (200, {}, b"bill")),
        (announced(b"bill", download_url=None), (200, {}, b"bill")),
        (announced(b"bill"), (502, {}, b"bill")),
    ],
    ids=range(5),
)
def test_a_bill_that_is_not_the_announced_one_is_none(heard, document):
    with pytest.raises(Garbled):
        PAY.bill(Platform(heard, document), merchant(), "trade", DAY)


def test_the_platform_of_these_tests_is_strict():
    platform = Platform(answer({"code_url": "weixin://x"}))
    with pytest.raises(InvalidSignature):
        PAY.begin(platform, of_merchant(private_key=pem(rsa("stranger"))), WANTED)
