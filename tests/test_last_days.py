"""Days are said as people say them: the last day on which something holds, not the first on which it does not.

What programs read (JSON, the CSV for other portals, the column `service_until` of a card file) keeps the first day
without, letter for letter. Here the source is read, so that no page, notice or file for people shows that day.
"""

import ast
import re
from datetime import date

import pytest
from django.conf import settings

from cards.calendar import last_day
from cards.columns.declared import COLUMNS
from cards.columns.kinds import LastDay
from cards.templatetags.cards import last_day_or_none

pytestmark = pytest.mark.once

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html")) + sorted(
    (settings.BASE_DIR / "templates").rglob("*.txt")
)
# In these rooms of the house people's sentences are made.
SPOKEN = [
    path
    for room in ("cards", "billing", "simportal")
    for path in sorted((settings.BASE_DIR / room).rglob("*.py"))
    if "migrations" not in path.parts and "actions" not in path.parts
]
SHOWN_END = re.compile(r"(\w+(?:\.\w+)*(?:_until|\.until))\s*\|(?!last_day)")
# Instants, said to the minute, and a place in a drawing.
INSTANTS = ("kept_until", "former_until", "leased_until", "lease_until", "invitation.until", "self.until", "mark_until")


def ends_shown(text):
    """What a template shows of an exclusive end without making it the last day."""
    return [name for name in SHOWN_END.findall(text) if not name.endswith(INSTANTS)]


def ends_said(tree):
    """What is put into a sentence by `format` or an f-string, and is an exclusive end as it stands."""
    for node in ast.walk(tree):
        put = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            put = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.FormattedValue):
            put = [node.value]
        for value in put:
            name = ast.unparse(value)
            if name.endswith(("_until", ".until")) and not name.endswith(INSTANTS):
                yield name, value.lineno


def test_a_template_shows_the_last_day():
    found = {str(path): ends_shown(path.read_text()) for path in TEMPLATES}
    assert {path: names for path, names in found.items() if names} == {}
    assert ends_shown('{{ card.service_until|date:"Y-m-d" }} {{ meter.until|unbroken }}') == [
        "card.service_until",
        "meter.until",
    ]
    assert ends_shown('{{ card.service_until|last_day|date:"Y-m-d" }} {{ job.kept_until|date:"H:i" }}') == []


# The day on which the next term starts is the first day without the running one.
IS_A_START = {"cards/sentences/terms.py": ["card.service_until"]}


def test_a_sentence_says_the_last_day():
    found = {}
    for path in SPOKEN:
        name = str(path.relative_to(settings.BASE_DIR))
        said = [end for end, _line in ends_said(ast.parse(path.read_text()))]
        if said != IS_A_START.get(name, []):
            found[name] = said
    assert found == {}
    assert [end for end, _line in ends_said(ast.parse('f"{card.service_until}"'))] == ["card.service_until"]
    assert [end for end, _line in ends_said(ast.parse('_("{day}").format(day=term.until)'))] == ["term.until"]


def test_a_column_for_people_has_the_last_day():
    ends = [column for column in COLUMNS if column.source.endswith("_until")]
    assert [(column.name, type(column)) for column in ends] == [("service_until", LastDay), ("test_until", LastDay)]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        (date(2026, 4, 1), date(2026, 3, 31)),
        (date(2028, 3, 1), date(2028, 2, 29)),
        (date(2027, 1, 1), date(2026, 12, 31)),
    ],
)
def test_the_last_day_is_the_day_before_the_first_without(until, last):
    assert (last_day(until), last_day_or_none(until), last_day_or_none(None)) == (last, last, None)
