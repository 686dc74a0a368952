"""Lists and selections as files, for every door: at once as a stream, or in the background when they are long."""

from django.contrib import messages
from django.http import FileResponse, Http404, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from cards.actions.jobs import control
from cards.actions.jobs.export import order_export, suffix_of
from cards.choices import JobKind
from cards.columns.kinds import Format
from cards.errors import BadInput
from cards.exports.stream import file_blocks
from cards.files.sheet import MOST_ROWS_IN_SHEET, too_long
from cards.models import Job
from cards.pages.addresses import given
from cards.pages.card_columns import USUAL
from cards.pages.downloads import CSV, as_download, dated
from cards.paging import counts_up_to
from cards.phrases import listed
from cards.scope import Scope

MOST_AT_ONCE = 50_000
TYPES = {
    Format.CSV: CSV,
    Format.CODES: CSV,
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def exported(user, params, cards, name, shown=None, **what):
    """The file of these cards as a response, or the job that writes it; `BadInput` for a format that cannot be had.

    It has the columns of the list that are `shown`, or else all. `what` is what the job is to read the cards from, once
    more.
    """
    format = params.get("format", "")
    if format not in TYPES or len(params.getlist("format")) > 1:
        raise BadInput("format", _("Choose a format: {formats}.").format(formats=listed(Format.values)))
    (count,) = counts_up_to(MOST_ROWS_IN_SHEET if format == Format.XLSX else MOST_AT_ONCE, [cards])
    if format == Format.XLSX and count > MOST_ROWS_IN_SHEET:
        raise BadInput("format", too_long())
    file_name = dated(name, suffix_of(format))
    if count > MOST_AT_ONCE:
        return order_export(user, format, file_name, shown=shown, **what)
    blocks = file_blocks(cards, format, to_staff=Scope.of(user).sees_all, shown=shown)
    response = StreamingHttpResponse(blocks, content_type=TYPES[format])
    return as_download(response, file_name, by=user, rows=count)


def shown_columns(request, query):
    """The columns of the list that the file is to have, as the list with this query shows them; None for all columns.

    `BadInput` where that is not clear, and for programs, which rely on having all of them.
    """
    asked = request.GET.getlist("columns")
    if not asked:
        return None
    if asked != ["shown"]:
        raise BadInput("columns", _("Say columns=shown for the columns of the list, or nothing for all of them."))
    if (request.POST or request.GET).get("format") == Format.CODES:
        raise BadInput("columns", _("CSV for programs and other portals always has all columns."))
    chosen = QueryDict(query).get("cols")
    return chosen.split(",") if chosen else list(USUAL)


def fetched(request, pk):
    """The file of a job, for whoever asked for it; None, and a message, when it is not there (any more)."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk, kind=JobKind.EXPORT)
    if not control.may(request.user, job):
        raise Http404
    try:
        file = job.file.open() if job.file else None
    except FileNotFoundError:
        file = None
    if file is None:
        messages.warning(request, _("The file no longer exists."))
        return None
    response = FileResponse(file, content_type=TYPES[job.params["format"]])
    return as_download(response, job.file_name, by=request.user, rows=job.total, job=job.pk)


def query_of(params):
    """What the list was asked for, whichever page of it was looked at."""
    query = given(params)
    for name in ("format", "columns", "after", "before"):
        query.pop(name, None)
    return query.urlencode()
