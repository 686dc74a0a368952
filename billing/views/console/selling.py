"""Renewal without an account of any customer's cards, in the console."""

from billing.views.selling import SellingPages
from cards.models import Customer
from cards.pages.frames import CONSOLE


class ConsoleSelling(SellingPages):
    template = "console/money/selling.html"

    def customers(self, user):
        return Customer.objects.living()


CONSOLE_SELLING = ConsoleSelling(CONSOLE)
