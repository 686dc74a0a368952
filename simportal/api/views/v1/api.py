"""The API of version 1: django-ninja routes it, describes it and reads what comes in; answers are written plainly."""

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from ninja.errors import ValidationError

from cards.errors import BadInput, Refused
from simportal.api.errors import Problem, no_such, of_bad_input, of_refusal, of_schema
from simportal.api.pages.entrance import KeyRequired
from simportal.api.pages.portal_api import PortalApi, strict
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
_OF_MONEY = (orders.router, money.router)
ROUTERS = (
    *(me.router, cards.router, card_history.router, actions.router, operations.router, *_OF_MONEY),
    *(usage.router, requests.router, webhooks.router, events.router),
)

api = PortalApi(
    title="simportal",
    version=VERSION,
    auth=KeyRequired(),
    docs_url=None,
    docs_decorator=require_safe,
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
    return answer_to(no_such(_("There is nothing of yours at this address.")))


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
