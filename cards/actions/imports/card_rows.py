"""One row of a card file: its columns, how each is read, and what is wrong with it in itself."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from cards import identifiers
from cards.catalogue.parameters import read_choice, read_day, read_whole
from cards.catalogue.words import code_of
from cards.choices import Binding, Carrier, Certification, Hold, State
from cards.errors import BadInput
from cards.holds import Holds
from cards.models import Customer
from cards.phrases import listed
from cards.quantities import MB

OPENED_WITH = (
    "iccid",
    "msisdn",
    "imsi",
    "carrier",
    "customer",
    "certification",
    "opened_on",
    "test_months",
    "test_quota_mb",
    "plan",
    "binding",
    "imei",
)
# What only a card in service has: a row with a `state` is taken over instead of opened.
IN_SERVICE_COLUMNS = ("state", "activated_on", "service_until", "holds", "used_mb", "bound_imei")
CARD_FILE_COLUMNS = (*OPENED_WITH, *IN_SERVICE_COLUMNS)
DAYS = ("opened_on", "activated_on", "service_until")
REQUIRED = ("iccid", "carrier", "certification", "opened_on", "plan")

BETWEEN_HOLDS = re.compile(r"[,;|，；、]+")
LARGEST_USED_MB = 2**30


@dataclass(slots=True)
class CardRow:
    """One row of a card file, read and valid in itself. `given` are the columns that the file has."""

    number: int
    given: frozenset
    iccid: str
    carrier: str
    certification: str
    opened_on: date
    plan: str
    msisdn: str = ""
    imsi: str = ""
    customer: str = ""
    test_months: int = 0
    test_quota_mb: int = 0
    binding: str = Binding.NONE
    imei: str = ""
    state: str = ""
    activated_on: date | None = None
    service_until: date | None = None
    holds: str = ""
    used_mb: Decimal | None = None
    bound_imei: str = ""

    @property
    def hold_list(self):
        return Holds.read(self.holds)

    @property
    def used_bytes(self):
        return round((self.used_mb or 0) * MB)


def read_card_row(number, texts, today):
    """A `CardRow` of one row's texts by column, or `BadInput` that names the field."""
    for column in REQUIRED:
        if not texts.get(column):
            raise BadInput(column, _("a value is required"))
    values = {column: READERS[column](text) for column, text in texts.items() if text}
    row = CardRow(number, frozenset(texts), **values)
    if row.opened_on > today:
        raise BadInput("opened_on", _("{day} is in the future").format(day=row.opened_on))
    if len(row.customer) > Customer._meta.get_field("name").max_length:
        raise BadInput("customer", _("the customer name is too long"))
    if not row.test_months:
        row.test_quota_mb = 0
    elif not row.test_quota_mb:
        raise BadInput("test_quota_mb", _("a test period needs an allowance of 5 to 30 MB"))
    if row.binding == Binding.FIXED and not (row.imei or row.bound_imei):
        raise BadInput("imei", _("a card with a fixed device needs the IMEI of the device"))
    if row.imei and row.binding == Binding.NONE:
        raise BadInput("imei", _("a card without device binding has no IMEI; set the binding"))
    if not row.state and (name := next(filter(values.get, IN_SERVICE_COLUMNS), None)):
        raise BadInput("state", _("{column} is only for cards being taken over: give their state").format(column=name))
    return row


def _holds(text):
    """The holds by precedence, as the card keeps them; in the file in any order, with commas, semicolons or bars."""
    codes = set()
    for word in filter(None, map(str.strip, BETWEEN_HOLDS.split(text))):
        codes.update([code] if (code := code_of(Hold, word)) else map(_hold, word.split()))
    return str(Holds(codes))


def _hold(word):
    code = code_of(Hold, word)
    if code is None:
        message = _("“{text}” is not one of {codes}")
        raise BadInput("holds", message.format(text=word.lower(), codes=listed(Hold.values)))
    return code


def _used_mb(text):
    """MB as a decimal number."""
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,20})?", text, re.ASCII) or Decimal(text) > LARGEST_USED_MB:
        raise BadInput("used_mb", _("“{text}” is not a number of MB (0 or more)").format(text=text))
    return Decimal(text)


READERS = {
    "iccid": identifiers.iccid,
    "msisdn": identifiers.msisdn,
    "imsi": identifiers.imsi,
    "carrier": read_choice(Carrier, "carrier"),
    "customer": str,
    "certification": read_choice(Certification, "certification"),
    "opened_on": read_day("opened_on"),
    "test_months": read_whole("test_months", 0, 9),
    "test_quota_mb": read_whole("test_quota_mb", 5, 30),
    "plan": str,
    "binding": read_choice(Binding, "binding"),
    "imei": identifiers.imei,
    "state": read_choice(State, "state"),
    "activated_on": read_day("activated_on"),
    "service_until": read_day("service_until"),
    "holds": _holds,
    "used_mb": _used_mb,
    "bound_imei": lambda text: identifiers.imei(text, "bound_imei"),
}
