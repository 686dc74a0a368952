"""A customer's statement of a month, for staff and for the customer: to be printed, and as a file."""

from django.shortcuts import get_object_or_404

from billing.pages.on_paper import statement_on_paper
from billing.pages.statement import month_of, statement_context, statement_file
from cards.pages.frames import SAFE, Framed, entering


class StatementPages(Framed):
    """The month that the address names, or this one."""

    asks = "billing.view_customeraccount"
    template = "billing/statement.html"

    @entering(*SAFE)
    def page(self, request, pk):
        context = statement_context(self._find(request, pk), month_of(request), self.frame)
        return self.frame.page(request, self.template, context)

    @entering(*SAFE)
    def printed(self, request, pk):
        return statement_on_paper(self._find(request, pk), month_of(request), request, self.frame)

    @entering(*SAFE)
    def file(self, request, pk):
        return statement_file(self._find(request, pk), month_of(request), self.frame, by=request.user)

    def customers(self, user):
        """The customers whose statements somebody may read."""
        raise NotImplementedError

    def _find(self, request, pk):
        return get_object_or_404(self.customers(request.user), pk=pk)
