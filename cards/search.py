"""The search box: what somebody typed or pasted there means, and which index is asked for it.

Whole numbers are looked up by equality, the beginning of one as a range, the end of one as the beginning of its
reverse; everything else is the beginning of a customer's name. Nothing here scans the cards.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.errors import BadInput
from cards.identifiers import FIFTEEN_DIGITS, ICCID, MSISDN, SPREADSHEET_NUMBER
from cards.models import Card, Customer
from cards.querysets import BEHIND_ALL, Begins, CardQuerySet

MOST_NUMBERS = 10_000
LOOKED_UP = 10_000
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff'\"`"))
BETWEEN_NUMBERS = re.compile(r"[\s,;|、。]+")

# What a number that is typed without its end begins with tells which one it is; 11 digits are also a whole MSISDN.
BEGINNINGS = {
    "iccid": re.compile(r"8986[0-9A-Z]{0,14}"),
    "msisdn": re.compile(r"1[0-9]{0,11}"),
    "imsi": re.compile(r"460[0-9]{3,11}"),
}
# The same before a star, where there is no doubt that a beginning is meant.
BEFORE_STAR = {
    "iccid": re.compile(r"8986[0-9A-Z]{0,16}"),
    "msisdn": re.compile(r"1[0-9]*"),
    "imsi": re.compile(r"460[0-9]*"),
    "imei": re.compile(r"[0-9]+"),
}
COLUMNS_BY_KIND = {"iccid": ("iccid",), "msisdn": ("msisdn",), "imsi": ("imsi",), "imei": ("bound_imei", "seen_imei")}
WHOLE = re.compile(rf"{ICCID.pattern}|1[0-9]{{12}}|{FIFTEEN_DIGITS.pattern}")
END_OF_A_NUMBER = re.compile(r"[0-9]{3,20}")
END_BEHIND_STAR = re.compile(r"\*(?=.*[0-9])([0-9A-Z]{3,20})")
STARRED = re.compile(r"[0-9*]*\*[0-9*]*")
NO_NAME = re.compile(r"[0-9]{3,}")


@dataclass
class Numbers:
    """Whole numbers, of one card or of a pasted list, and what became of each once they were looked up.

    `card_ids` are the cards that they mean, each once, by whatever number and however often it was given.
    """

    numbers: list[str]
    matched: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    card_ids: list[int] = field(default_factory=list)

    @property
    def is_list(self) -> bool:
        return len(self.numbers) > 1

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        found = look_up(self.numbers)
        visible = set().union(*found.values())
        if cards.query.has_filters():  # Staff see every card, and nothing has to be asked.
            visible = set(cards.filter(pk__among=visible).values_list("pk", flat=True))
        for number in self.numbers:
            kind = (self.unknown, self.matched, self.ambiguous)[min(len(found[number] & visible), 2)]
            kind.append(number)
        self.card_ids = sorted(visible)
        return cards.filter(pk__among=self.card_ids)

    def sentence(self) -> str:
        count = len(self.numbers)
        text = ngettext("the card with the number {number}", "the cards with {count} numbers", count)
        return text.format(number=self.numbers[0], count=count)


@dataclass(frozen=True)
class Beginning:
    """The beginning of a number: of an ICCID, MSISDN, IMSI or IMEI, as `kind` says."""

    kind: str
    text: str

    @property
    def sorts_by(self) -> str | None:
        """The column whose index holds these cards side by side; None when there is more than one."""
        return self.kind if COLUMNS_BY_KIND[self.kind] == (self.kind,) else None

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        return _narrow(cards, COLUMNS_BY_KIND[self.kind], lambda column: Begins(column, self.text))

    def sentence(self) -> str:
        return _("cards whose {number} begins with {text}").format(number=self.kind.upper(), text=self.text)


@dataclass(frozen=True)
class Ending:
    """The end of a number: of an ICCID or an MSISDN."""

    text: str

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        backwards = self.text[::-1]
        return _narrow(cards, ("iccid", "msisdn"), lambda column: Begins(Reverse(column), backwards))

    def sentence(self) -> str:
        return _("cards whose number ends in {text}").format(text=self.text)


@dataclass(frozen=True)
class Name:
    """The name of a customer, or its beginning."""

    text: str

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        customers = list(Customer.objects.filter(Begins(F("name"), self.text)).values_list("pk", flat=True))
        if len(customers) == 1:
            return cards.filter(customer=customers[0])
        return cards.filter(customer__among=customers) if customers else cards.none()

    def sentence(self) -> str:
        return _("cards of customers whose name begins with “{text}”").format(text=self.text)


Sought: TypeAlias = Numbers | Beginning | Ending | Name


def understood(text: str) -> Sought | None:
    """What the text in the search box means: one of the classes above, or None when it is empty.

    Raises `BadInput` for more than `MOST_NUMBERS` numbers, and for a star in a number that tells neither its
    beginning nor its end.
    """
    numbers = numbers_in(text)
    if not numbers:
        return None
    if len(numbers) > MOST_NUMBERS:
        message = _("a search takes at most {most} numbers, not {count}")
        raise BadInput("q", message.format(count=len(numbers), most=MOST_NUMBERS))
    if len(numbers) > 1 and any(map(_columns_of, numbers)):
        return Numbers(numbers)
    lines = _lines(text)
    term = _one_term("".join(lines[0].split())) if len(lines) == 1 else None  # it may be written in groups
    if term:
        return term
    return Numbers(numbers) if all(map(NO_NAME.fullmatch, numbers)) else Name(text.strip(" \t*＊"))


def numbers_in(text: str) -> list[str]:
    """The numbers of a typed or pasted text, each once: half-width, in capitals, whatever stands between them."""
    return list(dict.fromkeys(number for line in _lines(text) for number in _numbers_of(line)))


def look_up(numbers: Iterable[str]) -> dict[str, set[int]]:
    """The ids of the cards that each of these whole numbers means: one statement, each part of it by an index."""
    found: dict[str, set[int]] = {number: set() for number in numbers}
    wanted: dict[str, list[tuple[str, str, str]]] = {}
    for number in numbers:
        for column in _columns_of(number):
            wanted.setdefault(column, []).extend(_rows(column, number))
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(*_statement(wanted))
            for number, card_id in cursor.fetchall():
                found[number].add(card_id)
    return found


def _one_term(number: str) -> Sought | None:
    """What one number means, whole or in part; None for what is no number."""
    for kind, beginning in BEGINNINGS.items():
        if beginning.fullmatch(number):
            return Beginning(kind, number)
    if WHOLE.fullmatch(number) or SPREADSHEET_NUMBER.fullmatch(number):
        return Numbers([number])
    if END_OF_A_NUMBER.fullmatch(number):
        return Ending(number)
    return _starred(number) if "*" in number else None


def _starred(number: str) -> Beginning | Ending | None:
    end = END_BEHIND_STAR.fullmatch(number)
    if end:
        return Ending(end[1])
    for kind, beginning in BEFORE_STAR.items():
        if number.endswith("*") and beginning.fullmatch(number[:-1]):
            return Beginning(kind, number[:-1])
    if STARRED.fullmatch(number):
        message = _(
            "“{text}” is ambiguous: write 1440* to match the beginning, or *157 to match the end (three digits or more)"
        )
        raise BadInput("q", message.format(text=number))
    return None


def _lines(text: str) -> list[str]:
    return unicodedata.normalize("NFKC", text).translate(INVISIBLE).upper().strip().splitlines()


def _numbers_of(line: str) -> Iterable[str]:
    """A number that was written in groups (`8986 0126 …`) is one number; otherwise what stands between separators."""
    whole = "".join(line.split())
    return [whole] if ICCID.fullmatch(whole) else filter(None, BETWEEN_NUMBERS.split(line))


def _columns_of(number: str) -> tuple[str, ...]:
    """The columns in which a whole number may stand; none for text that is no whole number."""
    if ICCID.fullmatch(number):
        return ("iccid",)
    if MSISDN.fullmatch(number):
        return ("msisdn",)
    return ("imsi", "bound_imei", "seen_imei") if FIFTEEN_DIGITS.fullmatch(number) else ()


def _rows(column: str, number: str) -> list[tuple[str, str, str]]:
    """(number, from, to) for the statement: a card of 20 characters is found by its first 19, and the reverse."""
    if column != "iccid":
        return [(number, number, number)]
    if len(number) == 19:
        return [(number, number, number + BEHIND_ALL)]
    return [(number, number, number), (number, number[:19], number[:19])]


# The numbers come as one value, and the cards are asked once for each of them, by the column's index. Left to
# itself, PostgreSQL reads the whole table for some thousand of them: `OFFSET 0` and `CROSS JOIN` leave it no choice.
ASKED = {
    "postgresql": """
        SELECT sought.number, card.id FROM unnest(%s::text[], %s::text[], %s::text[]) AS sought (number, low, high)
        CROSS JOIN LATERAL (SELECT id FROM {table} WHERE {column} {is_meant} AND NOT {column} = '' OFFSET 0) AS card
    """,
    "sqlite": """
        SELECT sought.number, card.id FROM (
            SELECT json_extract(value, '$[0]') AS number, json_extract(value, '$[1]') AS low,
            json_extract(value, '$[2]') AS high FROM json_each(%s)
        ) AS sought CROSS JOIN {table} AS card WHERE card.{column} {is_meant} AND NOT card.{column} = ''
    """,
}


def _statement(wanted: dict[str, list[tuple[str, str, str]]]) -> tuple[str, list[Any]]:
    """One SELECT for each column, all together."""
    parts: list[str] = []
    params: list[Any] = []
    for column, rows in wanted.items():
        is_meant = "BETWEEN sought.low AND sought.high" if column == "iccid" else "= sought.low"
        parts.append(ASKED[connection.vendor].format(table=Card._meta.db_table, column=column, is_meant=is_meant))
        params += map(list, zip(*rows, strict=True)) if connection.vendor == "postgresql" else [json.dumps(rows)]
    return " UNION ALL ".join(parts), params


def _narrow(cards: CardQuerySet, columns: tuple[str, ...], begins: Callable[[Any], Begins]) -> CardQuerySet:
    """The cards in one of whose columns it begins so, each column asked by its index.

    Where that may be one of two, the cards are looked up first: no database can tell beforehand how few they are, and
    would read the whole table in the order of the page instead. For very many that is right, and no index is offered.
    """
    conditions = [Q(begins(F(column))) & ~Q(**{column: ""}) for column in columns]
    if len(conditions) == 1:
        return cards.filter(*conditions)
    first, *others = (Card.objects.filter(condition).values_list("pk", flat=True) for condition in conditions)
    card_ids = list(first.union(*others, all=True)[: LOOKED_UP + 1])
    if len(card_ids) <= LOOKED_UP:
        return cards.filter(pk__among=sorted(set(card_ids)))
    return cards.filter(reduce(or_, (Q(begins(Coalesce(F(column), Value("")))) for column in columns)))
