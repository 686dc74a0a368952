"""The search box: what somebody typed or pasted there means, and which index is asked for it.

Whole numbers are looked up by equality, the beginning of one as a range, the end of one as the beginning of its
reverse; everything else stands in a customer's name, in a remark or is a tag. Nothing here scans the cards: names and
remarks are read through, the remarks in an index of those cards alone that have one.

What may be meant in two ways is looked for in one, and where that finds nothing in the other: four to six digits are
the end of a number, or else its beginning; 14 and 16 digits are a device's, or else the end of a number. That is for
one number in the box; in a list what is no whole number is unknown.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import or_
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.errors import BadInput
from cards.identifiers import (
    FIFTEEN_DIGITS,
    FILLER,
    ICCID,
    IMEI,
    MSISDN,
    OUR_ADDRESS,
    SPREADSHEET_NUMBER,
    bare,
    called_nothing,
    canonical,
    device,
    without_country,
    without_filler,
)
from cards.lookup import customers_called, with_numbers_of_labels
from cards.models import Card, CardTag, Tag
from cards.querysets import BEHIND_ALL, BOUND_ELSEWHERE, Begins, CardQuerySet

MOST_NUMBERS = 10_000
LOOKED_UP = 10_000
BETWEEN_NUMBERS = re.compile(r"[\s,;|、。]+")
BETWEEN_IN_ONE_WORD = re.compile(r"[/\\]+")  # in an address it stands too

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
IMEI_COLUMNS = COLUMNS_BY_KIND["imei"]
WHOLE = re.compile(rf"{ICCID.pattern}|1[0-9]{{12}}|{FIFTEEN_DIGITS.pattern}")
ENDS_OF = ("iccid", "msisdn")
LEAST_END = 3
END_OF_A_NUMBER = re.compile(r"[0-9]{3,20}")
END_OR_BEGINNING = re.compile(r"[0-9]{4,6}")
DEVICE_OR_END = re.compile(r"[0-9]{14}|[0-9]{16}")
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
        if not _are_all(cards):
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
    """The beginning of a number: of an ICCID, MSISDN, IMSI or IMEI, as `kind` says; `instead_of` what was not found."""

    kind: str
    text: str
    instead_of: "Beginning | Ending | None" = None

    @property
    def sorts_by(self) -> str | None:
        """The column whose index holds these cards side by side; None when there is more than one."""
        return self.kind if COLUMNS_BY_KIND[self.kind] == (self.kind,) else None

    def begins(self, column: Any) -> Begins:
        return Begins(column, device(self.text) if self.kind == "imei" else self.text)

    @cached_property
    def looked_up(self) -> list[int] | None:
        return _looked_up(COLUMNS_BY_KIND[self.kind], self.begins)

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        columns = COLUMNS_BY_KIND[self.kind]
        if len(columns) == 1:
            return cards.filter(_begins_so(columns[0], self.begins))
        return _narrowed(cards, columns, self.begins, self.looked_up)

    def sentence(self) -> str:
        sentence = _("cards whose {number} begins with {text}").format(number=self.kind.upper(), text=self.text)
        return _instead(sentence, self.instead_of)


@dataclass(frozen=True)
class Ending:
    """The end of a number: of an ICCID or an MSISDN; `instead_of` what was not found."""

    text: str
    instead_of: "Beginning | Ending | None" = None

    def begins(self, column: Any) -> Begins:
        return Begins(Reverse(column), self.text[::-1])

    @cached_property
    def looked_up(self) -> list[int] | None:
        return _looked_up(ENDS_OF, self.begins)

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        return _narrowed(cards, ENDS_OF, self.begins, self.looked_up)

    def sentence(self) -> str:
        return _instead(_("cards whose number ends in {text}").format(text=self.text), self.instead_of)


@dataclass(frozen=True)
class TwoReadings:
    """What may be the beginning of a number or the end of one: the `first`, or the other where that finds nothing."""

    first: Beginning | Ending
    second: Beginning | Ending

    def taken(self, cards: CardQuerySet) -> Beginning | Ending:
        """The reading that is taken for these cards."""
        is_found = self.first.looked_up != [] if _are_all(cards) else self.first.narrow(cards).exists()
        return self.first if is_found else replace(self.second, instead_of=self.first)


@dataclass(frozen=True)
class WordsSought:
    """What stands in a customer's name; and where notes are looked at too, in a remark, or what is a tag."""

    text: str
    also_notes: bool = True
    also_names: bool = True

    def narrow(self, cards: CardQuerySet) -> CardQuerySet:
        conditions = list(self._conditions())
        if len(conditions) < 2:
            return cards.filter(*conditions) if conditions else cards.none()
        each = [
            Card.objects.filter(condition).values_list("pk", flat=True)[: LOOKED_UP + 1] for condition in conditions
        ]
        card_ids = set().union(*each)
        if len(card_ids) <= LOOKED_UP:
            return cards.filter(pk__among=sorted(card_ids))
        return cards.filter(reduce(or_, conditions))

    def sentence(self) -> str:
        if not self.also_names:
            sentence = _("cards with “{text}” in their remark, or as a tag")
        elif self.also_notes:
            sentence = _("cards with “{text}” in their customer's name or their remark, or as a tag")
        else:
            sentence = _("cards of customers with “{text}” in their name")
        return sentence.format(text=self.text)

    def _conditions(self) -> Iterator[Q]:
        """One for each place where there is something: a database reads each by its index."""
        called = customers_called(self.text).values_list("pk", "merged_into") if self.also_names else ()
        if customers := list({merged or key for key, merged in called}):
            yield Q(customer=customers[0]) if len(customers) == 1 else Q(customer__among=customers)
        if not self.also_notes:
            return
        if tag := Tag.objects.filter(name=self.text).first():
            yield Q(pk__in=CardTag.objects.filter(tag=tag).values("card"))
        remarked = ~Q(remark="") & Q(remark__icontains=self.text)
        card_ids = list(Card.objects.filter(remarked).values_list("pk", flat=True)[: LOOKED_UP + 1])
        if card_ids:
            yield remarked if len(card_ids) > LOOKED_UP else Q(pk__among=sorted(card_ids))


Sought: TypeAlias = Numbers | Beginning | Ending | WordsSought


def understood(text: str) -> Sought | TwoReadings | None:
    """What the text in the search box means: one of the classes above, or None when it is empty.

    Raises `BadInput` for more than `MOST_NUMBERS` numbers, and for a star in a number that tells neither its
    beginning nor its end.
    """
    text = with_numbers_of_labels(text)
    numbers = numbers_in(text)
    if not numbers:
        return None
    if len(numbers) > MOST_NUMBERS:
        message = _("a search takes at most {most} numbers, not {count}")
        raise BadInput("q", message.format(count=len(numbers), most=MOST_NUMBERS))
    if len(numbers) > 1 and any(map(_columns_of, numbers)):
        return Numbers(numbers)
    lines = _lines(text)
    term = _one_term(_as_one(lines[0])) if len(lines) == 1 else None
    if term:
        return term
    return Numbers(numbers) if all(map(NO_NAME.fullmatch, numbers)) else WordsSought(text.strip(" \t*＊"))


def numbers_in(text: str) -> list[str]:
    """The numbers of a typed or pasted text, each once and in canonical form, whatever stands between them."""
    lines = _lines(with_numbers_of_labels(text))
    return list(dict.fromkeys(number for line in lines for number in _numbers_of(line)))


def look_up(numbers: Iterable[str]) -> dict[str, set[int]]:
    """The ids of the cards that each of these whole numbers means: one statement, each part of it by an index."""
    found: dict[str, set[int]] = {number: set() for number in numbers}
    itself: dict[str, set[int]] = {}
    wanted: dict[str, list[tuple[str, str, str]]] = {}
    for number in numbers:
        for column in _columns_of(number):
            wanted.setdefault(column, []).extend(_rows(column, number))
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(*_statement(wanted))
            for number, card_id, is_itself in cursor.fetchall():
                found[number].add(card_id)
                if is_itself and len(number) == 20:
                    itself[number] = {card_id}
    return found | itself


def _one_term(number: str) -> Sought | TwoReadings | None:
    """What one number means, whole or in part; None for what is no number."""
    if END_OR_BEGINNING.fullmatch(number):
        kind = next(kind for kind, beginning in BEFORE_STAR.items() if beginning.fullmatch(number))
        return TwoReadings(Ending(number), Beginning(kind, number))
    for kind, beginning in BEGINNINGS.items():
        if beginning.fullmatch(number):
            return Beginning(kind, number)
    if WHOLE.fullmatch(number) or SPREADSHEET_NUMBER.fullmatch(number):
        return Numbers([number])
    if DEVICE_OR_END.fullmatch(number):
        return TwoReadings(Beginning("imei", device(number)), Ending(number))
    if END_OF_A_NUMBER.fullmatch(number):
        return Ending(number)
    return _starred(number) if "*" in number else None


def _starred(number: str) -> Beginning | Ending | TwoReadings | None:
    end = END_BEHIND_STAR.fullmatch(number)
    if end and len(end[1]) > LEAST_END and end[1].endswith(FILLER):
        return TwoReadings(Ending(end[1]), Ending(end[1].removesuffix(FILLER)))
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


def _instead(sentence: str, of: Beginning | Ending | None) -> str:
    """The sentence of what was taken, and of what was looked for before it and not found."""
    return _("{taken} (there are no {not_found})").format(taken=sentence, not_found=of.sentence()) if of else sentence


def _lines(text: str) -> list[str]:
    return [line for line in map(bare, text.splitlines()) if line]


def _as_one(line: str) -> str:
    """A line as one number, which may be written in groups. 15 digits that begin with 86 may be a device's too."""
    if "*" in line:
        return "".join(line.split())
    number = canonical(line)
    return number if FIFTEEN_DIGITS.fullmatch(number) else without_filler(without_country(number))


def _numbers_of(line: str) -> list[str]:
    """A number that was written in groups (`8986 0126 …`) is one number; otherwise what stands between separators."""
    pieces = [piece for word in BETWEEN_NUMBERS.split(line) if word for piece in _pieces(word)]
    numbers = [_as_one(piece) for piece in pieces if any(map(str.isalnum, called_nothing(piece)))]
    whole = _as_one(line)
    if _columns_of(whole) and not any(map(_columns_of, numbers)):
        return [whole]
    return numbers or pieces


def _pieces(word: str) -> list[str]:
    return [word] if OUR_ADDRESS.fullmatch(word) else list(filter(None, BETWEEN_IN_ONE_WORD.split(word)))


def _columns_of(number: str) -> tuple[str, ...]:
    """The columns in which a whole number may stand; none for text that is no whole number."""
    if ICCID.fullmatch(number):
        return ("iccid",)
    if MSISDN.fullmatch(number):
        return ("msisdn",)
    if FIFTEEN_DIGITS.fullmatch(number):
        with_country = ("msisdn",) if without_country(number) != number else ()
        return ("imsi", *IMEI_COLUMNS, *with_country)
    return IMEI_COLUMNS if IMEI.fullmatch(number) else ()


def _rows(column: str, number: str) -> list[tuple[str, str, str]]:
    """(number, from, to) for the statement.

    A card of 20 characters is found by its first 19, and the reverse; a device by its first 14 digits; an MSISDN also
    with its country in front, where that makes it look like another number.
    """
    if column == "iccid" and len(number) == 19:
        return [(number, number, number + BEHIND_ALL)]
    if column == "iccid":
        return [(number, number, number), (number, number[:19], number[:19])]
    if column == "msisdn":
        return [(number, without_country(number), "")]
    if column == "imsi":
        return [(number, number, "")]
    return [(number, device(number), device(number) + BEHIND_ALL)]


# The numbers come as one value, and the cards are asked once for each of them, by the column's index. Left to
# itself, PostgreSQL reads the whole table for some thousand of them: `OFFSET 0` and `CROSS JOIN` leave it no choice.
ASKED = {
    "postgresql": """
        SELECT sought.number, card.id, card.found = sought.number
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS sought (number, low, high)
        CROSS JOIN LATERAL (
            SELECT id, {column} AS found FROM {table} WHERE {column} {is_meant} AND {is_indexed} OFFSET 0
        ) AS card
    """,
    "sqlite": """
        SELECT sought.number, card.id, card.{column} = sought.number FROM (
            SELECT json_extract(value, '$[0]') AS number, json_extract(value, '$[1]') AS low,
            json_extract(value, '$[2]') AS high FROM json_each(%s)
        ) AS sought CROSS JOIN {table} AS card WHERE card.{column} {is_meant} AND {is_indexed}
    """,
}
IS_INDEXED = {"bound_imei": "NOT bound_imei = '' AND NOT bound_imei = seen_imei"}  # BOUND_ELSEWHERE, in SQL


def _statement(wanted: dict[str, list[tuple[str, str, str]]]) -> tuple[str, list[Any]]:
    """One SELECT for each column, all together."""
    parts: list[str] = []
    params: list[Any] = []
    for column, rows in wanted.items():
        is_meant = "= sought.low" if column in ("msisdn", "imsi") else "BETWEEN sought.low AND sought.high"
        is_indexed = IS_INDEXED.get(column, f"NOT {column} = ''")
        asked = {"table": Card._meta.db_table, "column": column, "is_meant": is_meant, "is_indexed": is_indexed}
        parts.append(ASKED[connection.vendor].format_map(asked))
        params += map(list, zip(*rows, strict=True)) if connection.vendor == "postgresql" else [json.dumps(rows)]
    return " UNION ALL ".join(parts), params


def _are_all(cards: CardQuerySet) -> bool:
    """Staff see every card, and nothing has to be asked."""
    return not cards.query.has_filters()


def _begins_so(column: str, begins: Callable[[Any], Begins]) -> Q:
    return Q(begins(F(column))) & (BOUND_ELSEWHERE if column == "bound_imei" else ~Q(**{column: ""}))


def _looked_up(columns: tuple[str, ...], begins: Callable[[Any], Begins]) -> list[int] | None:
    """The cards in one of whose columns it begins so, each column asked by its index; None where they are very many.

    They are looked up first because no database can tell beforehand how few they are, and would read the whole table in
    the order of the page instead.
    """
    each = (Card.objects.filter(_begins_so(column, begins)).values_list("pk", flat=True) for column in columns)
    first, *others = each
    card_ids = list(first.union(*others, all=True)[: LOOKED_UP + 1])
    return sorted(set(card_ids)) if len(card_ids) <= LOOKED_UP else None


def _narrowed(
    cards: CardQuerySet, columns: tuple[str, ...], begins: Callable[[Any], Begins], looked_up: list[int] | None
) -> CardQuerySet:
    """Those of `cards` that were looked up. For very many, reading the table is right, and no index is offered."""
    if looked_up is None:
        return cards.filter(reduce(or_, (Q(begins(Coalesce(F(column), Value("")))) for column in columns)))
    return cards.filter(pk__among=looked_up) if looked_up else cards.none()
