"""One row of a card file: its columns, how each is read, and what is wrong with it in itself."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from django.utils.translation import gettext as _

from cards import identifiers
from cards.catalogue.parameters import read_choice, read_day, read_whole
from cards.catalogue.words import code_of
from cards.choices import Binding, Carrier, Certification, Hold, State
from cards.errors import BadInput, BadRow
from cards.holds import Holds
from cards.models import Customer
from cards.names import read_customer_name
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
REMOVABLE = ("msisdn", "imsi", "customer")
ROW_COLUMNS = (*OPENED_WITH, *IN_SERVICE_COLUMNS, "account", "remove")
LAST_DAY_OF_SERVICE = "last_day_of_service"  # `service_until` as people say it
CARD_FILE_COLUMNS = (*ROW_COLUMNS, LAST_DAY_OF_SERVICE)
DAYS = ("opened_on", "activated_on", "service_until", LAST_DAY_OF_SERVICE)
REQUIRED = ("iccid", "carrier", "certification", "opened_on", "plan")

BETWEEN_HOLDS = re.compile(r"[,;|，；、]+")
LARGEST_USED_MB = 2**30
TEXTS_IN_MIND = 2_000


@dataclass(slots=True)
class CardRow:
    """One row of a card file, each of its cells readable. `given` are the columns in which it says something.

    `remove` are columns of a card that exists which are to be taken away.
    """

    number: int
    given: frozenset
    iccid: str
    carrier: str = ""
    certification: str = ""
    opened_on: date | None = None
    plan: str = ""
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
    account: str = ""
    remove: tuple = ()

    @property
    def hold_list(self):
        return Holds.read(self.holds)

    @property
    def used_bytes(self):
        return round((self.used_mb or 0) * MB)


def read_card_row(number, texts, today):
    """A `CardRow` of one row's texts by column, or `BadInput` (a `BadRow` where it is more) that names the fields."""
    values, faults = {}, []
    for column, text in texts.items():
        if text:
            try:
                values[column] = READERS[column](text)
            except BadInput as bad:
                faults.append(bad)
    if not texts.get("iccid"):
        faults.insert(0, BadInput("iccid", _("a value is required")))
    if last := values.pop(LAST_DAY_OF_SERVICE, None):
        until = last + timedelta(days=1)
        if values.setdefault("service_until", until) != until:
            faults.append(BadInput(LAST_DAY_OF_SERVICE, _("this is not the day before service_until")))
    opened_on = values.get("opened_on")
    if opened_on and opened_on > today:
        faults.append(BadInput("opened_on", _("{day} is in the future").format(day=opened_on)))
    for column in values.get("remove", ()):
        if column in values:
            message = _("{column} has a value in this row; leave one of the two empty")
            faults.append(BadInput("remove", message.format(column=column)))
    if faults:
        raise BadRow(faults)
    if values.get("test_months") == 0:
        values.pop("test_quota_mb", None)
    return CardRow(number, frozenset(values), **values)


def faults_as_new(row):
    """What is wrong with the row, in itself, if its card is a new one."""
    for column in REQUIRED:
        if not getattr(row, column):
            yield BadInput(column, _("a value is required"))
    if row.test_months and not row.test_quota_mb:
        yield BadInput("test_quota_mb", _("a test period needs an allowance of 5 to 30 MB"))
    if row.binding == Binding.FIXED and not (row.imei or row.bound_imei):
        yield BadInput("imei", _("a card with a fixed device needs the IMEI of the device"))
    if row.imei and row.binding == Binding.NONE:
        yield BadInput("imei", _("a card without device binding has no IMEI; set the binding"))
    if not row.state and (name := next(filter(row.given.__contains__, IN_SERVICE_COLUMNS), None)):
        yield BadInput("state", _("{column} is only for cards being taken over: give their state").format(column=name))


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


def _customer(text):
    name = read_customer_name(text)
    if len(name) > Customer._meta.get_field("name").max_length:
        raise BadInput("customer", _("the customer name is too long"))
    return name


def _removed(text):
    """The columns that are named, with the same signs between them as between holds."""
    named = text.lower().replace(" ", ",")
    for word in filter(None, BETWEEN_HOLDS.split(named)):
        if word not in REMOVABLE:
            message = _("“{text}” cannot be removed; these can: {columns}")
            raise BadInput("remove", message.format(text=word, columns=listed(REMOVABLE)))
    return tuple(column for column in REMOVABLE if column in BETWEEN_HOLDS.split(named))


# A file says few things, and those in many rows: what a text means is read once. Numbers of cards are no two the same.
_once = lru_cache(TEXTS_IN_MIND)

READERS = {
    "iccid": identifiers.iccid,
    "msisdn": identifiers.msisdn,
    "imsi": identifiers.imsi,
    "carrier": _once(read_choice(Carrier, "carrier")),
    "customer": _once(_customer),
    "certification": _once(read_choice(Certification, "certification")),
    "opened_on": _once(read_day("opened_on")),
    "test_months": _once(read_whole("test_months", 0, 9)),
    "test_quota_mb": _once(read_whole("test_quota_mb", 5, 30)),
    "plan": str,
    "binding": _once(read_choice(Binding, "binding")),
    "imei": identifiers.imei_if_any,
    "state": _once(read_choice(State, "state")),
    "activated_on": _once(read_day("activated_on")),
    "service_until": _once(read_day("service_until")),
    LAST_DAY_OF_SERVICE: _once(read_day(LAST_DAY_OF_SERVICE)),
    "holds": _once(_holds),
    "used_mb": _once(_used_mb),
    "bound_imei": lambda text: identifiers.imei_if_any(text, "bound_imei"),
    "account": str,
    "remove": _removed,
}
