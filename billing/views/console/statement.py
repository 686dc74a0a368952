"""The statement of any customer, in the console."""

from billing.views.statement import StatementPages
from cards.models import Customer
from cards.pages.frames import CONSOLE


class ConsoleStatement(StatementPages):
    template = "console/money/statement.html"

    def customers(self, user):
        return Customer.objects.all()


CONSOLE_STATEMENT = ConsoleStatement(CONSOLE)
