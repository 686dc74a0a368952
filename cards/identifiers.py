"""ICCID, MSISDN, IMSI and IMEI: the one form in which each is kept, and what is wrong with one that has none.

Files, the search box, scanners, forms and commands all read them here. What people and spreadsheets put around a number
is taken off (`canonical`); what one kind alone may have (an ICCID its filler, an MSISDN its country) by that kind.
"""

import re
import unicodedata
from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric

from cards.errors import BadInput

ICCID = re.compile(r"8986[0-9A-Z]{15,16}")
FILLER = "F"  # in the 20th place: the number has 19
ROUNDED_ICCID = re.compile(r"8986[0-9]{11}0{4,5}")  # all behind the 15th digit, of 19 or 20
WITH_COUNTRY = re.compile(r"(?:86|0086)(1[0-9]{10}(?:[0-9]{2})?)")
MSISDN = re.compile(r"[0-9]{11}|[0-9]{13}")
MOBILE = re.compile(r"1[3-9][0-9]{9}")
FIFTEEN_DIGITS = re.compile(r"[0-9]{15}")
IMEI = re.compile(r"(?!0{14})[0-9]{14,16}")
WITHOUT_A_DEVICE = re.compile(r"[0/]*|NULL|NONE|NIL|N/?A|无")
DEVICE_DIGITS = 14
SPREADSHEET_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)

# Around a number: quotation marks, what keeps a spreadsheet's hands off it, and marks that no screen shows.
QUOTES = "'\"`´‘’‚‛“”„′″＇＂「」『』《》<>"
INVISIBLE = (0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
TAKEN_OFF = dict.fromkeys((*map(ord, QUOTES), *INVISIBLE))
# What a number is called, in front of it: `ICCID:`, `卡号`, `MSISDN 号码 =`.
CALLED = re.compile(
    r"(?:(?:ICCID|IMSI|IMEISV|IMEI|MSISDN|MDN|SIM|CARD|TEL|PHONE|物联网?卡|接入|手机|电话|设备|卡|号码?)(?:NUMBER|NO)?"
    r"[\s:=#._()\-]*)+(?=[0-9+](?:[^0-9]*[0-9]){6}|$)"
)
# The address on a label that we print, and those of a card's pages, as a scanner types them or the browser shows them.
OUR_ADDRESS = re.compile(rf"\S{{0,200}}(?:[?&]ICCID=|/CARDS/)({ICCID.pattern})(?:[/?&#]\S{{0,200}})?")
AROUND = " \t\r\n,;:|、。."
COUNTRY_IN_FRONT = re.compile(r"^[+(\s]*((?:00)?86)[)+\s-]*(?=1)")
BETWEEN_GROUPS = re.compile(r"\.(?=[0-9A-Z]{2})|[\s·_()‐‑‒–—―−\-]+")
THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.0+)?")
WITH_DECIMALS = re.compile(r"([0-9]+)\.0+")
COMPACT = re.compile(r"[0-9]+|8986[0-9A-Z]*")


def iccid(text: str, field: str = "iccid") -> str:
    """A card's number: 19 or 20 characters, `8986`, then digits or capital letters (`domain.md`, "Identifiers").

    An `F` in the 20th place is a filler and dropped.
    """
    expected = _("an ICCID has 19 or 20 characters and starts with 8986")
    return _matched(ICCID, text, field, expected, without_filler)


def iccid_in(text: str) -> str:
    """The ICCID that a text is; empty where it is none, and so no card's."""
    try:
        return iccid(text)
    except BadInput:
        return ""


def msisdn(text: str, field: str = "msisdn") -> str:
    """A subscriber number: 11 digits, or the 13 of an IoT number; the country's 86 in front of it is dropped."""
    return _matched(MSISDN, text, field, _("an MSISDN has 11 or 13 digits"), without_country)


def imsi(text: str, field: str = "imsi") -> str:
    return _matched(FIFTEEN_DIGITS, text, field, _("an IMSI has 15 digits"))


def imei(text: str, field: str = "imei") -> str:
    """A device's number: 15 digits, or 14 without the check digit, or 16 with the version of its software instead.

    Whatever says that there is no device (zeros, dashes, `NULL`) is no number of one.
    """
    return _matched(IMEI, text, field, _("an IMEI has 14, 15 or 16 digits and is not all zeros"))


def imei_if_any(text: str, field: str = "imei") -> str:
    """The same; nothing where the text says that there is no device."""
    return "" if WITHOUT_A_DEVICE.fullmatch(BETWEEN_GROUPS.sub("", bare(text))) else imei(text, field)


def canonical(text: str) -> str:
    """The number in a text of one number, whatever kind it is of: half-width digits and capitals, and nothing else.

    Text that is no number comes back in half-width capitals without quotation marks.
    """
    whole = bare(text)
    address = OUR_ADDRESS.fullmatch(whole)
    if address:
        return address[1]
    text = called_nothing(whole).lstrip("=").strip(AROUND)
    if SPREADSHEET_NUMBER.fullmatch(text):
        return text
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    text = COUNTRY_IN_FRONT.sub(r"\1", text)
    decimals = WITH_DECIMALS.fullmatch(text)
    compact = decimals[1] if decimals else BETWEEN_GROUPS.sub("", text)
    return compact if COMPACT.fullmatch(compact) else whole


def called_nothing(text: str) -> str:
    """A bare text without what a number in it is called in front; nothing is left of a name without a number."""
    named = CALLED.match(text)
    return text[named.end() :] if named else text


def bare(text: str) -> str:
    """A typed text in half-width capitals, without the quotation marks and invisible marks in it."""
    return unicodedata.normalize("NFKC", text.translate(TAKEN_OFF)).translate(TAKEN_OFF).upper().strip()


def device(imei: str) -> str:
    """What tells one device from another: its IMEI's first 14 digits, whatever stands behind them."""
    return imei[:DEVICE_DIGITS]


def device_sql(column: str) -> str:
    """`device` in SQL."""
    return f"SUBSTR({column}, 1, {DEVICE_DIGITS})"


def without_filler(number: str) -> str:
    """An ICCID without the `F` that fills its 20th place."""
    return number[:19] if number[19:] == FILLER else number


def without_country(number: str) -> str:
    """Digits without the `86` or `0086` in front of an MSISDN of 11 or 13 digits that begins with 1."""
    found = WITH_COUNTRY.fullmatch(number)
    return found[1] if found else number


def may_be_rounded(number: str) -> bool:
    """Whether an ICCID ends as a spreadsheet leaves one that it took for a number: with zeros behind the 15th digit.

    One true card in 100,000 ends so.
    """
    return ROUNDED_ICCID.fullmatch(number) is not None


def rounded(text: str, field: str = "iccid") -> BadInput:
    """Why a number that a spreadsheet has rounded cannot be taken."""
    sentence = _(
        "“{text}” was rounded by a spreadsheet and its last digits are lost; format the column as text and export again"
    )
    return BadInput(field, sentence.format(text=text))


def resident_number(text: str, field: str = "id_number") -> str:
    """The number of a resident's identity card: 18 characters with a place, a birthday and a check digit that fit."""
    number = "".join(text.upper().split())
    if not ric.is_valid(number):
        raise BadInput(field, _("This is not a valid resident ID number (18 characters)."))
    return number


def phone(text: str, field: str = "phone") -> str:
    """A person's mobile number: 11 digits, without the country's 86 and whatever stands between the digits."""
    number = without_country(canonical(text))
    if not MOBILE.fullmatch(number):
        raise BadInput(field, _("A mobile number has 11 digits and begins with 1."))
    return number


def luhn_holds(digits: str) -> bool:
    """Whether the check digit of an ICCID or IMEI is right. Real cards fail it, so it only ever warns."""
    if not digits.isdecimal():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _matched(
    pattern: re.Pattern[str], text: str, field: str, expected: str | Promise, stripped: Callable[[str], str] = str
) -> str:
    """The canonical number in a text, without what `stripped` takes off it."""
    number = stripped(text if COMPACT.fullmatch(text) else canonical(text))
    if pattern.fullmatch(number):
        return number
    if SPREADSHEET_NUMBER.fullmatch(number):
        raise rounded(text.strip(), field)
    raise BadInput(field, _("“{text}” is not valid: {expected}").format(text=text.strip(), expected=expected))
