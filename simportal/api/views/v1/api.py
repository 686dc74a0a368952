"""The API of version 1: django-ninja routes it, describes it and reads what comes in; answers are written plainly."""

from functools import wraps
from typing import Annotated, get_args, get_origin, get_type_hints

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.params.models import Query as QueryParameter

from cards.errors import BadInput, Refused
from simportal.api.errors import Problem, invalid, not_found, of_bad_input, of_refusal, of_schema
from simportal.api.pages.entrance import KeyRequired
from simportal.api.pages.problems import answer_to
from simportal.api.views.v1 import (
    actions,
    card_history,
    cards,
    events,
    me,
    money,
    operations,
    orders,
    requests,
    usage,
    webhooks,
)

VERSION = "1.0.0"
UNKNOWN = _("There is no such parameter here.")
OF_MONEY = (orders.router, money.router)
ROUTERS = (
    *(me.router, cards.router, card_history.router, actions.router, operations.router, *OF_MONEY),
    *(usage.router, requests.router, webhooks.router, events.router),
)


class PortalApi(NinjaAPI):
    """Each answer says how much may still be asked."""

    def on_exception(self, request, exc):
        return with_share(request, super().on_exception(request, exc))


def strict(view):
    """The view refuses parameters that it does not know, and says with each answer what may still be asked."""
    known = set(parameters_of(view))

    @wraps(view)
    def answered(request, *args, **kwargs):
        if unknown := sorted(set(request.GET) - known):
            told = [{"pointer": f"query:{name}", "code": "unknown", "detail": str(UNKNOWN)} for name in unknown]
            raise invalid(told)
        return with_share(request, view(request, *args, **kwargs))

    return answered


def parameters_of(view):
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


api = PortalApi(
    title="simportal",
    version=VERSION,
    auth=KeyRequired(),
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api-v1",
)
api.add_decorator(strict)
for router in ROUTERS:
    api.add_router("", router)


@api.exception_handler(Problem)
def _problem(request, error):
    return answer_to(error)


@api.exception_handler(Refused)
def _refused(request, refused):
    return answer_to(of_refusal(refused))


@api.exception_handler(BadInput)
def _bad_input(request, bad):
    return answer_to(of_bad_input(bad))


@api.exception_handler(ValidationError)
def _unfit(request, error):
    return answer_to(of_schema(error.errors))


@api.exception_handler(Http404)
def _nothing_there(request, error):
    return answer_to(not_found(_("There is nothing of yours at this address.")))


@api.exception_handler(PermissionDenied)
def _not_allowed(request, error):
    return answer_to(Problem(403, "not_allowed", _("This is not allowed with this key.")))


@api.exception_handler(RequestDataTooBig)
def _too_large(request, error):
    return answer_to(Problem(413, "too_large", _("Too much was sent at once: send it in parts.")))


@api.exception_handler(Exception)
def _mistake(request, error):
    """Django's own handlers say whether it is a fault that passes; nothing is told of it here."""
    raise error
