"""ICCID, MSISDN, IMSI and IMEI: what they look like, and what is wrong with one that does not."""

import re
import unicodedata

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric

from cards.errors import BadInput

ICCID = re.compile(r"8986[0-9A-Z]{15,16}")
MSISDN = re.compile(r"[0-9]{11}|[0-9]{13}")
MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
FIFTEEN_DIGITS = re.compile(r"[0-9]{15}")
SPREADSHEET_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)


def iccid(text: str, field: str = "iccid") -> str:
    """A card's number: 19 or 20 characters, `8986`, then digits or capital letters (`domain.md`, "Identifiers")."""
    return _matched(ICCID, text.strip().upper(), field, _("an ICCID has 19 or 20 characters and starts with 8986"))


def msisdn(text: str, field: str = "msisdn") -> str:
    """A subscriber number: 11 digits, or the 13 of an IoT number."""
    return _matched(MSISDN, text.strip(), field, _("an MSISDN has 11 or 13 digits"))


def imsi(text: str, field: str = "imsi") -> str:
    return _matched(FIFTEEN_DIGITS, text.strip(), field, _("an IMSI has 15 digits"))


def imei(text: str, field: str = "imei") -> str:
    return _matched(FIFTEEN_DIGITS, text.strip(), field, _("an IMEI has 15 digits"))


def resident_number(text: str, field: str = "id_number") -> str:
    """The number of a resident's identity card: 18 characters with a place, a birthday and a check digit that fit."""
    number = "".join(text.upper().split())
    if not ric.is_valid(number):
        raise BadInput(field, _("This is not a valid resident ID number (18 characters)."))
    return number


def phone(text: str, field: str = "phone") -> str:
    """A person's mobile number: 11 digits, without the country's 86 and whatever stands between the digits."""
    found = MOBILE.fullmatch("".join(unicodedata.normalize("NFKC", text).split()).replace("-", ""))
    if not found:
        raise BadInput(field, _("A mobile number has 11 digits and begins with 1."))
    return found[1]


def luhn_holds(digits: str) -> bool:
    """Whether the check digit of an ICCID or IMEI is right. Real cards fail it, so it only ever warns."""
    if not digits.isdecimal():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _matched(pattern: re.Pattern[str], text: str, field: str, expected: str | Promise) -> str:
    if SPREADSHEET_NUMBER.fullmatch(text):
        raise BadInput(
            field,
            _(
                "“{text}” was rounded by a spreadsheet and its last digits are lost; format the "
                "column as text and export again"
            ).format(text=text),
        )
    if not pattern.fullmatch(text):
        raise BadInput(field, _("“{text}” is not valid: {expected}").format(text=text, expected=expected))
    return text
