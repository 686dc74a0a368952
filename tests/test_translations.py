"""Every string of ours exists in Chinese, whole and up to date."""

import re
from collections import Counter

import polib
import pytest
from django.conf import settings
from django.test import override_settings

from simportal.translations import SOURCES, catalogue, found

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


@pytest.fixture(scope="module")
def chinese():
    return polib.pofile(str(catalogue()))


def key(entry):
    return entry.msgctxt, entry.msgid, entry.msgid_plural


def test_the_catalogue_holds_exactly_the_strings_of_code_and_templates(chinese):
    """`make messages` brings it in step."""
    assert {key(entry) for entry in chinese} == {key(entry) for entry in found()}


def test_every_string_is_translated(chinese):
    lacking = chinese.untranslated_entries() + chinese.fuzzy_entries() + chinese.obsolete_entries()
    assert [entry.msgid for entry in lacking] == []


def test_placeholders_are_the_same_on_both_sides(chinese):
    different = [
        entry.msgid
        for entry in chinese
        for english, translated in pairs(entry)
        if Counter(PLACEHOLDER.findall(english)) != Counter(PLACEHOLDER.findall(translated))
    ]
    assert different == []


def test_a_message_is_found_however_deep_its_folder_lies(tmp_path):
    files = {
        "cards/carriers/outbox/words.py": """_("Sent to the carrier")""",
        "simportal/api/errors.txt": """{% load i18n %}{% translate "No such key" %}""",
        "templates/console/carriers/row/_state.html": """{% load i18n %}{% translate "Answered" %}""",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    with override_settings(BASE_DIR=tmp_path):
        where = {entry.msgid: [path for path, _line in entry.occurrences] for entry in found()}
    messages = ("Sent to the carrier", "No such key", "Answered")
    assert where == {message: [path] for message, path in zip(messages, files, strict=True)}


def test_every_file_that_speaks_is_found():
    speaks = re.compile(r"""\b(?:_|n?p?gettext(?:_lazy|_noop)?)\(\s*["']|{% (?:block)?translate """)
    files = [path for source in SOURCES for path in (settings.BASE_DIR / source).rglob("*.*")]
    speaking = {
        str(path.relative_to(settings.BASE_DIR))
        for path in files
        if path.suffix in (".html", ".py", ".txt") and speaks.search(path.read_text())
    }
    assert {path for entry in found() for path, _line in entry.occurrences} == speaking


def test_there_is_one_catalogue():
    catalogues = [path for source in SOURCES for path in (settings.BASE_DIR / source).rglob("*.po")]
    assert catalogues == [catalogue()]


def pairs(entry):
    """A plural has one form in Chinese, and it says what the English plural says."""
    if entry.msgid_plural:
        return [(entry.msgid_plural, entry.msgstr_plural[0])]
    return [(entry.msgid, entry.msgstr)]
