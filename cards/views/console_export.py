"""Lists and selections as files: at once as a stream, or in the background when they are long."""

import logging

from django.contrib import messages
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.actions.jobs import control
from cards.actions.jobs.export import order_export, suffix_of
from cards.choices import JobKind
from cards.exports.columns import Format
from cards.exports.stream import file_blocks
from cards.exports.wanted import Unclear, cards_of_list, cards_of_selection
from cards.files.sheet import MOST_ROWS, too_long
from cards.models import Job, Selection
from cards.paging import counts_up_to
from cards.views import console_page, staff_required
from cards.views.addresses import given
from cards.views.downloads import CSV, as_download, dated

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 50_000
TYPES = {
    Format.CSV: CSV,
    Format.CODES: CSV,
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@staff_required
@require_http_methods(["GET", "POST"])
def export_cards(request):
    """The cards of the list with these parameters, on all of its pages; a search too long for an address is posted."""
    params = request.POST or request.GET
    query = _query(params)
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
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk, kind=JobKind.EXPORT)
    if not control.may(request.user, job):
        raise Http404
    try:
        file = job.file.open() if job.file else None
    except FileNotFoundError:
        file = None
    if file is None:
        messages.warning(request, _("The file is not there (any more)."))
        return redirect("console:job", pk=job.pk)
    logger.info("%s fetches the export of job %s", request.user, job.pk)
    return as_download(FileResponse(file, content_type=TYPES[job.params["format"]]), job.file_name)


def _export(request, params, cards, name, **what):
    format = params.get("format", "")
    if format not in TYPES or len(params.getlist("format")) > 1:
        return _refuse(request, [_("Choose a format: {formats}.").format(formats=", ".join(Format.values))])
    (count,) = counts_up_to(MOST_ROWS if format == Format.XLSX else MOST_AT_ONCE, [cards])
    if format == Format.XLSX and count > MOST_ROWS:
        return _refuse(request, [too_long()])
    file_name = dated(name, suffix_of(format))
    logger.info("%s exports %s cards as %s", request.user, f"{count:,}", format)
    if count > MOST_AT_ONCE:
        return redirect("console:job", pk=order_export(request.user, format, file_name, **what).pk)
    stream = StreamingHttpResponse(file_blocks(cards, format), content_type=TYPES[format])
    return as_download(stream, file_name)


def _query(params):
    """What the list was asked for, whichever page of it was looked at."""
    asked = given(params)
    for name in ("format", "after", "before"):
        asked.pop(name, None)
    return asked.urlencode()


def _refuse(request, complaints):
    return console_page(request, "console/export_refused.html", {"complaints": complaints}, status=400)
