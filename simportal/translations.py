"""The portal's catalogues: strings are found in code and templates, merged and compiled without gettext.

The strings in the code are the English; only Chinese has a catalogue.
"""

from io import BytesIO

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation import templatize

SOURCES = ("billing", "cards", "simportal", "templates")
ONE = ("_", "gettext", "gettext_lazy", "gettext_noop")
KEYWORDS = (
    dict.fromkeys(ONE)
    | dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2))
    | dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2))
    | dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3))
)


def catalogue():
    return settings.BASE_DIR / "simportal" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def found():
    """A catalogue of every string in code and templates, with the files it stands in and no translation."""
    template = polib.POFile()
    entries = {}
    for path in _source_files():
        for _, message, _, context in extract("python", _as_python(path), KEYWORDS):
            entry = _entry(message, context)
            entry = entries.setdefault((entry.msgctxt, entry.msgid), entry)
            if (where := (str(path.relative_to(settings.BASE_DIR)), "")) not in entry.occurrences:
                entry.occurrences.append(where)
    template.extend(entries.values())
    return template


def _source_files():
    for source in SOURCES:
        for path in sorted((settings.BASE_DIR / source).rglob("*")):
            if path.suffix in (".html", ".txt", ".py"):
                yield path


def _as_python(path):
    """Django turns a template into calls of gettext between filler; its indentation would mean something to Python."""
    text = path.read_text()
    if path.suffix != ".py":
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    return BytesIO(text.encode())


def _entry(message, context):
    singular, plural = message if isinstance(message, tuple) else (message, "")
    if not plural:
        return polib.POEntry(msgid=singular, msgctxt=context)
    return polib.POEntry(msgid=singular, msgid_plural=plural, msgstr_plural={0: ""}, msgctxt=context)


def merge():
    """Takes new strings into the catalogue, drops those that are gone, and returns those without a translation."""
    po = polib.pofile(str(catalogue()), wrapwidth=110)
    po.merge(found())
    po[:] = sorted((entry for entry in po if not entry.obsolete), key=lambda entry: (entry.occurrences, entry.msgid))
    po.save()
    return po.untranslated_entries()


def compile_stale():
    """Compiles the catalogue if it changed since it was last compiled, and says whether it did."""
    po, mo = catalogue(), catalogue().with_suffix(".mo")
    stale = not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime
    if stale:
        polib.pofile(str(po)).save_as_mofile(str(mo))
    return stale
