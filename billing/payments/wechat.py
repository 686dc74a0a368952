"""WeChat Pay, API v3: what we sign with our key, they answer and tell signed with one of theirs.

Their keys stand in the account: nobody can have the portal fetch one. Amounts are whole fen, in bills yuan. A bill's
document is not signed; its digest stands in an answer that is.
"""

import hashlib
import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.choices import BillLineKind, PaymentWay
from billing.money import LARGEST, ZERO, rounded
from billing.payments.port import (
    AccountField,
    Begun,
    BillRow,
    Facts,
    Forged,
    Garbled,
    HttpCall,
    Merchant,
    NotOfPayment,
    Provider,
    ProviderRefused,
    RefundFacts,
    RefundSaid,
    Reply,
    Said,
    Unreadable,
    WantedPayment,
    WantedRefund,
)
from billing.payments.wire import LONGEST_BILL
from cards.errors import BadInput
from cards.files.days import instant_of

SIGNED_BY = "WECHATPAY2-SHA256-RSA2048"
FRESH = timedelta(minutes=5)  # each sending is signed anew, a repeat as well
LONGEST_NOTIFICATION = 64 * 1024
CURRENCY = "CNY"

OAUTH_URL, OAUTH_PAGE_URL = "https://api.weixin.qq.com", "https://open.weixin.qq.com"
_SELDOM_TOLD = gettext_lazy("Only where a proxy stands between; usually empty.")

CERTIFICATE = r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----"
PUBLIC_KEY = r"(?P<id>PUB_KEY_ID_[0-9A-Za-z_]+)\s+(?P<key>-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----)"
PLATFORM_KEYS = re.compile(rf"{PUBLIC_KEY}|(?P<certificate>{CERTIFICATE})", re.ASCII)

INSTANTS_SIGNED = re.compile(r"[0-9]{1,11}", re.ASCII)
NONCES_SIGNED = re.compile(r"[!-~]{1,128}", re.ASCII)
WORDS = re.compile(r"[\w.:+|*-]{1,64}", re.ASCII)  # numbers, codes and instants, as WeChat Pay writes them
OUR_NUMBERS = re.compile(r"[0-9a-f]{32}", re.ASCII)
OPENIDS = re.compile(r"[\w-]{1,128}", re.ASCII)

TRADE_SAID = {
    "SUCCESS": Said.PAID,
    "REFUND": Said.PAID,  # it was paid; what went back since is another matter
    "NOTPAY": Said.OPEN,
    "USERPAYING": Said.OPEN,
    "PAYERROR": Said.OPEN,  # the payer may try again
    "CLOSED": Said.CLOSED,
    "REVOKED": Said.CLOSED,
}
REFUND_SAID = {
    "SUCCESS": RefundSaid.DONE,
    "PROCESSING": RefundSaid.UNDERWAY,
    "CLOSED": RefundSaid.FAILED,
    "ABNORMAL": RefundSaid.FAILED,  # the payer's bank does not take it
}
KEPT_OF_PAYMENT = (
    "trade_state",
    "trade_type",
    "transaction_id",
    "out_trade_no",
    "success_time",
)  # of a payment: nothing of a payer

NO_SUCH_ORDER = ("ORDER_NOT_EXIST", "ORDERNOTEXIST")
CLOSED_ALREADY = ("ORDER_CLOSED", "ORDERCLOSED")
NO_SUCH_REFUND = ("RESOURCE_NOT_EXISTS",)
EMPTY_DAY = ("NO_STATEMENT_EXIST",)
WORTH_A_REPEAT = ("SYSTEM_ERROR", "SYSTEMERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED")

WECHAT_REPLIES = {
    "": Reply(204),
    "forged": Reply(401, '{"code":"FAIL","message":"not signed for this account"}', "application/json"),
    "unreadable": Reply(400, '{"code":"FAIL","message":"not understood"}', "application/json"),
    "failed": Reply(500, '{"code":"FAIL","message":"try again"}', "application/json"),
}

TRADE, FUND = "trade", "fund"
BILL_ADDRESSES = {
    TRADE: ("/v3/bill/tradebill", {"bill_type": "ALL"}),
    FUND: ("/v3/bill/fundflowbill", {"account_type": "BASIC"}),
}
BILL_STARTS = {TRADE: "交易时间", FUND: "记账时间"}
SUMS_START = {TRADE: "总交易单数", FUND: "资金流水总笔数"}
FIGURES = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,8})?", re.ASCII)
INCOME, EXPENSE = "收入", "支出"


class WeChatPay(Provider):
    """WeChat Pay as a `Provider`: a QR code, a page on phones, and within WeChat's own browser."""

    name = "wechat"
    label = gettext_lazy("WeChat Pay")
    base_url = "https://api.mch.weixin.qq.com"
    ways = (PaymentWay.QR, PaymentWay.WAP, PaymentWay.JSAPI)
    needs_openid = True
    identity = ("mchid", "appid")
    bill_kinds = (TRADE, FUND)
    fields = (
        AccountField("mchid", gettext_lazy("merchant ID (mchid)")),
        AccountField("appid", gettext_lazy("application ID (appid)")),
        AccountField("serial_no", gettext_lazy("serial number of our API certificate")),
        AccountField(
            "platform_keys",
            gettext_lazy("WeChat Pay's keys"),
            is_text=True,
            help_text=gettext_lazy(
                "Platform certificates, and public keys with the line PUB_KEY_ID_… above each, one below the other."
            ),
        ),
        AccountField("private_key", gettext_lazy("our private key (PEM)"), is_secret=True, is_text=True),
        AccountField("apiv3_key", gettext_lazy("APIv3 key"), is_secret=True),
        AccountField(
            "app_secret",
            gettext_lazy("application secret (AppSecret)"),
            is_secret=True,
            is_optional=True,
            help_text=gettext_lazy("Only for payment within WeChat."),
        ),
        AccountField(
            "oauth_base_url",
            gettext_lazy("address for login codes"),
            is_optional=True,
            is_address=True,
            help_text=_SELDOM_TOLD,
        ),
        AccountField(
            "oauth_page_url",
            gettext_lazy("address of WeChat's login page"),
            is_optional=True,
            is_address=True,
            help_text=_SELDOM_TOLD,
        ),
    )

    def complaint(self, merchant: Merchant) -> str:
        numbers = ("mchid", "appid", "serial_no")
        if not all(WORDS.fullmatch(merchant.fields.get(name, "")) for name in numbers):
            return _("The merchant ID, application ID and serial number consist of letters and digits.")
        if _private_key(merchant, is_new=True) is None:
            return _("Our private key is not an RSA key in PEM form: paste apiclient_key.pem as it is.")
        if len(merchant.secrets.get("apiv3_key", "").encode()) != 32:
            return _("The APIv3 key has 32 characters.")
        if not _platform_keys(merchant):
            return _("WeChat Pay's keys hold neither a certificate nor a public key below a line PUB_KEY_ID_….")
        if PLATFORM_KEYS.sub("", merchant.fields["platform_keys"]).strip():
            return _("Something among WeChat Pay's keys is neither a certificate nor a public key with its ID.")
        return ""

    def ways_of(self, merchant: Merchant) -> tuple[PaymentWay, ...]:
        return self.ways if merchant.secrets.get("app_secret") else (PaymentWay.QR, PaymentWay.WAP)

    # payments

    def openid_url(self, merchant: Merchant, return_url: str, state: str) -> str:
        query = {
            "appid": merchant.fields["appid"],
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        page = merchant.fields.get("oauth_page_url") or OAUTH_PAGE_URL
        return f"{page}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"

    def openid_of(self, call: HttpCall, merchant: Merchant, code: str) -> str:
        query = {
            "appid": merchant.fields["appid"],
            "secret": merchant.secrets.get("app_secret", ""),
            "code": code,
            "grant_type": "authorization_code",
        }
        where = merchant.fields.get("oauth_base_url") or OAUTH_URL
        status, _headers, content = call("GET", f"/sns/oauth2/access_token?{urlencode(query)}", base_url=where)
        said = _object_in(content)
        openid = said.get("openid")
        if status == 200 and isinstance(openid, str) and OPENIDS.fullmatch(openid):
            return openid
        if said.get("errcode"):
            raise ProviderRefused(_words(str(said["errcode"])), _words(said.get("errmsg")))
        raise Garbled(f"HTTP {status}")

    def begin(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Begun:
        if wanted.way == PaymentWay.JSAPI:
            said = self._order(call, merchant, wanted, "jsapi", {"payer": {"openid": wanted.openid}})
            return Begun(bridge=_bridge(merchant, _text_in(said, "prepay_id"), call.now()))
        if wanted.way == PaymentWay.WAP:
            scene = {"payer_client_ip": wanted.payer_address, "h5_info": {"type": "Wap"}}
            said = self._order(call, merchant, wanted, "h5", {"scene_info": scene})
            return Begun(address=_leading_back(_text_in(said, "h5_url"), wanted.return_url))
        return Begun(qr=_text_in(self._order(call, merchant, wanted, "native", {}), "code_url"))

    def _order(
        self, call: HttpCall, merchant: Merchant, wanted: WantedPayment, path: str, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        order = {
            "appid": merchant.fields["appid"],
            "mchid": merchant.fields["mchid"],
            "description": wanted.subject[:127],
            "out_trade_no": wanted.key.hex,
            "notify_url": merchant.notify_url,
            "amount": {"total": _fen(wanted.amount), "currency": CURRENCY},
            **more,
        }
        if wanted.expires_at:
            order["time_expire"] = localtime(wanted.expires_at).isoformat(timespec="seconds")
        return _heard(call, merchant, "POST", f"/v3/pay/transactions/{path}", order)

    def read(self, merchant: Merchant, body: bytes, headers: Mapping[str, str], now: datetime) -> Facts:
        """The refusals come in the order in which they cost least: a stranger has no signature checked."""
        if len(body) > LONGEST_NOTIFICATION or not _is_theirs(merchant, headers, body, now):
            raise Forged
        told = _object_in(body)
        nonce, event = _word_in(told, "id"), _word_in(told, "event_type")
        if not (nonce and event):
            raise Unreadable
        content = _deciphered(merchant, told.get("resource"))
        if content.get("mchid") != merchant.fields["mchid"]:
            raise Forged
        if event.startswith("REFUND."):
            raise NotOfPayment
        try:
            return _facts(merchant, content, nonce)
        except Garbled:
            raise Unreadable from None

    def reply(self, problem: str = "") -> Reply:
        return WECHAT_REPLIES[problem]

    def ask(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Facts:
        path = f"/v3/pay/transactions/out-trade-no/{wanted.key.hex}?{urlencode({'mchid': merchant.fields['mchid']})}"
        try:
            said = _heard(call, merchant, "GET", path)
        except ProviderRefused as refused:
            if refused.code not in NO_SUCH_ORDER:
                raise
            nonce = f"ask:{wanted.key.hex}:{refused.code}"
            return Facts(nonce, wanted.key, Said.OPEN, wanted.amount, "", {"code": refused.code})
        number = _word_in(said, "transaction_id") or wanted.key.hex
        try:
            facts = _facts(merchant, said, f"ask:{number}:{_word_in(said, 'trade_state')}", wanted.amount)
        except Forged:
            raise Garbled from None
        if facts.key != wanted.key:
            raise Garbled
        return facts

    def close(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> None:
        path = f"/v3/pay/transactions/out-trade-no/{wanted.key.hex}/close"
        try:
            said = _heard(call, merchant, "POST", path, {"mchid": merchant.fields["mchid"]})
        except ProviderRefused as refused:
            if refused.code not in (*NO_SUCH_ORDER, *CLOSED_ALREADY):
                raise
        else:
            if said:  # taken, but the payer is paying at this moment
                raise ProviderRefused(_word_in(said, "code"), _words(said.get("message")))

    # refunds

    def refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        of = {"transaction_id": wanted.reference} if wanted.reference else {"out_trade_no": wanted.payment_key.hex}
        amount = {"refund": _fen(wanted.amount), "total": _fen(wanted.total), "currency": CURRENCY}
        order = {**of, "out_refund_no": wanted.key.hex, "amount": amount}
        if wanted.reason:
            order["reason"] = wanted.reason[:26]  # at most 80 bytes
        return _refund_facts(_heard(call, merchant, "POST", "/v3/refund/domestic/refunds", order), wanted)

    def ask_refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        try:
            said = _heard(call, merchant, "GET", f"/v3/refund/domestic/refunds/{wanted.key.hex}")
        except ProviderRefused as refused:
            if refused.code not in NO_SUCH_REFUND:
                raise
            return RefundFacts(RefundSaid.UNKNOWN)
        return _refund_facts(said, wanted)

    # bills

    def bill(self, call: HttpCall, merchant: Merchant, kind: str, day: date) -> bytes:
        path, more = BILL_ADDRESSES[kind]
        try:
            said = _heard(call, merchant, "GET", f"{path}?{urlencode({'bill_date': day.isoformat(), **more})}")
        except ProviderRefused as refused:
            if refused.code not in EMPTY_DAY:
                raise
            return b""
        where = urlsplit(_text_in(said, "download_url"))
        address = f"{where.path}?{where.query}"  # whatever host stands in it, we go to the account's
        status, _headers, document = _sent(call, merchant, "GET", address, longest=LONGEST_BILL)
        if status != 200:
            raise _refusal(status, document)
        announced = (said.get("hash_type"), _word_in(said, "hash_value").lower())
        if announced != ("SHA1", hashlib.sha1(document).hexdigest()):
            raise Garbled("the bill is not the one that was announced")
        return document

    def read_bill(self, kind: str, document: bytes) -> Iterator[BillRow]:
        """Payments and refunds have their fees in the bill of trades; the bill of funds adds what that has not:
        payouts, other fees, and whatever else moved the account."""
        read = _trade_row if kind == TRADE else _fund_row
        for number, row in _bill_rows(kind, document):
            try:
                if line := read(row):
                    yield line
            except (KeyError, ValueError):
                raise BadInput("", _("Line {number} of the bill cannot be read.").format(number=number)) from None


# signatures


def _private_key(merchant: Merchant, is_new: bool = False) -> RSAPrivateKey | None:
    """Ours. Whether its numbers fit one another is checked of a new one alone: that takes longer than signing."""
    pem = merchant.secrets.get("private_key", "").encode()
    try:
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=not is_new)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPrivateKey) else None


def _platform_keys(merchant: Merchant) -> dict[str, RSAPublicKey]:
    """The keys by which WeChat Pay signs for this account, by serial number or ID."""
    keys = {}
    for found in PLATFORM_KEYS.finditer(merchant.fields.get("platform_keys", "")):
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            if found["certificate"]:
                certificate = load_pem_x509_certificate(found["certificate"].encode())
                serial, key = format(certificate.serial_number, "X"), certificate.public_key()
            else:
                serial, key = found["id"], load_pem_public_key(found["key"].encode())  # type: ignore[assignment]
            if isinstance(key, RSAPublicKey):
                keys[serial] = key
    return keys


def _signature(merchant: Merchant, *lines: str) -> str:
    key = _private_key(merchant)
    if key is None:
        raise BadInput("", _("The account's private key cannot be read: enter it again."))
    return b64encode(key.sign(_signed_text(lines), PKCS1v15(), SHA256())).decode()


def _signed_text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _is_theirs(merchant: Merchant, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether WeChat Pay signed this body just now, by a key that the account knows."""
    heads = {name.lower(): value for name, value in headers.items()}
    keys, serial = _platform_keys(merchant), heads.get("wechatpay-serial", "")
    key = keys.get(serial) or keys.get(serial.upper().lstrip("0"))
    if key is None or heads.get("wechatpay-signature-type", SIGNED_BY) != SIGNED_BY:
        return False
    sent_at, nonce = heads.get("wechatpay-timestamp", ""), heads.get("wechatpay-nonce", "")
    if not (INSTANTS_SIGNED.fullmatch(sent_at) and NONCES_SIGNED.fullmatch(nonce)):
        return False
    if abs(now.timestamp() - int(sent_at)) > FRESH.total_seconds():
        return False
    try:
        signature = b64decode(heads.get("wechatpay-signature", ""), validate=True)
        key.verify(signature, _signed_text([sent_at, nonce]) + body + b"\n", PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True


def _deciphered(merchant: Merchant, resource: Any) -> dict[str, Any]:
    """The content of a notification. Raises `Forged` for what the account's key does not open."""
    try:
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise Forged
        key = AESGCM(merchant.secrets["apiv3_key"].encode())
        nonce, beside = resource["nonce"].encode(), (resource.get("associated_data") or "").encode()
        return _object_in(key.decrypt(nonce, b64decode(resource["ciphertext"], validate=True), beside))
    except (KeyError, TypeError, AttributeError, ValueError, InvalidTag):
        raise Forged from None


# calls


def _sent(
    call: HttpCall, merchant: Merchant, method: str, path: str, body: bytes = b"", longest: int = 0
) -> tuple[int, Mapping[str, str], bytes]:
    now, nonce = str(int(call.now().timestamp())), secrets.token_hex(16)
    signed = {
        "mchid": merchant.fields["mchid"],
        "nonce_str": nonce,
        "signature": _signature(merchant, method, path, now, nonce, body.decode()),
        "timestamp": now,
        "serial_no": merchant.fields["serial_no"],
    }
    headers = {
        "Accept": "application/json",
        "Authorization": f"{SIGNED_BY} " + ",".join(f'{name}="{value}"' for name, value in signed.items()),
    }
    if body:
        headers["Content-Type"] = "application/json"
    if ids := [serial for serial in _platform_keys(merchant) if serial.startswith("PUB_KEY_ID_")]:
        headers["Wechatpay-Serial"] = ids[0]  # so that the answer is signed by this key
    return call(method, path, body=body or None, headers=headers, longest=longest)


def _heard(
    call: HttpCall, merchant: Merchant, method: str, path: str, document: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What an answer says that WeChat Pay has signed; nothing, where it says no more than that it was done.

    A refusal need not be signed: it is answered before they know who asks. Nothing is booked by one.
    """
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() if document is not None else b""
    status, headers, content = _sent(call, merchant, method, path, body)
    if not 200 <= status < 300:
        raise _refusal(status, content)
    if not _is_theirs(merchant, headers, content, call.now()):
        raise Garbled("an answer without a signature of WeChat Pay's")
    return _object_in(content)


def _refusal(status: int, content: bytes) -> ProviderRefused | Garbled:
    """What an answer that is no success comes to."""
    said = _object_in(content)
    code = _word_in(said, "code")
    if 400 <= status < 500 and status != 429 and code and code not in WORTH_A_REPEAT:
        return ProviderRefused(code, _words(said.get("message")))
    return Garbled(f"HTTP {status} {code}".strip())


def _object_in(content: bytes) -> dict[str, Any]:
    """A document's fields; none, where it is no object."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _word_in(document: Mapping[str, Any], name: str) -> str:
    """A number, a code or an instant, empty where there is none."""
    value = document.get(name)
    return value if isinstance(value, str) and WORDS.fullmatch(value) else ""


def _text_in(document: Mapping[str, Any], name: str) -> str:
    """A text that has to be there, of signs that stand in an address."""
    value = document.get(name)
    if isinstance(value, str) and re.fullmatch(r"[!-~]{1,2000}", value):
        return value
    raise Garbled(f"an answer without {name}")


def _words(value: Any) -> str:
    """What is said to people, as every database keeps it."""
    text = value.replace("\x00", "").strip()[:200] if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode()  # JSON can spell half a character


# what is said of payments and refunds


def _fen(amount: Decimal) -> int:
    return int(amount * 100)


def _yuan_of(fen: Any) -> Decimal | None:
    """None for what is no count of fen, or more than a column of money holds."""
    return rounded(Decimal(fen) / 100) if type(fen) is int and 0 <= fen <= _fen(LARGEST) else None


def _facts(merchant: Merchant, said: Mapping[str, Any], nonce: str, expected: Decimal | None = None) -> Facts:
    """What is said of a payment. `expected` is its amount where none is said, as of one that is not paid.

    Raises `Forged` where it is none of the account's, `Garbled` for what says nothing of a payment.
    """
    ours = (merchant.fields["mchid"], merchant.fields["appid"])
    key, became = _word_in(said, "out_trade_no"), TRADE_SAID.get(_word_in(said, "trade_state"))
    if (said.get("mchid"), said.get("appid")) != ours or not OUR_NUMBERS.fullmatch(key):
        raise Forged
    amount = said.get("amount")
    amount = amount if isinstance(amount, dict) else {}
    if amount.get("currency", CURRENCY) != CURRENCY:
        raise Forged
    came_to, reference = _yuan_of(amount.get("total")), _word_in(said, "transaction_id")
    if became is None or (became == Said.PAID and not (came_to and reference)):
        raise Garbled
    kept = {name: _word_in(said, name) for name in KEPT_OF_PAYMENT}
    if came_to is None:
        came_to = expected or ZERO
    return Facts(nonce, UUID(key), became, came_to, reference, kept | {"amount": str(came_to)})


def _refund_facts(said: Mapping[str, Any], wanted: WantedRefund) -> RefundFacts:
    """Raises `Garbled` where it is another refund, or another amount, than was wanted."""
    amount, became = said.get("amount"), REFUND_SAID.get(_word_in(said, "status"))
    is_wanted = isinstance(amount, dict) and amount.get("refund") == _fen(wanted.amount)
    if became is None or not is_wanted or said.get("out_refund_no") != wanted.key.hex:
        raise Garbled
    words = _word_in(said, "status") if became == RefundSaid.FAILED else ""
    return RefundFacts(became, _word_in(said, "refund_id"), words, is_closed=words == "CLOSED")


def _leading_back(address: str, return_url: str) -> str:
    if not address.startswith(("https://", "http://")):
        raise Garbled("the payment page has no address")
    return f"{address}&redirect_url={quote(return_url, safe='')}" if return_url else address


# within WeChat's own browser


def _bridge(merchant: Merchant, prepay_id: str, now: datetime) -> dict[str, str]:
    """What WeChat's browser is told so that it asks its user to pay."""
    at, nonce, package = str(int(now.timestamp())), secrets.token_hex(16), f"prepay_id={prepay_id}"
    appid = merchant.fields["appid"]
    return {
        "appId": appid,
        "timeStamp": at,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": _signature(merchant, appid, at, nonce, package),
    }


# bills


def _bill_rows(kind: str, document: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a bill before its sums, each with its number, by the names in the bill's first line."""
    names: list[str] = []
    try:
        for number, line in enumerate(TextIOWrapper(BytesIO(document), encoding="utf-8-sig"), start=1):
            cells = _cells(line.strip())
            if cells == [""]:
                continue
            if not names:
                names = cells
                if names[0] != BILL_STARTS[kind]:
                    break
            elif cells[0] == SUMS_START[kind]:
                return
            else:
                yield number, dict(zip(names, cells, strict=False))
    except UnicodeDecodeError:
        names = []
    if document:
        raise BadInput("", _incomplete(kind, names))


def _incomplete(kind: str, names: Sequence[str]) -> str:
    if not names or names[0] != BILL_STARTS[kind]:
        return _("This is not a bill of WeChat Pay: its first line starts with “{start}”.").format(
            start=BILL_STARTS[kind]
        )
    return _("The bill has no sums at its end: it is not whole. Download it again.")


def _cells(line: str) -> list[str]:
    """Each cell is led by a backtick, so that a comma within one parts nothing; the names are without."""
    parted = line[1:].split(",`") if line.startswith("`") else line.split(",")
    return [cell.strip() for cell in parted]


def _trade_row(row: Mapping[str, str]) -> BillRow:
    """A payment, or a refund on the day on which it was taken on, whatever has become of it since."""
    at, fee, what = _instant(row["交易时间"]), _figure(row["手续费"]), row["交易状态"]
    payment, refund = (row["微信订单号"], row["商户订单号"]), (row["微信退款单号"], row["商户退款单号"])
    if what == "SUCCESS":
        return BillRow(BillLineKind.PAYMENT, *payment, _figure(row["订单金额"]), fee, at)
    if what == "REFUND" and row["退款状态"] in ("SUCCESS", "PROCESSING"):
        return BillRow(BillLineKind.REFUND, *refund, _figure(row["申请退款金额"]), fee, at)
    number = refund if what == "REFUND" else payment
    amount = _figure(row["申请退款金额" if what == "REFUND" else "订单金额"])
    return BillRow(BillLineKind.OTHER, *number, amount, fee, at)


def _fund_row(row: Mapping[str, str]) -> BillRow | None:
    """None for what the bill of trades has as well: payments, refunds and their fees."""
    what, amount = row["业务类型"], _figure(row[_amount_column(row)])
    if what in ("交易", "退款") or "交易手续费" in what:
        return None
    at, is_expense = _instant(row["记账时间"]), row["收支类型"] == EXPENSE
    if row["收支类型"] not in (INCOME, EXPENSE):
        raise ValueError
    number = (row["资金流水单号"], row["业务凭证号"])
    if "手续费" in what:
        return BillRow(BillLineKind.FEE, *number, abs(amount), amount if is_expense else -amount, at)
    kind = BillLineKind.PAYOUT if what == "提现" and is_expense else BillLineKind.OTHER
    return BillRow(kind, *number, amount, ZERO, at)


def _amount_column(row: Mapping[str, str]) -> str:
    """Written with brackets of either width."""
    return "收支金额(元)" if "收支金额(元)" in row else "收支金额（元）"


def _figure(text: str) -> Decimal:
    """An amount in yuan; fees come with parts of a fen, and are taken in whole ones."""
    if not FIGURES.fullmatch(text):
        raise ValueError(text)
    return rounded(text)


def _instant(text: str) -> datetime:
    instant = instant_of(text)
    if instant is None:
        raise ValueError(text)
    return instant


PROVIDER = WeChatPay()
