"""Every string of ours exists in Chinese, whole and up to date."""

import ast
import re
from collections import Counter
from gettext import GNUTranslations
from pathlib import Path

import django
import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import override_settings

from simportal.translations import (
    DESCRIBING,
    KEYWORDS,
    SOURCE_FOLDERS,
    catalogue,
    compile_stale,
    english,
    found,
    merge,
    messages,
    read,
    translation,
    untranslated,
)

TRANSLATED = re.compile(r"{% blocktranslate.*?{% endblocktranslate %}", re.DOTALL)
ENGLISH_COLON = re.compile(r"(?:}}|%})(?:</\w+>)*:(?!//).{0,30}")
COLON_BEFORE_A_VALUE = re.compile(r"""{% translate "[^"]*:" %}(?:</(?:span|strong)>)* ?{{.{0,30}""")
ENGLISH_BRACKETS = re.compile(r"\((?:{{|{%).{0,30}")
# Words that name different things, or a thing and a deed: they never come without a context.
OF_TWO_MEANINGS = {
    *("account", "accounts", "amount", "amounts", "change", "changes", "check", "checks", "close", "limit", "limits"),
    *("line", "lines", "note", "notes", "number", "numbers", "open", "order", "orders", "record", "records"),
    *("report", "reports", "resume", "start", "stop", "term", "terms", "total", "totals", "transfer", "transfers"),
    *("use", "used"),
}
# Words that stand in several places and mean the same in each. Before you add one: look at every place in Chinese.
OF_ONE_MEANING = settings.BASE_DIR / "tests" / "of_one_meaning.txt"
# Words that Django has too and says otherwise in Chinese; ours are shown in its admin as well, and fit there.
OURS_IN_THE_ADMIN = {
    *(", ", "Action", "Add", "Description", "Duration", "Email", "Filters", "History", "Log out", "Page not found"),
    *("Remove", "Summary", "content", "entry", "hash"),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


@pytest.fixture(scope="module")
def chinese():
    return read()


def key(message):
    return message.context, message.id


def test_the_catalogue_holds_exactly_the_strings_of_code_and_templates(chinese):
    """`make messages` brings it in step."""
    assert {key(message) for message in messages(chinese)} == {key(message) for message in messages(found())}


def test_every_string_is_translated(chinese):
    fuzzy = [message for message in messages(chinese) if message.fuzzy]
    assert [message.id for message in (*untranslated(chinese), *fuzzy, *chinese.obsolete.values())] == []


def test_placeholders_are_the_same_on_both_sides(chinese):
    different = [
        message.id
        for message in messages(chinese)
        if Counter(PLACEHOLDER.findall(most_said(message))) != Counter(PLACEHOLDER.findall(translation(message)))
    ]
    assert different == []


def test_a_short_message_in_several_places_has_a_context_or_one_meaning():
    """Two things that English calls the same have two names in Chinese."""
    short = {english(message): message.locations for message in messages(found()) if is_short(message)}
    listed = OF_ONE_MEANING.read_text().splitlines()
    assert [word for word in short if word.casefold() in OF_TWO_MEANINGS] == []
    assert {word: places for word, places in short.items() if len(places) > 1 and word not in listed} == {}
    assert (sorted(set(listed)), set(listed) - set(short)) == (listed, set())


def is_short(message):
    words = english(message).split()
    return not message.context and len(words) < 3 and any(map(str.isalpha, "".join(words)))


def test_no_word_of_ours_changes_the_admin_by_chance(chinese):
    """Django looks into our catalogue before its own."""
    theirs = {}
    for catalogue_of_django in Path(django.__file__).parent.rglob("zh_Hans/LC_MESSAGES/django.po"):
        with catalogue_of_django.open("rb") as file:
            for message in messages(read_po(file)):
                theirs.setdefault((message.context, english(message)), set()).add(translation(message))
    others = {
        english(message)
        for message in messages(chinese)
        if theirs.get((message.context, english(message)), set()) - {translation(message), ""}
    }
    assert others == OURS_IN_THE_ADMIN


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
        where = {message.id: message.locations for message in messages(found())}
    said = ("Sent to the carrier", "No such key", "Answered")
    assert where == {message: [(path, 1)] for message, path in zip(said, files, strict=True)}


def test_what_the_document_of_the_api_says_is_found(tmp_path):
    code = tmp_path / DESCRIBING / "cards.py"
    code.parent.mkdir(parents=True)
    code.write_text(
        '''class Card(Schema):\n    """A card.\n\n    Its days\n    are civil."""\n'''
        """    pin: str = Field(description="Four digits")\n"""
        '''@router.get("/cards")\ndef cards(request):\n    """Your cards."""\n'''
        '''def _own():\n    """Not told."""\n'''
    )
    with override_settings(BASE_DIR=tmp_path):
        told = {message.id for message in messages(found())}
    assert told == {"A card.", "Its days are civil.", "Four digits", "Your cards."}


def test_merging_keeps_what_is_translated_drops_what_is_gone_and_names_what_lacks(tmp_path):
    """Also where a message got a plural, whose translation is another."""
    code = tmp_path / "cards" / "words.py"
    code.parent.mkdir()
    code.write_text(
        """pgettext("money", "Order")\n_("Order")\nngettext("{n} card", "{n} cards", 2)\n_("Anew {n}")\n_("Order")\n"""
    )
    header = """# Kept as it is.\nmsgid ""\nmsgstr ""\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n"""
    with override_settings(BASE_DIR=tmp_path):
        catalogue().parent.mkdir(parents=True)
        catalogue().write_text(
            header
            + """msgid "Gone"\nmsgstr "无"\n\nmsgid "Order"\nmsgstr "排序"\n\n"""
            + """msgctxt "money"\nmsgid "Order"\nmsgstr "订单"\n\nmsgid "{n} card"\nmsgstr "{n} 张卡"\n"""
        )
        assert [english(message) for message in merge()] == ["Anew {n}", "{n} card"]
        assert catalogue().read_text() == header + (
            """#: cards/words.py\nmsgid "Anew {n}"\nmsgstr ""\n\n"""
            """#: cards/words.py\nmsgctxt "money"\nmsgid "Order"\nmsgstr "订单"\n\n"""
            """#: cards/words.py\nmsgid "Order"\nmsgstr "排序"\n\n"""
            """#: cards/words.py\nmsgid "{n} card"\nmsgid_plural "{n} cards"\nmsgstr[0] ""\n\n"""
        )
        assert [compile_stale(), compile_stale()] == [True, False]
        with catalogue().with_suffix(".mo").open("rb") as file:
            compiled = GNUTranslations(file)
        assert (compiled.gettext("Order"), compiled.pgettext("money", "Order")) == ("排序", "订单")


def test_every_file_that_speaks_is_found():
    speaks = re.compile(r"""\b(?:_|n?p?gettext(?:_lazy|_noop)?)\(\s*["']|{% (?:block)?translate """)
    describes = re.compile(r"""\bdescription="|^class |^@router""", re.MULTILINE)
    files = [path for source in SOURCE_FOLDERS for path in (settings.BASE_DIR / source).rglob("*.*")]
    speaking = {
        str(path.relative_to(settings.BASE_DIR))
        for path in files
        if path.suffix in (".html", ".py", ".txt")
        if speaks.search(path.read_text()) or (DESCRIBING in str(path) and describes.search(path.read_text()))
    }
    assert {path for message in messages(found()) for path, _line in message.locations} == speaking


def test_no_string_is_asked_for_inside_an_f_string():
    """What stands there is found by Python 3.12 alone."""
    asking = [
        (str(path.relative_to(settings.BASE_DIR)), call.lineno)
        for source in SOURCE_FOLDERS
        for path in (settings.BASE_DIR / source).rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
    ]
    assert asking == []


@pytest.mark.parametrize(
    "joint", [ENGLISH_COLON, COLON_BEFORE_A_VALUE, ENGLISH_BRACKETS], ids=["pair", "label", "note"]
)
def test_no_template_joins_what_it_shows_by_english_punctuation(joint):
    """Chinese has a colon and brackets of its own: `{% pair label value %}`, or one string with a place for each."""
    joined = [
        (str(path.relative_to(settings.BASE_DIR)), found.group())
        for path in (settings.BASE_DIR / "templates").rglob("*.*")
        for found in joint.finditer(TRANSLATED.sub("", path.read_text()))
    ]
    assert joined == []


def test_there_is_one_catalogue():
    catalogues = [path for source in SOURCE_FOLDERS for path in (settings.BASE_DIR / source).rglob("*.po")]
    assert catalogues == [catalogue()]


def most_said(message):
    """A plural has one form in Chinese, and it says what the English plural says."""
    return message.id[1] if message.pluralizable else message.id


def test_nothing_is_translated_before_somebody_reads_it():
    """What a module translates while it is loaded stays in the language of whoever came first."""
    at_once = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
    early = []
    for path in (path for folder in SOURCE_FOLDERS for path in Path(settings.BASE_DIR, folder).rglob("*.py")):
        module = ast.parse(path.read_text())
        eager = {
            name.asname or name.name
            for node in module.body
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
            for name in node.names
            if name.name in at_once
        }
        early += [f"{path}:{call.lineno}" for call in calls_while_loading(module) if call.func.id in eager]
    assert early == []


def calls_while_loading(node):
    """The calls of names that are made when the module is loaded, and not when a function of it is called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            yield child
        yield from calls_while_loading(child)
