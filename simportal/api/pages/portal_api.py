"""The API as django-ninja has it, with what it does not know by itself: limits, and what the document says of keys."""

from functools import cached_property, wraps
from typing import Annotated, get_args, get_origin, get_type_hints

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from ninja import NinjaAPI
from ninja.params.models import Query as QueryParameter

from cards.phrases import paragraphs
from simportal.answers import PROBLEM
from simportal.api.errors import invalid
from simportal.api.pages.exactly_once import DESCRIBED as IDEMPOTENCY_KEY
from simportal.api.pages.written import JSON

UNKNOWN = _("There is no such parameter here.")
INTRODUCTION = gettext_noop(
    "What customers do in the portal, for their programs. Each request shows a key of the customer."
)
OF_KEY = gettext_noop("Make a key under “API keys” in the portal, and send it as “Authorization: Bearer spk_…”.")
HEADERS = {
    "RateLimit-Policy": gettext_noop("How often the key may ask: the requests in a window of so many seconds."),
    "RateLimit": gettext_noop("How many more requests are let in now, and when all of them are again."),
    "Retry-After": gettext_noop("After how many seconds to ask again."),
    "Location": gettext_noop("The address of what was begun or made."),
    "ETag": gettext_noop("The version of the card, for If-Match and If-None-Match."),
}
# The headers of answers by their code, besides what may still be asked: that is told to whoever has a valid key.
OF_CODE = {201: ("Location",), 202: ("Location",), 429: ("Retry-After",), 503: ("Retry-After",)}
_LIMITS = ("RateLimit-Policy", "RateLimit")


def header_parameter(name, description):
    """What the document says of a header that a request may have; for `openapi_extra` of an operation."""
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


IF_MATCH = header_parameter(
    "If-Match", gettext_noop("The version that you saw: if the card has changed since, nothing is done.")
)
IF_NONE_MATCH = header_parameter("If-None-Match", gettext_noop("The version that you have: if it is still that, 304."))
PREFER = header_parameter(
    "Prefer", gettext_noop("`wait=10` answers when it is over, or after so many seconds (at most 10).")
)
WITH_ETAG = {"headers": {"ETag": {"$ref": "#/components/headers/ETag"}}}


class PortalApi(NinjaAPI):
    """Each answer says how much may still be asked."""

    def on_exception(self, request, exc):
        return with_share(request, super().on_exception(request, exc))

    def get_openapi_operation_id(self, operation):
        """What clients are made of: it stays when the code moves."""
        return operation.view_func.__name__

    def get_openapi_schema(self, *, path_prefix=None, path_params=None):
        return self._document

    @cached_property
    def _document(self):
        with translation.override("en"):
            document = super().get_openapi_schema()
        views = {
            self.get_openapi_operation_id(operation): operation.view_func
            for router in self._get_bound_routers()
            for path_view in router.path_operations.values()
            for operation in path_view.operations
        }
        document["info"]["description"] = INTRODUCTION
        document["servers"] = [{"url": settings.PORTAL_URL or "/"}]
        document["components"]["headers"] = {
            name: {"description": description, "schema": {"type": "string"}} for name, description in HEADERS.items()
        }
        for scheme in document["components"]["securitySchemes"].values():
            scheme["description"] = OF_KEY
        for methods in document["paths"].values():
            for operation in methods.values():
                _describe(operation, views[operation["operationId"]])
        return document


def _describe(operation, view):
    """What decorators of views ask, and the headers and the kind of each answer."""
    if told := paragraphs(operation.get("description", "")):  # a test asks it of each
        operation["summary"] = told[0].partition(". ")[0].rstrip(".")
    if scopes := getattr(view, "_asks_scopes", ()):
        operation["x-scopes"] = list(dict.fromkeys(scope.value for scope in scopes))
    if getattr(view, "_asks_idempotency_key", False):
        operation["parameters"].append(IDEMPOTENCY_KEY)
    hints = get_type_hints(view, include_extras=True)
    for parameter in operation["parameters"]:
        for part in getattr(hints.get(parameter["name"]), "__metadata__", ()):  # ninja has it of queries alone
            if told := getattr(part, "description", None):
                parameter["description"] = told
    for code, answer in operation["responses"].items():
        if code >= 400 and JSON in answer.get("content", {}):
            answer["content"] = {PROBLEM: answer["content"][JSON]}
        names = (*(_LIMITS if code != 401 else ()), *OF_CODE.get(code, ()))
        told = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        answer["headers"] = answer.get("headers", {}) | told


def strict(view):
    """The view refuses parameters that it does not know, and says with each answer what may still be asked."""
    known = set(query_names_of(view))

    @wraps(view)
    def answered(request, *args, **kwargs):
        if unknown := sorted(set(request.GET) - known):
            told = [{"pointer": f"query:{name}", "code": "unknown", "detail": str(UNKNOWN)} for name in unknown]
            raise invalid(told)
        return with_share(request, view(request, *args, **kwargs))

    return answered


def query_names_of(view):
    """The names of the parameters that the view takes from the query: those of the schemas that it reads there."""
    for hint in get_type_hints(view, include_extras=True).values():
        of = get_args(hint) if get_origin(hint) is Annotated else ()
        if any(isinstance(each, QueryParameter) for each in of[1:]):
            yield from (field.alias or name for name, field in of[0].model_fields.items())


def with_share(request, response):
    """The answer with what the key may still ask for, where a key was shown."""
    for name, value in request.share.headers().items() if hasattr(request, "share") else ():
        response.headers.setdefault(name, value)
    return response
