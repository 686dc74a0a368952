"""The statement of one's own customers."""

from billing.views.statement import StatementPages
from cards.models import Customer
from cards.pages.frames import MY


class MyStatement(StatementPages):
    def customers(self, user):
        return Customer.objects.visible_to(user)


MY_STATEMENT = MyStatement(MY)
