"""Alipay (RSA2): the payment page for computers and for phones, and the bills of a day.

Whatever is asked of it and whatever it says is a mapping of short texts, signed with SHA256withRSA: a request over its
parameters in alphabetical order, an answer over the piece of JSON as it came, a notification over its values in
alphabetical order. It repeats a notification for more than a day as it was, so that none is refused for its age.
"""

import csv
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from typing import IO, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.choices import BillLineKind, PaymentWay
from billing.money import ZERO
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
from cards.quantities import MB

_GATEWAY = "/gateway.do"
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
_INSTANT = "%Y-%m-%d %H:%M:%S"

_PRODUCTS = {
    PaymentWay.PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    PaymentWay.WAP: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
_SAYS = {
    "WAIT_BUYER_PAY": Said.OPEN,
    "TRADE_CLOSED": Said.CLOSED,
    "TRADE_SUCCESS": Said.PAID,
    "TRADE_FINISHED": Said.PAID,
}

_WELL = "10000"
_DOWN = "20000"
# Whose request it is, it cannot always tell then: such an answer need not be signed.
_TURNED_DOWN_AT_THE_DOOR = ("20001", "40001", "40002", "40003", "40006")
_UNSURE = re.compile(r"(aop\.)?ACQ\.SYSTEM_ERROR|(aop|isp)\.unknow-error")
_NO_TRADE = "ACQ.TRADE_NOT_EXIST"
_CLOSED_ALREADY = (_NO_TRADE, "ACQ.TRADE_HAS_CLOSE")
_NO_BILL = "isp.bill_not_exist"

_LONGEST_NOTIFICATION = 64 * 1024
_MOST_VALUES = 64
_LONGEST_SUBJECT = 256
_LEAST_KEY_BITS = 2048
_AMOUNTS = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
_KEYS = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TRADES = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)
_NOTIFY_IDS = re.compile(r"[!-~]{1,128}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,32}", re.ASCII)
_ARMOUR = re.compile(r"-----[A-Z ]+-----|\s")
_NOT_IN_SUBJECTS = re.compile(r"[/=&]")
_CURRENCIES = ("currency", "trans_currency", "settle_currency")  # of payments within China it says none
_KEPT = (
    *("notify_id", "notify_type", "notify_time", "app_id", "seller_id", "trade_no", "out_trade_no", "trade_status"),
    *("subject", "total_amount", "receipt_amount", "invoice_amount", "gmt_create", "gmt_payment", "gmt_close"),
    *("send_pay_date", "code", "msg", "sub_code", "sub_msg", *_CURRENCIES),
)

_NEXT_MEMBER = re.compile(r"\s*[{,]\s*")
_COLON = re.compile(r"\s*:\s*")

_REPLIES = {"": 200, "forged": 403, "unreadable": 400, "failed": 500}

_LARGEST_UNPACKED = 256 * MB
_LONGEST_LINE = 16 * 1024
_BOM = b"\xef\xbb\xbf"
_UNREADABLE = "\ufffd"
_UNIT = re.compile(r"[(（][+-]?元[)）]")
_SUMMARY = "汇总"
# The first column's name tells whether a line is the heads of the columns, and of which bill.
_TRADE_BILL, _FUND_BILL = "trade", "signcustomer"
_FIRST_COLUMN = {_TRADE_BILL: "支付宝交易号", _FUND_BILL: "账务流水号"}
_TRADE_KINDS = {"交易": BillLineKind.PAYMENT, "退款": BillLineKind.REFUND}
_FUND_KINDS = {
    **dict.fromkeys(("收费", "退费", "服务费", "手续费"), BillLineKind.FEE),
    "提现": BillLineKind.PAYOUT,
}
_OF_TRADES = {"在线支付", "交易", "交易付款", "退款", "交易退款"}


class Alipay(Provider):
    """Alipay's payment page as a `Provider`. Its bill of the trades has their fees; the bill of the funds has payouts
    and fees of no trade."""

    name = "alipay"
    label = gettext_lazy("Alipay")
    base_url = "https://openapi.alipay.com"
    identity = ("app_id", "seller_id")
    fields = (
        AccountField("app_id", gettext_lazy("application ID (app_id)")),
        AccountField("seller_id", gettext_lazy("merchant's number (seller_id, PID)")),
        AccountField(
            "alipay_public_key",
            gettext_lazy("Alipay's public key"),
            is_text=True,
            help_text=gettext_lazy("The one that Alipay shows for your application, not your application's own."),
        ),
        AccountField("private_key", gettext_lazy("private key of your application"), is_secret=True, is_text=True),
    )
    ways = (PaymentWay.PAGE, PaymentWay.WAP)
    bill_kinds = (_TRADE_BILL, _FUND_BILL)

    def complaint(self, merchant: Merchant) -> str:
        if not _DIGITS.fullmatch(_field(merchant, "app_id")):
            return _("The application ID (app_id) is made of digits: copy it from Alipay's open platform.")
        if not _DIGITS.fullmatch(_field(merchant, "seller_id")):
            return _("The merchant's number (seller_id, PID) is made of digits and begins with 2088.")
        try:
            own, theirs = _private_key(merchant, is_new=True), _public_key(merchant)
        except BadInput as bad:
            return str(bad.sentence)
        if own.public_key() == theirs:
            return _("This is your application's own public key; the one that Alipay shows beside it is needed.")
        return ""

    # payments

    def begin(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Begun:
        """Alipay hears of it once the payer's browser comes to the address."""
        method, product = _PRODUCTS[wanted.way]
        said = {
            "out_trade_no": wanted.key.hex,
            "total_amount": _money(wanted.amount),
            "subject": _NOT_IN_SUBJECTS.sub(" ", wanted.subject)[:_LONGEST_SUBJECT],
            "product_code": product,
        }
        if wanted.expires_at:
            said["time_expire"] = f"{timezone.localtime(wanted.expires_at):{_INSTANT}}"
        if wanted.way == PaymentWay.WAP and wanted.return_url:
            said["quit_url"] = wanted.return_url
        more = {"notify_url": merchant.notify_url, "return_url": wanted.return_url}
        parameters = _signed(call, merchant, method, said, more)
        return Begun(address=f"{merchant.base_url}{_GATEWAY}?{_encoded(parameters)}")

    def read(self, merchant: Merchant, body: bytes, headers: Mapping[str, str], now: datetime) -> Facts:
        said = _values(body)
        signature, sign_type = said.pop("sign", ""), said.pop("sign_type", "")
        if sign_type != "RSA2" or not _is_signed(merchant, _in_order(said), signature):
            raise Forged
        if any(said.get(name) != _field(merchant, name) for name in ("app_id", "seller_id")) or _is_foreign(said):
            raise Forged
        if _is_of_refund(said):
            raise NotOfPayment
        nonce = said.get("notify_id", "")
        if not _NOTIFY_IDS.fullmatch(nonce):
            raise Unreadable
        try:
            return _facts(said, nonce)
        except ValueError:
            raise Unreadable from None

    def reply(self, problem: str = "") -> Reply:
        """Whatever is not these seven letters comes again."""
        return Reply(_REPLIES[problem], "fail" if problem else "success")

    def ask(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> Facts:
        number = wanted.key.hex
        try:
            result = _result(call, merchant, "alipay.trade.query", {"out_trade_no": number})
        except ProviderRefused as refused:
            if refused.code != _NO_TRADE:
                raise
            return Facts(f"ask:{number}:{_NO_TRADE}", wanted.key, Said.OPEN, wanted.amount, "", {"sub_code": _NO_TRADE})
        said = {name: value for name, value in result.items() if isinstance(value, str)}
        if said.get("out_trade_no") != number or _is_foreign(said):
            raise Garbled("another payment")
        try:
            return _facts(said, f"ask:{said.get('trade_no')}:{said.get('trade_status')}")
        except ValueError:
            raise Garbled("no payment") from None

    def close(self, call: HttpCall, merchant: Merchant, wanted: WantedPayment) -> None:
        try:
            _result(call, merchant, "alipay.trade.close", {"out_trade_no": wanted.key.hex})
        except ProviderRefused as refused:
            if refused.code not in _CLOSED_ALREADY:
                raise

    # refunds

    def refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        said = {
            **_of_refund(wanted),
            "refund_amount": _money(wanted.amount),
            "refund_reason": wanted.reason[:_LONGEST_SUBJECT],
        }
        result = _result(call, merchant, "alipay.trade.refund", said)
        moved = result.get("fund_change") == "Y"
        return RefundFacts(RefundSaid.DONE if moved else RefundSaid.UNDERWAY, _trade_of(result, wanted))

    def ask_refund(self, call: HttpCall, merchant: Merchant, wanted: WantedRefund) -> RefundFacts:
        """Of one that failed Alipay says as little as of one that never came: both can be sent again."""
        try:
            result = _result(call, merchant, "alipay.trade.fastpay.refund.query", _of_refund(wanted))
        except ProviderRefused as refused:
            if refused.code != _NO_TRADE:
                raise
            return RefundFacts(RefundSaid.UNKNOWN)
        if result.get("refund_status") != "REFUND_SUCCESS":
            return RefundFacts(RefundSaid.UNKNOWN)
        try:
            is_this = result["out_request_no"] == wanted.key.hex and _amount(result["refund_amount"]) == wanted.amount
        except (ValueError, KeyError, TypeError):
            raise Garbled("no refund") from None
        if not is_this:
            raise Garbled("another refund")
        return RefundFacts(RefundSaid.DONE, _trade_of(result, wanted))

    # bills

    def bill(self, call: HttpCall, merchant: Merchant, kind: str, day: date) -> bytes:
        """A ZIP file of tables, from an address of Alipay's that holds for half a minute."""
        method = "alipay.data.dataservice.bill.downloadurl.query"
        try:
            result = _result(call, merchant, method, {"bill_type": kind, "bill_date": day.isoformat()})
        except ProviderRefused as refused:
            if refused.code != _NO_BILL:
                raise
            return b""
        base_url, path = _place_of_bill(merchant, result.get("bill_download_url"))
        status, _headers, body = call("GET", path, base_url=base_url, longest=LONGEST_BILL)
        if status != 200 or not body:
            raise Garbled(f"HTTP {status}")
        return body

    def read_bill(self, kind: str, document: bytes) -> Iterator[BillRow]:
        """The lines of a bill, packed or unpacked."""
        if not document:
            return
        reading = {_TRADE_BILL: _of_trade_bill, _FUND_BILL: _of_fund_bill}[kind]
        with _tables(document) as tables:
            for number, cells in _records(tables, _FIRST_COLUMN[kind]):
                try:
                    row = reading(cells)
                except (ValueError, KeyError):
                    raise _bad_line(number) from None
                if row:
                    yield row


# what is asked, and how it is answered


def _signed(
    call: HttpCall, merchant: Merchant, method: str, said: Mapping[str, str], more: Mapping[str, str]
) -> dict[str, str]:
    """The parameters of a request, signed; those that are empty are left out."""
    parameters = {
        "app_id": _field(merchant, "app_id"),
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": f"{timezone.localtime(call.now()):{_INSTANT}}",
        "version": "1.0",
        **more,
        "biz_content": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
    }
    parameters = {name: value for name, value in parameters.items() if value}
    signature = _private_key(merchant).sign(_in_order(parameters), PKCS1v15(), SHA256())
    return {**parameters, "sign": b64encode(signature).decode()}


def _result(call: HttpCall, merchant: Merchant, method: str, said: Mapping[str, str]) -> dict[str, Any]:
    """What Alipay answers. Raises `ProviderRefused` for a refusal, and `Garbled` where it is unknown what was done."""
    parameters = _signed(call, merchant, method, said, {})
    content = _encoded({"biz_content": parameters.pop("biz_content")}).encode()
    status, _headers, body = call("POST", f"{_GATEWAY}?{_encoded(parameters)}", body=content, headers=_FORM)
    if status != 200:
        raise Garbled(f"HTTP {status}")
    result, is_signed = _answer(merchant, method, body)
    code, sub_code = (_short(result.get(name)) for name in ("code", "sub_code"))
    if not is_signed and code not in _TURNED_DOWN_AT_THE_DOOR:
        raise Garbled("not signed")
    if code == _WELL:
        return result
    if not code or code == _DOWN or _UNSURE.fullmatch(sub_code):
        raise Garbled(f"{code} {sub_code}")
    raise ProviderRefused(sub_code or code, _short(result.get("sub_msg")) or _short(result.get("msg")))


def _answer(merchant: Merchant, method: str, body: bytes) -> tuple[dict[str, Any], bool]:
    """The object that is the answer to this method, and whether it is signed. A wrong signature is `Garbled`."""
    try:
        members = _members(body.decode())
        piece = members.get(f"{method.replace('.', '_')}_response") or members["error_response"]
        result, signature = json.loads(piece), json.loads(members.get("sign", '""'))
    except (ValueError, KeyError, RecursionError):
        raise Garbled("no answer of Alipay") from None
    if not isinstance(result, dict) or not isinstance(signature, str):
        raise Garbled("no answer of Alipay")
    if signature and not _is_signed(merchant, piece.encode(), signature):
        raise Garbled("not signed by Alipay")
    return result, bool(signature)


def _members(document: str) -> dict[str, str]:
    """The values of a JSON object, each as it was written: that is what is signed. `ValueError` where it is none."""
    decoder, members, place = json.JSONDecoder(), dict[str, str](), 0
    while found := _NEXT_MEMBER.match(document, place):
        name, place = decoder.raw_decode(document, found.end())
        colon = _COLON.match(document, place)
        if colon is None or name in members:
            raise ValueError
        _value, place = decoder.raw_decode(document, colon.end())
        members[name] = document[colon.end() : place]
    if document[place:].strip() != "}":
        raise ValueError
    return members


def _encoded(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote)


def _in_order(values: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in sorted(values.items())).encode()


def _field(merchant: Merchant, name: str) -> str:
    return merchant.fields.get(name, "").strip()


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _short(value: Any) -> str:
    """A text as every database keeps it: JSON can spell half a character."""
    text = value.replace("\x00", "")[:_LONGEST_SUBJECT] if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode()


# what it says of a payment


def _values(body: bytes) -> dict[str, str]:
    """The values of a notification, each of one name. Raises `Unreadable`."""
    if len(body) > _LONGEST_NOTIFICATION:
        raise Unreadable
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_VALUES,
        )
    except ValueError:
        raise Unreadable from None
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Unreadable
    return values


def _facts(said: Mapping[str, str], nonce: str) -> Facts:
    """What was said of a payment. Raises `ValueError` where that is not what it is."""
    number, trade = said.get("out_trade_no", ""), said.get("trade_no", "")
    amount = _amount(said.get("total_amount", ""))
    if amount <= ZERO or not (
        _KEYS.fullmatch(number) and _TRADES.fullmatch(trade) and said.get("trade_status") in _SAYS
    ):
        raise ValueError
    kept = {name: _short(said[name]) for name in _KEPT if name in said}
    return Facts(nonce, UUID(number), _SAYS[said["trade_status"]], amount, trade, kept)


def _is_of_refund(said: Mapping[str, str]) -> bool:
    """Notifications of payments have a sum of refunds as well, of nothing."""
    return "gmt_refund" in said or said.get("refund_fee", "").strip("0.") != ""


def _is_foreign(said: Mapping[str, str]) -> bool:
    return any(said.get(name, "CNY") != "CNY" for name in _CURRENCIES)


def _amount(text: str) -> Decimal:
    """Raises `ValueError` for what is no amount."""
    if not _AMOUNTS.fullmatch(text):
        raise ValueError
    return Decimal(text) + ZERO


# refunds


def _of_refund(wanted: WantedRefund) -> dict[str, str]:
    trade = {"trade_no": wanted.reference} if wanted.reference else {"out_trade_no": wanted.payment_key.hex}
    return {**trade, "out_request_no": wanted.key.hex}


def _trade_of(result: Mapping[str, Any], wanted: WantedRefund) -> str:
    """The number of the trade that was refunded, if that is the one meant: refunds have no number of Alipay's."""
    trade = _short(result.get("trade_no"))
    if wanted.reference and trade != wanted.reference:
        raise Garbled("another payment")
    return trade


# keys


def _private_key(merchant: Merchant, is_new: bool = False) -> RSAPrivateKey:
    """Ours; raises `BadInput` where it is none. Whether its numbers fit one another is checked of a new one alone: that
    takes longer than signing."""
    with _key_problem("private_key", _("The private key of your application is no RSA key of 2048 bits or more.")):
        der = _key_bytes(merchant.secrets.get("private_key", ""))
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=not is_new)
        if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_KEY_BITS:
            raise ValueError
        return key


def _public_key(merchant: Merchant) -> RSAPublicKey:
    """Raises `BadInput` where it is none."""
    with _key_problem("alipay_public_key", _("Alipay's public key is no RSA key of 2048 bits or more.")):
        key = load_der_public_key(_key_bytes(_field(merchant, "alipay_public_key")))
        if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_KEY_BITS:
            raise ValueError
        return key


def _key_bytes(text: str) -> bytes:
    """Alipay's tools give keys as bare base64; others put an armour around it."""
    return b64decode(_ARMOUR.sub("", text), validate=True)


@contextmanager
def _key_problem(field: str, sentence: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadInput(field, sentence) from None


def _is_signed(merchant: Merchant, content: bytes, signature: str) -> bool:
    try:
        _public_key(merchant).verify(b64decode(signature, validate=True), content, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError, BadInput):
        return False
    return True


# bills


def _place_of_bill(merchant: Merchant, address: Any) -> tuple[str, str]:
    """The host and the path of a bill. Alipay gives addresses without TLS for a host that has it: with TLS then."""
    try:
        parts = urlsplit(_address(address))
    except ValueError:
        raise Garbled("no address of a bill") from None
    is_safe = urlsplit(merchant.base_url).scheme == "https"
    return f"{'https' if is_safe else parts.scheme}://{parts.netloc}", f"{parts.path}?{parts.query}"


def _address(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise ValueError
    return value


@contextmanager
def _tables(document: bytes) -> Iterator[Iterable[IO[bytes]]]:
    """The tables in a bill, but not those of the sums. Raises `BadInput` for what cannot be unpacked."""
    if not document.startswith(b"PK"):
        yield [BytesIO(document)]
        return
    try:
        with ZipFile(BytesIO(document), metadata_encoding="gbk") as packed:
            parts = [part for part in packed.infolist() if part.filename.lower().endswith(".csv")]
            if sum(part.file_size for part in parts) > _LARGEST_UNPACKED:
                raise BadInput("", _("The bill unpacks to more than {most} MB.").format(most=_LARGEST_UNPACKED // MB))
            if any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
                raise BadZipFile
            yield (packed.open(part) for part in parts if _SUMMARY not in part.filename)
    except (BadZipFile, ZlibError, EOFError, RuntimeError, ValueError, OSError):
        raise BadInput("", _("The file is damaged, or no ZIP file of Alipay's.")) from None


def _records(tables: Iterable[IO[bytes]], first_column: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The records of each table with the numbers of their lines, each cell by the name of its column."""
    is_found = False
    for table in tables:
        names: list[str] = []
        for number, cells in _lines(table):
            if names:
                if len(cells) != len(names):
                    raise _bad_line(number)
                yield number, dict(zip(names, cells, strict=True))
            elif cells[0] == first_column:
                names, is_found = [_UNIT.sub("", cell) for cell in cells], True
    if not is_found:
        raise BadInput("", _("This is no such bill of Alipay's: it has no column “{name}”.").format(name=first_column))


def _lines(table: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The lines of a table but for remarks, which begin with a #; in Alipay's encoding, or as it was saved anew."""
    encoding = "utf-8-sig" if table.read(len(_BOM)) == _BOM else "gb18030"
    table.seek(0)
    text = TextIOWrapper(table, encoding, errors="replace", newline="")
    number = 0
    while line := text.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE or _UNREADABLE in line:
            raise _bad_line(number)
        if line.strip() and not line.startswith("#"):
            yield number, _cells(number, line)


def _cells(number: int, line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        raise _bad_line(number) from None


def _of_trade_bill(cells: Mapping[str, str]) -> BillRow:
    kind = _TRADE_KINDS.get(cells["业务类型"], BillLineKind.OTHER)
    key_text = cells["退款批次号/请求号"] if kind == BillLineKind.REFUND else cells["商户订单号"]
    amount, fee = _amount(cells["订单金额"]), ZERO - _amount(cells["服务费"])
    return BillRow(kind, cells["支付宝交易号"], key_text, abs(amount), fee, _instant(cells["完成时间"]))


def _of_fund_bill(cells: Mapping[str, str]) -> BillRow | None:
    """A line of what the bill of the trades does not say already: of trades and their fees it is None."""
    said, number = cells["业务类型"], cells["商户订单号"]
    kind = _FUND_KINDS.get(said, BillLineKind.OTHER)
    if said in _OF_TRADES or (kind == BillLineKind.FEE and number):
        return None
    moved = _amount(cells["收入金额"] or "0") - abs(_amount(cells["支出金额"] or "0"))
    fee = ZERO - moved if kind == BillLineKind.FEE else ZERO
    return BillRow(kind, cells["账务流水号"], number, abs(moved), fee, _instant(cells["发生时间"]))


def _instant(text: str) -> datetime:
    return timezone.make_aware(datetime.strptime(text, _INSTANT))


def _bad_line(number: int) -> BadInput:
    return BadInput("", _("Line {number} of the bill cannot be read.").format(number=number))


PROVIDER = Alipay()
