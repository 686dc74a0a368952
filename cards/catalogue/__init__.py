"""What people can do to cards, each action declared once, in the module of its name."""

from importlib import import_module

from cards.choices import MADE_BY_PEOPLE

CATALOGUE = {word: import_module(f"{__name__}.{word}").ACTION for word in MADE_BY_PEOPLE}

# By name: whatever action has to be told it, it is the same.
PARAMETERS = {name: parameter for action in CATALOGUE.values() for name, parameter in action.parameters.items()}
