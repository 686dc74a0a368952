"""Asking the card filter as an address would, for tests of what is found and of what is refused."""

from django.http import QueryDict
from django.utils.translation import override

from cards.filters import CardFilter
from cards.models import Card


def filter_of(query, cards=None):
    """The filter for a query string, read; its cards in the order of their keys."""
    filtered = CardFilter(QueryDict(query), queryset=Card.objects.all() if cards is None else cards)
    filtered.cards = list(filtered.qs.order_by("pk"))
    return filtered


def found(query):
    return filter_of(query).cards


def complaints(query):
    """What the filter says is wrong; it finds nothing then."""
    with override("en"):
        filtered = filter_of(query)
        assert filtered.cards == []
        return list(filtered.complaints())


def in_order(query, size=100):
    """The cards of the first page, as the page shows them."""
    return CardFilter(QueryDict(query), queryset=Card.objects.all()).page(size, Card.objects.all()).rows
