"""The page for three in the morning: every alarm has its entry, in both languages, and what it names exists."""

import ast
import re

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from simportal.health import FULL, OF_MACHINE, PUBLIC
from tests.recipe.drill import ALARMS

pytestmark = pytest.mark.once

DOCS = settings.BASE_DIR / "docs"
PAGES = {"en": DOCS / "operations.md", "zh": DOCS / "zh" / "operations.md"}
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| \[(\w+)\]\(#(\w+)\) \| (?:`(\w+)`)? ?\|", re.MULTILINE)
LINE = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
ROOMS = ("cards", "billing", "simportal")
SAYS = {"error", "exception", "critical"}


def night(language):
    """Section 11 of the page."""
    return PAGES[language].read_text().partition("\n## 11 ")[2]


def entries(language):
    """The text of each alert's entry, by its name."""
    parts = re.split(r"^### (.+)$", night(language), flags=re.MULTILINE)
    return {name: text for name, text in zip(parts[1::2], parts[2::2], strict=True) if name.startswith("Simportal")}


def alerts():
    """The part that each alert asks, or None, by its name."""
    groups = yaml.safe_load((DOCS / "production" / "alerts.yml").read_text())["groups"]
    rules = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
    parts = {name: re.search(r'simportal_part_ok\{part="(\w+)"\}', expression) for name, expression in rules.items()}
    return {name: found and found[1] for name, found in parts.items()}


def lines_of_errors():
    """What the portal writes into the log as an error, with … for what is filled in."""
    for path in (path for room in ROOMS for path in (settings.BASE_DIR / room).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            is_logged = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in SAYS
            if is_logged and getattr(call.func.value, "id", "") == "logger":
                yield call.args[0].value.replace("%s", "…")


@pytest.mark.parametrize("language", PAGES)
def test_each_alert_has_an_entry_and_a_row_that_leads_there(language):
    rows = ROW.findall(night(language))
    assert [name for name, _anchor, _part in rows] == list(entries(language))
    assert all(anchor == name.lower() for name, anchor, _part in rows)
    assert {name for name, *_ in rows} == set(alerts())


@pytest.mark.parametrize("language", PAGES)
def test_each_part_of_the_full_answer_is_one_alert_of_the_table(language):
    parts = {name: part for name, _anchor, part in ROW.findall(night(language)) if part}
    assert sorted(parts.values()) == sorted(["database", "broker", *PUBLIC, *FULL, *OF_MACHINE])
    asked = {name: part for name, part in alerts().items() if part}
    assert {name: part for name, part in parts.items() if part not in ("database", "broker")} == asked


@pytest.mark.parametrize("language", PAGES)
def test_each_line_of_an_error_is_explained(language):
    assert sorted(LINE.findall(night(language).partition("SimportalFiguresMissing\n")[2])) == sorted(
        set(lines_of_errors())
    )


@pytest.mark.parametrize(
    ("language", "what"), [("en", ("**It means**", "**It is over**")), ("zh", ("**含义**", "**怎样算好了**"))]
)
def test_each_entry_says_what_it_means_and_when_it_is_over_and_has_a_command(language, what):
    lacking = [
        name
        for name, text in entries(language).items()
        if not (all(words in text for words in what) and BLOCK.search(text))
    ]
    assert lacking == []


def test_the_commands_are_the_same_in_both_languages():
    assert BLOCK.findall(night("en")) == BLOCK.findall(night("zh"))


def test_what_is_drilled_has_an_entry():
    assert {alarm.alert for alarm in ALARMS} <= set(entries("en"))


def test_each_command_and_unit_that_is_named_exists():
    script = "\n".join(BLOCK.findall(night("en")))
    ours = {path.name.removesuffix(".service") for path in (DOCS / "production").glob("simportal-*.*")}
    named = set(re.findall(r"\bsimportal-[a-z]+(?:\.socket|\.timer)?\b", script))
    assert named <= ours
    assert set(re.findall(r"\bsimportal (?!-c)(\w+)", script)) <= set(get_commands())
