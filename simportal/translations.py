"""The portal's catalogues: strings are found in code and templates, merged and compiled without gettext.

The strings in the code are the English; only Chinese has a catalogue.
"""

import ast
from io import BytesIO
from itertools import takewhile

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import templatize

from cards.phrases import paragraphs

# What the document of the API says is written once, where it is true: in docstrings, and as what a value means.
DESCRIBING = "simportal/api/views/v1"
SOURCE_FOLDERS = ("billing", "cards", "simportal", "templates")
ONE = ("_", "gettext", "gettext_lazy", "gettext_noop")
KEYWORDS = (
    dict.fromkeys(ONE)
    | dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2))
    | dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2))
    | dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3))
)
LINE_LENGTH = 109


def catalogue():
    return settings.BASE_DIR / "simportal" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def read():
    """The catalogue as it is, with its translations."""
    with catalogue().open("rb") as file:
        return read_po(file)


def found():
    """A catalogue of every string in code and templates, with the files and lines it stands in and no translation."""
    template = Catalog()
    for path in _source_files():
        place = str(path.relative_to(settings.BASE_DIR))
        for line, message, _, context in extract("python", _as_python(path), KEYWORDS):
            template.add(message, context=context, locations=[(place, line)])
        if place.startswith(DESCRIBING):
            for line, message in _described(path):
                template.add(message, locations=[(place, line)])
    return template


def _described(path):
    """(line, paragraph) of what a file says of operations, schemas and values."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) or (isinstance(node, ast.FunctionDef) and _is_operation(node)):
            yield from ((node.lineno, told) for told in paragraphs(ast.get_docstring(node) or ""))
        elif isinstance(node, ast.Call):
            named = [key.value for key in node.keywords if key.arg == "description"]
            yield from ((text.lineno, text.value) for text in named if isinstance(text, ast.Constant))


def _is_operation(function):
    return any(ast.unparse(decorator).startswith("router.") for decorator in function.decorator_list)


def messages(catalog):
    """The messages of a catalogue without its header."""
    return [message for message in catalog if message.id]


def _source_files():
    for source in SOURCE_FOLDERS:
        for path in sorted((settings.BASE_DIR / source).rglob("*")):
            if path.suffix in (".html", ".txt", ".py"):
                yield path


def _as_python(path):
    """Django turns a template into calls of gettext between filler; its indentation would mean something to Python."""
    text = path.read_text()
    if path.suffix != ".py":
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    return BytesIO(text.encode())


def merge():
    """Takes new strings into the catalogue, drops those that are gone, and returns those without a translation."""
    before, merged = read(), Catalog(locale="zh_Hans")
    for message in sorted(messages(found()), key=_place):
        known = before.get(message.id, message.context)
        if known and known.id == message.id:
            message.string = known.string
        message.flags.clear()
        merged[message.id] = message
    with catalogue().open("rb") as file:  # what stands above the first message is written by hand, and kept
        header = b"".join(takewhile(bytes.strip, file)) + b"\n"
    with catalogue().open("wb") as file:
        file.write(header)
        write_po(file, merged, width=LINE_LENGTH, omit_header=True, include_lineno=False)
    return untranslated(merged)


def untranslated(catalog):
    return [message for message in messages(catalog) if not translation(message)]


def english(message):
    """The English of a message; of a plural, its singular."""
    return message.id[0] if message.pluralizable else message.id


def translation(message):
    """The Chinese of a message; a plural has one form in Chinese."""
    return message.string[0] if message.pluralizable else message.string


def _place(message):
    """Messages stand in the order of the files they were found in."""
    return sorted({path for path, _ in message.locations}), english(message)


def compile_stale():
    """Compiles the catalogue if it changed since it was last compiled, and says whether it did."""
    po, mo = catalogue(), catalogue().with_suffix(".mo")
    stale = not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime
    if stale:
        with mo.open("wb") as file:
            write_mo(file, read())
    return stale
