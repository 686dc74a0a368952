"""The statement of any customer, in the console."""

from billing.views.statement import Statement
from cards.models import Customer
from cards.pages.frames import CONSOLE


class ConsoleStatement(Statement):
    template = "console/money/statement.html"

    def customers(self, user):
        return Customer.objects.all()


CONSOLE_STATEMENT = ConsoleStatement(CONSOLE)
