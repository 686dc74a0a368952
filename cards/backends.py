"""The login backend under the name that every session keeps: under another, everybody would be logged out."""

from cards.people.backends import NameOrPhone

__all__ = ["NameOrPhone"]
