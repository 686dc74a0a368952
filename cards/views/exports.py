"""Lists and selections of cards as files, for staff and for customers."""

from django.shortcuts import get_object_or_404, redirect

from cards.errors import BadInput
from cards.exports.wanted import Unclear, cards_of_list, cards_of_selection
from cards.models import Job, Selection
from cards.pages.exporting import exported, fetched, query_of, shown_columns
from cards.pages.frames import SAFE, Framed, entering


class ExportPages(Framed):
    asks = "cards.view_card"

    @entering("GET", "POST")
    def of_list(self, request):
        """The cards of the list with these parameters, on all pages; a search too long for an address is posted."""
        params = request.POST or request.GET
        query = query_of(params)
        try:
            cards = cards_of_list(query, request.user)
            shown = shown_columns(request, query)
        except Unclear as unclear:
            return self._refuse(request, unclear.complaints)
        except BadInput as bad:
            return self._refuse(request, [bad.sentence])
        return self._export(request, params, cards, str(self.frame.title), query=query, shown=shown)

    @entering(*SAFE)
    def of_selection(self, request, pk):
        """The cards of one's own selection, as far as one still sees them."""
        selection = get_object_or_404(Selection, pk=pk, owner=request.user)
        cards = cards_of_selection(selection, request.user)
        return self._export(request, request.GET, cards, selection.name or str(self.frame.title), selection=selection)

    @entering(*SAFE)
    def file(self, request, pk):
        """The file that an export in the background has written, for whoever asked for it."""
        return fetched(request, pk) or self._to_job(pk)

    def _export(self, request, params, cards, name, **what):
        try:
            made = exported(request.user, params, cards, name, **what)
        except BadInput as bad:
            return self._refuse(request, [bad.sentence])
        return self._to_job(made.pk) if isinstance(made, Job) else made

    def _refuse(self, request, complaints):
        return self.frame.page(request, "cards/export_refused.html", {"complaints": complaints}, 400)

    def _to_job(self, pk):
        return redirect(self.frame.url("job", pk))
