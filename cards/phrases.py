"""How what people read is put together: each language has its own colon, brackets and comma."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

BREAKS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")


def on_one_line(text: str) -> str:
    """The text with a blank for each break, and for whatever else moves a cursor: none gets into the head of a mail."""
    return text if text.isprintable() else BREAKS.sub(" ", text).strip()


def pair(label: object, value: object) -> str:
    """What something is called, and what it is."""
    return _("{label}: {value}").format(label=label, value=value)


def noted(text: object, note: object) -> str:
    """A text, and in brackets what is to be known of it."""
    return _("{text} ({note})").format(text=text, note=note)


def listed(items: Iterable[object]) -> str:
    """Several things, one after the other."""
    return _(", ").join(map(str, items))


def in_turn(items: Iterable[object]) -> str:
    """Several things that have commas themselves, one after the other."""
    return _("; ").join(map(str, items))


def paragraphs(text: str) -> list[str]:
    """What a docstring says: its paragraphs, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def joined(sentence: object, following: object) -> str:
    """Two sentences, one after the other; the second may be empty."""
    return _("{sentence} {following}").format(sentence=sentence, following=following) if following else str(sentence)
