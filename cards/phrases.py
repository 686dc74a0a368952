"""How what people read is put together: each language has its own colon, brackets and comma."""

from collections.abc import Iterable

from django.utils.translation import gettext as _


def pair(label: object, value: object) -> str:
    """What something is called, and what it is."""
    return _("{label}: {value}").format(label=label, value=value)


def noted(text: object, note: object) -> str:
    """A text, and in brackets what is to be known of it."""
    return _("{text} ({note})").format(text=text, note=note)


def listed(items: Iterable[object]) -> str:
    """Several things, one after the other."""
    return _(", ").join(map(str, items))


def joined(sentence: object, following: object) -> str:
    """Two sentences, one after the other; the second may be empty."""
    return _("{sentence} {following}").format(sentence=sentence, following=following) if following else str(sentence)
