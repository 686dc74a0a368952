"""Names of customers as people write them: when two are the same, when one may mean another, when it is none."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.phrases import on_one_line

LONGEST_KEY = 255
LONGEST_OF_REGISTERED = 60  # of what a person who registered is called, and of their login: both fit into a name
REGISTERED_MARK = re.compile(r"\s@\S+$")
NAMES_IN_MIND = 10_000  # a file names few customers in many rows
NEAREST_SHOWN = 3

# What a spreadsheet shows where a formula failed or a column is too narrow.
ERROR_IN_A_SPREADSHEET = re.compile(r"#(N/A|N/D|[A-Z_/0]+[!?])|#+|#[A-Z]+_[A-Z]+|ERR:\d+", re.IGNORECASE)
PLACEHOLDERS = frozenset(
    {
        *("null", "nil", "none", "n/a", "na", "n.a.", "nan", "undefined", "unknown", "empty", "blank", "tbd", "ditto"),
        *("无", "暂无", "没有", "空", "空白", "未知", "不详", "待定", "未填", "未定", "未填写", "未分配", "不适用"),
        *("同上", "客户", "客户名称", "customer", "customer name"),
    }
)

# What companies are called besides their name, and where they are: it tells nobody which company is meant.
LEGAL_FORMS = re.compile(
    r"(股份有限公司|有限责任公司|集团有限公司|有限公司|分公司|公司|集团|"
    r"\b(co|ltd|limited|inc|incorporated|corp|corporation|company|llc|plc|gmbh|ag|pty|sa|bv)\b)"
)
NUMBERING = re.compile(r"\d+|(?<![a-z])[a-z](?![a-z])")
SHORTEST_PART = 2  # of a name, in Chinese characters; in others twice as many
SHORTEST_WITH_A_SLIP = 4


@lru_cache(NAMES_IN_MIND)
def tidy_name(text: str) -> str:
    """The name as it is kept: on one line, with one blank between words and nothing that no screen shows."""
    return " ".join("".join(char for char in on_one_line(text) if unicodedata.category(char) != "Cf").split())


@lru_cache(NAMES_IN_MIND)
def name_key(name: str) -> str:
    """What two names have in common that are the same, whatever the width, the case and the blanks of their letters."""
    key = " ".join(unicodedata.normalize("NFKC", tidy_name(name)).casefold().split())
    return (key or name)[:LONGEST_KEY]


def registered_name(person: str, login: str, number: int = 1) -> str:
    """What the customer is called whom a person makes by registering: it ends in a mark, as no other customer's does.

    So nobody takes a firm's name by registering, and a file that names the firm never means them. The `number` tells
    apart what would be the same.
    """
    login = "".join(tidy_name(login).split())[:LONGEST_OF_REGISTERED] + (f"~{number}" if number > 1 else "")
    called = tidy_name(person)[:LONGEST_OF_REGISTERED].strip()
    return f"{called or login} @{login}"


def is_registered_name(name: str) -> bool:
    """Whether a name ends in the mark of those who registered here."""
    return bool(REGISTERED_MARK.search(name_key(name)))


def read_customer_name(text: str) -> str:
    """A customer's name from a file; `BadInput` for what a failed look-up or an empty form leaves in its place."""
    name, key = tidy_name(text), name_key(text)
    if ERROR_IN_A_SPREADSHEET.fullmatch(key):
        message = _("“{text}” is an error of the spreadsheet, not a customer's name")
        raise BadInput("customer", message.format(text=name))
    if key.strip("()[]<>{}【】") in PLACEHOLDERS or not re.search(r"[^\W_0]", key):
        message = _("“{text}” is not a customer's name; leave the cell empty for a card in stock")
        raise BadInput("customer", message.format(text=name))
    return name


class Likeness:
    """Which of many names may be meant by another one that is not among them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.bodies: dict[str, list[str]] = defaultdict(list)
        self.slips: dict[str, set[str]] = defaultdict(set)
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        body = _body(name)
        if body not in self.bodies:
            for slip in _with_a_letter_less(body):
                self.slips[slip].add(body)
        self.bodies[body].append(name)

    def near(self, name: str) -> list[str]:
        """Names that are this one but for signs and the legal form, are a part of it or it of them, or are a slip away.

        Numbers tell names apart: 客户1 is not meant for 客户2.
        """
        body = _body(name)
        alike = {other for slip in (body, *_with_a_letter_less(body)) for other in self.slips.get(slip, ())}
        alike |= self.bodies.keys() & set(_with_a_letter_less(body))
        is_long = len(body) >= _shortest_part(body)
        alike |= {
            other
            for other in self.bodies
            if (is_long and body in other) or (other in body and len(other) >= _shortest_part(other))
        }
        numbers = _numbers(name)
        found = (other for body in sorted(alike | {body}) for other in self.bodies.get(body, ()))
        return list(islice((other for other in found if other != name and _numbers(other) == numbers), NEAREST_SHOWN))


def _body(name: str) -> str:
    key = name_key(name)
    letters = "".join(filter(str.isalnum, LEGAL_FORMS.sub("", key)))
    return letters or "".join(filter(str.isalnum, key)) or key


def _numbers(name: str) -> list[str]:
    return NUMBERING.findall(LEGAL_FORMS.sub("", name_key(name)))


def _shortest_part(body: str) -> int:
    return SHORTEST_PART if any(char > "\u2e80" for char in body) else 2 * SHORTEST_PART


def _with_a_letter_less(body: str) -> Iterator[str]:
    """Two words have one of these in common, or one is among the other's, where a letter was mistyped or forgotten."""
    if len(body) >= SHORTEST_WITH_A_SLIP:
        yield from (body[:place] + body[place + 1 :] for place in range(len(body)))
