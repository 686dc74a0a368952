"""What stands at the door of the repository is true: versions, addresses links, lines that a diff can show."""

import re
from datetime import date
from itertools import pairwise

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from simportal import __version__
from tests.build import member
from tests.console.pages import logged_in, of_role, text
from tests.my.pages import ENGLISH

pytestmark = pytest.mark.once

PROSE = [*settings.BASE_DIR.glob("*.md"), *settings.BASE_DIR.glob("docs/**/*.md")]
FOR_DEVELOPERS = [path for path in PROSE if "decisions" in path.parts or path.stem == "CONTRIBUTING"]
COLUMNS = 100

VERSION = re.compile(r"^## ([0-9]+)\.([0-9]+)\.([0-9]+) - ([0-9-]{10})$", re.MULTILINE)
NAMED_FILE = re.compile(r"`([\w./]+/[\w./]*)`")
LABEL = re.compile(r"【(.+?)】")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def named(path):
    return str(path.relative_to(settings.BASE_DIR))


def versions():
    """Of the changelog, in its order: (numbers, day)."""
    found = VERSION.findall((settings.BASE_DIR / "CHANGELOG.md").read_text())
    return [(tuple(map(int, numbers)), date.fromisoformat(day)) for *numbers, day in found]


def test_the_newest_version_of_the_changelog_is_the_codes():
    newest, _day = versions()[0]
    assert ".".join(map(str, newest)) == __version__


def test_the_newest_version_stands_first():
    assert all(later > earlier and on >= before for (later, on), (earlier, before) in pairwise(versions()))


@pytest.mark.django_db
def test_every_page_says_the_version_to_those_who_are_logged_in(client):
    foot = f"simportal {__version__}</p>"
    shown = {
        "console": foot in text(of_role("support").get("/console/", headers=ENGLISH)),
        "my": foot in text(logged_in(member()).get("/my/", headers=ENGLISH)),
        "login": __version__ in text(client.get("/admin/login/", headers=ENGLISH)),
    }
    assert shown == {"console": True, "my": True, "login": False}


def prose_of(source):
    """The lines that somebody has to wrap: no tables, no code, nothing that a link alone makes long."""
    lines = FENCED.sub("", source).splitlines()
    return [line for line in lines if not line.startswith("|") and not LINK.search(line)]


@pytest.mark.parametrize("path", PROSE, ids=named)
def test_prose_stands_in_lines_of_a_hundred(path):
    assert [line for line in prose_of(path.read_text()) if len(line) > COLUMNS] == []


@pytest.mark.parametrize("path", PROSE, ids=named)
def test_links_lead_to_what_there_is(path):
    within = [link for link in LINK.findall(path.read_text()) if not link.startswith(("http", "#"))]
    assert [link for link in within if not (path.parent / link.split("#")[0]).exists()] == []


@pytest.mark.parametrize("path", FOR_DEVELOPERS, ids=named)
def test_files_that_are_named_exist(path):
    found = NAMED_FILE.findall(path.read_text())
    assert [name for name in found if not (settings.BASE_DIR / name).exists()] == []


def test_the_index_of_decisions_names_each():
    folder = settings.BASE_DIR / "docs" / "decisions"
    listed = LINK.findall((folder / "README.md").read_text())
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [link for link in listed if link[0].isdigit()] == decisions


def catalogue():
    with (settings.BASE_DIR / "simportal/locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        return list(read_po(file))


def test_the_tour_names_pages_as_they_are_called():
    """In the ten minutes, what is in bold is a label."""
    readme = (settings.BASE_DIR / "README.md").read_text()
    tour = readme[readme.index("## Ten minutes") : readme.index("## The life of a card")]
    named_in_it = re.findall(r"\*\*(.+?)\*\*", tour)
    assert set(named_in_it) - {message.id for message in catalogue()} == set()
    assert len(named_in_it) > 10


def labels():
    """What Chinese pages can say, with … for what differs from page to page."""
    said = [text for message in catalogue() for text in forms_of(message.string)]
    return {PLACEHOLDER.sub("…", text).replace("%%", "%").strip() for text in said}


def forms_of(string):
    return [string] if isinstance(string, str) else string


@pytest.mark.parametrize("path", sorted((settings.BASE_DIR / "docs" / "zh").glob("*.md")), ids=named)
def test_the_manual_quotes_labels_as_pages_show_them(path):
    quoted = LABEL.findall(path.read_text())
    assert sorted(set(quoted) - labels()) == []


def test_the_manual_quotes_labels_at_all():
    assert len(LABEL.findall((settings.BASE_DIR / "docs" / "zh" / "manual.md").read_text())) > 100
