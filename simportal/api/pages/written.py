"""JSON as the API writes it."""

import json

from django.http import HttpResponse

JSON = "application/json"


def as_json(document, status=200, headers=None):
    """An answer of its own, past ninja's schemas: those are for the document, and what is written is compared with it
    by the tests."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, status=status, content_type=JSON, headers=headers)
