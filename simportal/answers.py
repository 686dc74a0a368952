"""What is answered instead of a page: one sentence, in the form that was asked for."""

from django.http import HttpResponse, HttpResponseServerError, JsonResponse
from django.template.loader import render_to_string

from cards.log_context import log_facts


def instead(asked, code, sentence, templates, context, drawn_for=None):
    """Programs, which ask for JSON, get the sentence and its code; the others one of two `templates`.

    The first is a page, the second the part that htmx puts into one. They are drawn for a request or, where nobody may
    be asked who that is, for none.
    """
    if asked.get_preferred_type(("text/html", "application/json")) == "application/json":
        return JsonResponse({"error": sentence, "code": code})
    template = templates["HX-Request" in asked.headers]
    return HttpResponse(render_to_string(template, context | {"sentence": sentence}, drawn_for))


def after_a_mistake(request):
    """With the number under which the log has it. Nothing else is asked: whatever it needs may be what is broken."""
    return HttpResponseServerError(render_to_string("500.html", {"number": log_facts().get("request")}))
