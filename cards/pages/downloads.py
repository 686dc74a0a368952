"""Files that a page hands out: made while they are sent, named in the reader's language, and kept by nobody else."""

import re

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from cards.actions import audit
from cards.calendar import civil_today
from cards.choices import AuditAction
from cards.files.writing import csv_blocks
from cards.pages.frames import console_page
from cards.timeouts import DOWNLOAD_SECONDS, statements_within

CSV = "text/csv; charset=utf-8"
NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def csv_response(name, headings, rows, *, by, **details):
    """A CSV for people as a download: `name` without the day and the suffix, `rows` as `csv_blocks` takes them."""
    blocks = _unhurried(csv_blocks(headings, rows))
    response = StreamingHttpResponse(blocks, content_type=CSV)
    return as_download(response, dated(name, "csv"), by=by, **details)


def list_as_csv(request, name, columns, rows, complaints=()):
    """All rows of a list that staff look at, as a CSV for people: `columns` are (heading, cell), where `cell(row)` is
    what stands there of a row. Where the list's parameters are not clear, the page that says so."""
    if complaints:
        return console_page(request, "cards/export_refused.html", {"complaints": complaints}, 400)
    headings = [heading for heading, _cell in columns]
    lines = ([cell(row) for _heading, cell in columns] for row in rows)
    return csv_response(name, headings, lines, by=request.user)


def instant_cell(instant):
    """An instant as it stands in a file, in the civil time."""
    return instant and f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}"


def _unhurried(blocks):
    """The rows may stand in any number, and be asked for in one statement."""
    with statements_within(DOWNLOAD_SECONDS):
        yield from blocks


def dated(name, suffix):
    """A name for a file of today: `cards-2026-03-02.csv`."""
    return f"{NOT_IN_FILE_NAMES.sub(' ', name).strip()}-{civil_today()}.{suffix}"


def as_download(response, file_name, *, by, action=AuditAction.EXPORTED, about="", **details):
    """The file leaves the house, and the audit list says so; `by` nobody where it holds no data."""
    if by:
        audit.record(action, by=by, about=about or file_name, **details)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file_name)
    return response
