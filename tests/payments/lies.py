"""Notifications that are not to be believed, by provider: each has a name, and is made of a true one.

`STRANGERS` are what anybody can send who has no key of the provider's; `SIGNED` are signed as the provider signs, and
say something that is not for this account, or is none of its payments.
"""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

LONG = 70_000
WECHAT_HEADERS = ("Timestamp", "Nonce", "Serial", "Signature")


def _of_wechat(change):
    """A true notification, changed on its way."""
    return lambda fake, key: change(fake.message(key.hex))


def _headers(**changed):
    names = {f"Wechatpay-{name.replace('_', '-')}": value for name, value in changed.items()}

    def change(message):
        headers = message.headers | names
        return replace(message, headers={name: value for name, value in headers.items() if value is not None})

    return _of_wechat(change)


def _said(message, **changed):
    document = json.loads(message.body)
    resource = {name: changed.pop(name) for name in list(changed) if name in document["resource"]}
    return replace(
        message, body=json.dumps(document | changed | {"resource": document["resource"] | resource}).encode()
    )


def _one_letter_else(text):
    return ("B" if text[0] == "A" else "A") + text[1:]


def _ciphertext(message):
    return _said(message, ciphertext=_one_letter_else(json.loads(message.body)["resource"]["ciphertext"]))


def _later(seconds):
    return lambda message: replace(
        message,
        headers=message.headers | {"Wechatpay-Timestamp": str(int(message.headers["Wechatpay-Timestamp"]) + seconds)},
    )


def _doubled(name):
    """A header that comes twice is one with a comma for whoever reads it."""
    full = f"Wechatpay-{name}"

    def change(message):
        value = message.headers[full]
        return replace(message, headers=message.headers | {full: f"{value},{value}"})

    return _of_wechat(change)


def _told(**told):
    """Signed by WeChat, and says something else."""
    return lambda fake, key: fake.message(key.hex, **told)


def _event(**changed):
    """Signed by WeChat, of a transaction with something else in it."""

    def make(fake, key):
        trade = fake.trade(key)
        document = fake._transaction(trade, state="SUCCESS")
        for name, value in changed.items():
            if value is None:
                del document[name]
            else:
                document[name] = value
        return fake.event(trade.notify_url, document)

    return make


def _body(body, **how):
    return lambda fake, key: fake.signed_message(fake.trade(key).notify_url, body, **how)


def _another_serial(fake, key):
    return fake.message(key.hex, serial=fake.key_id)


def _serial_of_the_merchant(fake, key):
    return fake.message(key.hex, serial=fake.serial_no, by="merchant")


def _long(fake, key):
    message = fake.message(key.hex)
    document = json.loads(message.body) | {"summary": "长" * LONG}
    return fake.signed_message(message.url, json.dumps(document).encode())


WECHAT_STRANGERS = {
    "ciphertext changed": _of_wechat(_ciphertext),
    "associated data changed": _of_wechat(lambda message: _said(message, associated_data="refund")),
    "id changed": _of_wechat(lambda message: _said(message, id="EV-other")),
    "event changed": _of_wechat(lambda message: _said(message, event_type="TRANSACTION.FAIL")),
    "a space more": _of_wechat(lambda message: replace(message, body=message.body + b" ")),
    "a second later": _of_wechat(_later(1)),
    "another nonce": _headers(Nonce="0" * 32),
    "no signature": _headers(Signature=""),
    "a signature that is none": _headers(Signature="x"),
    "a signature probe": _headers(Signature="WECHATPAY/SIGNTEST/" + b64encode(bytes(256)).decode()),
    "signed by somebody else": _told(by="stranger"),
    "signed by the merchant": _told(by="merchant"),
    "serial of the merchant": _serial_of_the_merchant,
    "serial of the other key": _another_serial,
    "unknown serial": _told(serial="7132D72A03E93CDDF8C03BBD1F37EEDF4ACC1A73"),
    "unknown serial, signed by somebody else": _told(by="stranger", serial="AB"),
    "unknown public key": _told(serial="PUB_KEY_ID_0000000000000000000000000000000001"),
    "serial with a path": _headers(Serial="../../v3/certificates"),
    "another signature type": _headers(Signature_Type="WECHATPAY2-SM2-WITH-SM3"),
    "long": _body(b"{" + b" " * LONG + b"}", by="stranger"),
    "long, signed": _long,
    "no body": lambda fake, key: replace(fake.message(key.hex), body=b""),
    **{f"no {name}": _headers(**{name: None}) for name in WECHAT_HEADERS},
    **{f"{name} twice": _doubled(name) for name in WECHAT_HEADERS},
    "no headers": lambda fake, key: replace(fake.message(key.hex), headers={}),
    "timestamp of words": _headers(Timestamp="now"),
    "timestamp of the far future": _headers(Timestamp="9" * 400),
    "timestamp before the beginning": _headers(Timestamp="-1"),
    "timestamp in other digits": _headers(Timestamp="１７０００００００"),
}
WECHAT_SIGNED = {
    "six minutes old": lambda fake, key: fake.message(key.hex, at=fake.now() - timedelta(minutes=6)),
    "of six minutes ahead": lambda fake, key: fake.message(key.hex, at=fake.now() + timedelta(minutes=6)),
    "a day old": lambda fake, key: fake.message(key.hex, at=fake.now() - timedelta(days=1)),
    "under another key": _told(apiv3_key="0" * 32),
    "another algorithm": _told(algorithm="AEAD_SM4_GCM"),
    "another merchant": _told(mchid="1900000110"),
    "another app": _told(appid="wx0000000000000000"),
    "another currency": _told(currency="USD"),
    "no merchant": _event(mchid=None),
    "no number": _event(out_trade_no=None),
    "a number that is none of ours": _told(out_trade_no="20261130-1"),
    "no reference": _event(transaction_id=None),
    "a reference of no text": _event(transaction_id=7),
    "a long reference": _told(reference="4" * 65),
    "no amount": _event(amount=None),
    "an amount of words": _event(amount={"total": "3000", "currency": "CNY"}),
    "half a cent": _event(amount={"total": 3000.5, "currency": "CNY"}),
    "yes for an amount": _event(amount={"total": True, "currency": "CNY"}),
    "less than nothing": _event(amount={"total": -3000, "currency": "CNY"}),
    "nothing": _event(amount={"total": 0, "currency": "CNY"}),
    "too much for the books": _event(amount={"total": 10**15, "currency": "CNY"}),
    "no state": _event(trade_state=None),
    "an unknown state": _told(state="ACCEPTED"),
    "a transaction that is a list": lambda fake, key: fake.event(fake.trade(key).notify_url, []),
    "no transaction": lambda fake, key: fake.event(fake.trade(key).notify_url, {}),
    "no document": _body(b"hello"),
    "bytes": _body(b"\x00\xff\xfe"),
    "a list": _body(b"[]"),
    "nothing in it": _body(b"{}"),
    "deep": _body(b"[" * 30_000),
    "a resource of no text": _body(b'{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":[1]}'),
}


def _form(message):
    return dict(parse_qsl(message.body.decode(), keep_blank_values=True))


def _changed(**changed):
    """A true form with something else in it; the signature stays."""

    def make(fake, key):
        message = fake.message(key.hex)
        form = {name: value for name, value in (_form(message) | changed).items() if value is not None}
        return replace(message, body=urlencode(form).encode())

    return make


def _pairs(*more):
    def make(fake, key):
        message = fake.message(key.hex)
        return replace(message, body=message.body + b"&" + urlencode(more).encode())

    return make


def _of_alipay(**told):
    return lambda fake, key: fake.message(key.hex, **told)


ALIPAY_FIELDS = {
    "app_id": "2021000122670000",
    "seller_id": "2088000000000000",
    "out_trade_no": "0" * 32,
    "total_amount": "0.01",
    "trade_status": "TRADE_FINISHED",
    "trade_no": "2026113022001400000000000000",
    "notify_id": "0" * 32,
    "subject": "something else",
    "buyer_id": "2088000000000001",
    "gmt_payment": "2026-01-01 00:00:00",
}
ALIPAY_STRANGERS = {
    **{f"{name} changed": _changed(**{name: value}) for name, value in ALIPAY_FIELDS.items()},
    **{f"no {name}": _changed(**{name: None}) for name in ALIPAY_FIELDS},
    "no signature": _changed(sign=None),
    "an empty signature": _changed(sign=""),
    "a signature that is none": _changed(sign="x"),
    "a field more": _pairs(("refund_fee", "30.00")),
    "signed by somebody else": _of_alipay(by="stranger"),
    "signed by the merchant": _of_alipay(by="merchant"),
    "another signature type": _changed(sign_type="RSA"),
    "signature twice": _pairs(("sign", "x")),
    "number twice": _pairs(("out_trade_no", "0" * 32)),
    "amount twice": _pairs(("total_amount", "30.00")),
    "long": _pairs(("body", "x" * LONG)),
    "no body": lambda fake, key: replace(fake.message(key.hex), body=b""),
    "bytes": lambda fake, key: replace(fake.message(key.hex), body=b"\x00\xff&=%ff%zz=&=%00"),
    "a document": lambda fake, key: replace(
        fake.message(key.hex), body=b'{"app_id":1}', content_type="application/json"
    ),
    "many fields": lambda fake, key: replace(fake.message(key.hex), body=b"&".join(b"a%d=1" % n for n in range(5000))),
}
ALIPAY_SIGNED = {
    "another app": _of_alipay(app_id="2021000122670000"),
    "another merchant": _of_alipay(seller_id="2088000000000000"),
    "another currency": _of_alipay(trans_currency="USD", settle_currency="USD"),
    "no app": _of_alipay(app_id=None),
    "no merchant": _of_alipay(seller_id=None),
    "no number": _of_alipay(out_trade_no=None),
    "a number that is none of ours": _of_alipay(out_trade_no="20261130-1"),
    "no reference": _of_alipay(trade_no=None),
    "a long reference": _of_alipay(trade_no="2" * 65),
    "no name of its own": _of_alipay(notify_id=None),
    "a long name of its own": _of_alipay(notify_id="0" * 129),
    "no amount": _of_alipay(total_amount=None),
    "an amount of words": _of_alipay(total_amount="thirty"),
    "half a cent": _of_alipay(total_amount="30.005"),
    "a power of ten": _of_alipay(total_amount="3e1"),
    "no number at all": _of_alipay(total_amount="NaN"),
    "less than nothing": _of_alipay(total_amount="-30.00"),
    "nothing": _of_alipay(total_amount="0.00"),
    "too much for the books": _of_alipay(total_amount="9" * 30),
    "other digits": _of_alipay(total_amount="３０.００"),
    "no state": _of_alipay(trade_status=None),
    "an unknown state": _of_alipay(trade_status="TRADE_PENDING"),
    "long, signed": _of_alipay(body="x" * LONG),
}

STRANGERS = {"wechat": WECHAT_STRANGERS, "alipay": ALIPAY_STRANGERS}
SIGNED = {"wechat": WECHAT_SIGNED, "alipay": ALIPAY_SIGNED}
UNPAID = {
    "wechat": {
        "NOTPAY": "started",
        "USERPAYING": "started",
        "PAYERROR": "started",
        "REVOKED": "closed",
        "CLOSED": "closed",
    },
    "alipay": {"WAIT_BUYER_PAY": "started", "TRADE_CLOSED": "closed"},
}
SUCCESS = {"wechat": ("SUCCESS",), "alipay": ("TRADE_SUCCESS", "TRADE_FINISHED")}
CLOSED_STATE = {"wechat": "CLOSED", "alipay": "TRADE_CLOSED"}
ODD_AMOUNTS = (Decimal("0.01"), Decimal("29.99"), Decimal("30.01"), Decimal("3000.00"))
