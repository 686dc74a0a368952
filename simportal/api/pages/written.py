"""JSON as the API writes it."""

import json

from django.http import HttpResponse
from django.utils import timezone

JSON = "application/json"


def as_instant(at):
    """An instant as ISO 8601 with its offset; None stays None."""
    return at and timezone.localtime(at).isoformat(timespec="seconds")


def json_answer(document, status=200, headers=None):
    """An answer of its own, past ninja's schemas: those are for the document, and what is written is compared with it
    by the tests."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, status=status, content_type=JSON, headers=headers)
