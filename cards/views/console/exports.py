"""The console's lists and selections as files."""

from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import BadInput
from cards.exports.wanted import Unclear, cards_of_list, cards_of_selection
from cards.models import Job, Selection
from cards.pages.console_frame import console_page, staff_required
from cards.pages.exporting import exported, fetched, query_of


@staff_required
@require_http_methods(["GET", "POST"])
def export_cards(request):
    """The cards of the list with these parameters, on all of its pages; a search too long for an address is posted."""
    params = request.POST or request.GET
    query = query_of(params)
    try:
        cards = cards_of_list(query, request.user)
    except Unclear as unclear:
        return _refuse(request, unclear.complaints)
    return _export(request, params, cards, _("SIM cards"), query=query)


@staff_required
@require_safe
def export_selection(request, pk):
    """The cards of one's own selection."""
    selection = get_object_or_404(Selection, pk=pk, owner=request.user)
    cards = cards_of_selection(selection, request.user)
    return _export(request, request.GET, cards, selection.name or _("SIM cards"), selection=selection)


@staff_required
@require_safe
def job_file(request, pk):
    """The file that an export in the background has written, for whoever asked for it."""
    return fetched(request, pk) or redirect("console:job", pk=pk)


def _export(request, params, cards, name, **what):
    try:
        made = exported(request.user, params, cards, name, **what)
    except BadInput as bad:
        return _refuse(request, [bad.sentence])
    return redirect("console:job", pk=made.pk) if isinstance(made, Job) else made


def _refuse(request, complaints):
    return console_page(request, "console/export_refused.html", {"complaints": complaints}, status=400)
