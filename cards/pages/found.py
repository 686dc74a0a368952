"""What became of the numbers that were searched: what the list tells of them, and the file of those without a card."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cards.files.writing import as_text
from cards.filters import filter_for
from cards.pages.addresses import given
from cards.pages.downloads import csv_response
from cards.search import look_up

NUMBERS_LISTED = 200


@dataclass(frozen=True)
class Found:
    """Whole numbers and what became of them; of those that are not clear, the first so many are listed."""

    numbers: object

    @property
    def is_worth_telling(self):
        return self.numbers.is_list or bool(self.numbers.unknown or self.numbers.ambiguous)

    @property
    def ambiguous(self):
        return self.numbers.ambiguous[:NUMBERS_LISTED]

    @property
    def unknown(self):
        return self.numbers.unknown[:NUMBERS_LISTED]

    @property
    def is_cut(self):
        return max(len(self.numbers.unknown), len(self.numbers.ambiguous)) > NUMBERS_LISTED


def not_found(request):
    """The numbers of a search that mean no card, or more than one, as a file; none of a search that is not clear."""
    filtered = filter_for(request.user, given(request.POST or request.GET))
    found = filtered.found if filtered.qs is not None else None
    rows = []
    if found:
        rows += [(as_text(number), _("no card")) for number in found.unknown]
        rows += [(as_text(number), _("several cards")) for number in found.ambiguous]
    headings = [pgettext("identifier", "Number"), _("Result")]
    return csv_response(_("numbers-without-card"), headings, rows, by=request.user)


def surely_meant(filtered):
    """The cards of the list that one of the searched numbers means alone."""
    cards = filtered.qs
    if not filtered.found or not filtered.found.ambiguous:
        return cards
    return cards.filter(pk__among=set().union(*look_up(filtered.found.matched).values()))
