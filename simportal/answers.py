"""What is answered instead of a page: one sentence, in the form that was asked for."""

from django.http import HttpResponse, HttpResponseServerError, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.log_context import log_facts

FOR_PROGRAMS = "/api/"
PROBLEM = "application/problem+json"
PROBLEM_TITLES = {
    400: _("The request cannot be read"),
    401: _("No valid key"),
    403: _("Not allowed"),
    404: pgettext_lazy("problem", "Not found"),
    405: _("This address is not asked for like this"),
    409: _("Not possible now"),
    412: _("Changed meanwhile"),
    413: _("Too much was sent at once"),
    415: _("This cannot be read"),
    422: _("The values do not fit"),
    428: _("Say what you saw"),
    429: _("Too many requests"),
    500: _("Internal error"),
    503: _("Not available just now"),
}


def instead(asked, status, code, sentence, templates, context, drawn_for=None):
    """Programs get the sentence and its code; who asks for JSON elsewhere too; the others one of two `templates`.

    The first is a page, the second the part that htmx puts into one. They are drawn for a request or, where nobody may
    be asked who that is, for none.
    """
    if asked.path.startswith(FOR_PROGRAMS):
        return problem(status, code, sentence)
    if asked.get_preferred_type(("text/html", "application/json")) == "application/json":
        return JsonResponse({"error": sentence, "code": code}, status=status)
    template = templates["HX-Request" in asked.headers]
    return HttpResponse(render_to_string(template, context | {"sentence": sentence}, drawn_for), status=status)


def problem(status, code, detail, **more):
    """Why a program does not get what it asked for (RFC 9457): a `code` for the program, a sentence for its makers."""
    document = {
        "type": f"{FOR_PROGRAMS}problems/{code.replace('_', '-')}",
        "title": str(PROBLEM_TITLES[status]),
        "status": status,
        "detail": str(detail),
        "code": code,
    }
    document |= {name: value for name, value in more.items() if value not in (None, "", [])}
    return JsonResponse(document, status=status, content_type=PROBLEM, json_dumps_params={"ensure_ascii": False})


def after_a_mistake(request):
    """With the number under which the log has it. Nothing else is asked: whatever it needs may be what is broken."""
    number = log_facts().get("request")
    if request.path.startswith(FOR_PROGRAMS):
        sentence = _("Something went wrong here. Quote {number} when you report it.").format(number=number)
        return problem(500, "internal", sentence)
    return HttpResponseServerError(render_to_string("500.html", {"number": number}))
