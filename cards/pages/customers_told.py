"""Customers told so that nobody takes one for another: what they are called, of which kind, with how many cards."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.models import Card
from cards.paging import count_label, counts_up_to
from cards.phrases import listed, noted

CARDS_TOLD = 10_000


def customers_told(customers):
    """A sentence for each: `Acme (Enterprise, 12 cards)`."""
    counts = counts_up_to(CARDS_TOLD, [Card.objects.filter(customer=customer) for customer in customers])
    return [noted(each, listed([*_kinds(each), _cards(count)])) for each, count in zip(customers, counts, strict=True)]


def _kinds(customer):
    return [customer.get_kind_display(), *([_("registered here")] if customer.is_registered else [])]


def _cards(count):
    return ngettext("{number} card", "{number} cards", count).format(number=count_label(count, CARDS_TOLD))
