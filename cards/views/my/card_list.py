"""A customer's own list of cards, with what a customer may ask and a phone has room for."""

from dataclasses import replace

from cards.pages.frames import MY
from cards.permissions import Actor
from cards.quick import FOR_CUSTOMERS
from cards.views.card_list import CardList


class MyList(CardList):
    template = "my/card_list.html"
    page_size = 30
    quick = FOR_CUSTOMERS
    more = ("current_plan", "sort")

    def may_select(self, user):
        return bool(Actor.of(user).customers)

    def columns(self, filtered):
        return ("msisdn", "state", "usage", "next")

    def tabs(self, filtered, params):
        """The tabs in which there is something, as far as that was counted: a phone has no room for others."""
        tabs = super().tabs(filtered, params)
        return replace(tabs, tabs=[tab for tab in tabs.tabs if tab.count != "0" or tab.is_current])


MY_LIST = MyList(MY)
