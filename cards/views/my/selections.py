"""Many cards of a customer at once, and what customers do to them."""

from cards.catalogue import CATALOGUE
from cards.pages.frames import MY
from cards.views.selections import SelectionPages

# What customers do to many of their cards at once, and what they call it.
FOR_MANY = {word: action.customer_bulk_button for word, action in CATALOGUE.items() if action.customer_bulk_button}


class MySelections(SelectionPages):
    template = "my/selection.html"

    def offered(self, user):
        return FOR_MANY


MY_SELECTIONS = MySelections(MY)
