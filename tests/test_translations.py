"""Every string of ours exists in Chinese, whole and up to date."""

import re
from collections import Counter

import polib
import pytest

from simportal.translations import catalogue, found

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


def pairs(entry):
    """A plural has one form in Chinese, and it says what the English plural says."""
    if entry.msgid_plural:
        return [(entry.msgid_plural, entry.msgstr_plural[0])]
    return [(entry.msgid, entry.msgstr)]
