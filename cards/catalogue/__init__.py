"""What people can do to cards, each action declared once, in the module of its name."""

from collections.abc import Mapping
from importlib import import_module

from cards.catalogue.action import ActionType
from cards.catalogue.grant import GrantInOtherWords
from cards.catalogue.parameters import Parameter
from cards.choices import MADE_BY_PEOPLE

CATALOGUE: Mapping[str, ActionType] = {word: import_module(f"{__name__}.{word}").ACTION for word in MADE_BY_PEOPLE}

# What is sold, where people ask for it and no order does.
_UNPAID = {word: GrantInOtherWords(action) for word, action in CATALOGUE.items() if action.is_sold}

# By name: whatever action has to be told it, it is the same.
PARAMETERS: Mapping[str, Parameter] = {
    name: parameter for action in CATALOGUE.values() for name, parameter in action.parameters.items()
}


def asked_for(word: str) -> ActionType:
    """The action that people mean by a word: service without an order is granted, whatever they call it."""
    return _UNPAID.get(word, CATALOGUE[word])
