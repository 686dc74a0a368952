"""What people can do to cards, each action declared once, in the module of its name."""

from importlib import import_module

from cards.choices import MADE_BY_PEOPLE

CATALOGUE = {word: import_module(f"{__name__}.{word}").ACTION for word in MADE_BY_PEOPLE}
