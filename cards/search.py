"""The search box: what somebody typed or pasted there means, and which index is asked for it.

A whole number is looked up by equality, the beginning of one as a range, everything else is a customer's name:
nothing here scans the cards.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.identifiers import FIFTEEN_DIGITS, ICCID, MSISDN, SPREADSHEET_NUMBER
from cards.models import Card, Customer

MOST_NUMBERS = 1_000
BEHIND_ALL = "~"  # sorts after every digit and letter that an identifier can have
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff'\"`"))
BETWEEN_NUMBERS = re.compile(r"[\s,;|、。]+")
ICCID_BEGINNING = re.compile(r"8986[0-9A-Z]{0,14}")  # nothing else begins so
DIGITS = re.compile(r"[0-9]{1,12}")  # 11 are a whole MSISDN, and also how one of 13 begins


@dataclass
class Numbers:
    """Whole numbers, of one card or of a pasted list, and what became of each once they were looked up."""

    numbers: list
    matched: list = field(default_factory=list)
    ambiguous: list = field(default_factory=list)
    unknown: list = field(default_factory=list)

    @property
    def is_list(self):
        return len(self.numbers) > 1

    def narrow(self, cards):
        found = look_up(self.numbers)
        visible = set().union(*found.values())
        if cards.query.has_filters():  # Staff see every card, and nothing has to be asked.
            visible = set(cards.filter(pk__in=visible).values_list("pk", flat=True))
        for number in self.numbers:
            kind = (self.unknown, self.matched, self.ambiguous)[min(len(found[number] & visible), 2)]
            kind.append(number)
        return cards.filter(pk__in=visible)


@dataclass(frozen=True)
class Beginning:
    """The beginning of an ICCID or MSISDN."""

    column: str
    text: str

    def narrow(self, cards):
        return cards.filter(_has_a_value(self.column), Q(**_range(self.column, self.text)))


@dataclass(frozen=True)
class Name:
    """The name of a customer, or its beginning."""

    text: str

    def narrow(self, cards):
        return cards.filter(customer__in=Customer.objects.filter(name__startswith=self.text))


def understood(text):
    """What the text in the search box means: `Numbers`, the `Beginning` of one, or a `Name`; None when it is empty."""
    numbers = numbers_in(text)
    if not numbers:
        return None
    if len(numbers) > MOST_NUMBERS:
        message = _("{count} numbers are too many for one search: at most {most}")
        raise BadInput("q", message.format(count=len(numbers), most=MOST_NUMBERS))
    if len(numbers) == 1:
        return _one_term(numbers[0], text)
    return Numbers(numbers) if any(map(_columns_of, numbers)) else Name(text.strip())


def numbers_in(text):
    """The numbers of a typed or pasted text, each once: half-width, in capitals, whatever stands between them."""
    lines = unicodedata.normalize("NFKC", text).translate(INVISIBLE).upper().splitlines()
    return list(dict.fromkeys(number for line in lines for number in _numbers_of(line)))


def look_up(numbers):
    """The ids of the cards that each of these whole numbers means: one statement, each part of it by an index."""
    found = {number: set() for number in numbers}
    wanted = {}
    for number in numbers:
        for column in _columns_of(number):
            wanted.setdefault(column, []).extend(_rows(column, number))
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(*_statement(wanted))
            for number, card_id in cursor.fetchall():
                found[number].add(card_id)
    return found


def _one_term(number, text):
    if ICCID_BEGINNING.fullmatch(number):
        return Beginning("iccid", number)
    if DIGITS.fullmatch(number):
        return Beginning("msisdn", number)
    if _columns_of(number) or SPREADSHEET_NUMBER.fullmatch(number):
        return Numbers([number])
    return Name(text.strip())


def _numbers_of(line):
    """A number that was written in groups (`8986 0126 …`) is one number; otherwise what stands between separators."""
    whole = "".join(line.split())
    return [whole] if ICCID.fullmatch(whole) else filter(None, BETWEEN_NUMBERS.split(line))


def _columns_of(number):
    """The columns in which a whole number may stand; none for text that is no whole number."""
    if ICCID.fullmatch(number):
        return ("iccid",)
    if MSISDN.fullmatch(number):
        return ("msisdn",)
    return ("imsi", "bound_imei", "seen_imei") if FIFTEEN_DIGITS.fullmatch(number) else ()


def _rows(column, number):
    """(number, from, to) for the statement: a card of 20 characters is found by its first 19, and the reverse."""
    if column != "iccid":
        return [(number, number, number)]
    if len(number) == 19:
        return [(number, number, number + BEHIND_ALL)]
    return [(number, number, number), (number, number[:19], number[:19])]


def _statement(wanted):
    """One SELECT for each column, all together; the numbers come as a table, so that a thousand are still one plan."""
    table, parts, params = Card._meta.db_table, [], []
    for column, rows in wanted.items():
        marks = ", ".join(["(%s, %s, %s)"] * len(rows))
        is_meant = "BETWEEN asked.low AND asked.high" if column == "iccid" else "= asked.low"
        parts.append(
            f"SELECT asked.number, card.id FROM (SELECT column1 AS number, column2 AS low, column3 AS high "
            f"FROM (VALUES {marks}) AS given) AS asked "
            f"JOIN {table} AS card ON card.{column} {is_meant} AND NOT card.{column} = ''"
        )
        params += [value for row in rows for value in row]
    return " UNION ALL ".join(parts), params


def _range(column, text):
    return {f"{column}__gte": text, f"{column}__lt": text + BEHIND_ALL}


def _has_a_value(column):
    """The condition of the column's index, said so that the database sees that it may use it."""
    return ~Q(**{column: ""})
