"""Files that a page hands out: made while they are sent, named in the reader's language, and kept by nobody else."""

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from cards.calendar import civil_today
from cards.files.writing import csv_blocks

CSV = "text/csv; charset=utf-8"


def csv_response(name, headings, rows):
    """A CSV for people as a download: `name` without the day and the suffix, `rows` as `csv_blocks` takes them."""
    return as_download(StreamingHttpResponse(csv_blocks(headings, rows), content_type=CSV), f"{name}.csv")


def as_download(response, file_name):
    """The response as a file of this name with today's date in it: `cards-2026-03-02.csv`."""
    name, _dot, suffix = file_name.rpartition(".")
    dated = f"{name}-{civil_today()}.{suffix}"
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=dated)
    response.headers["Cache-Control"] = "no-store"
    return response
