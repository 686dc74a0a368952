"""Who asks, what the key may, and what every code means."""

from datetime import date, datetime

from django.utils import timezone
from ninja import Router, Schema

from cards.errors import REFUSALS
from simportal.api.actions.limits import ACTING, READING
from simportal.api.choices import SCOPE_OF_ACTION, ApiScope
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.schemas import refused_with

router = Router(tags=["me"])


class CodeMeaning(Schema):
    """What a code of a refusal says, with `{facts}` where it names some, and the way out."""

    code: str
    sentence: str
    way_out: str


class ScopeMeaning(Schema):
    scope: str
    meaning: str
    granted: bool


class RateMeaning(Schema):
    name: str
    per_second: int
    burst: int


class Me(Schema):
    customer: str
    key: str
    expires_on: date | None
    server_time: datetime
    scopes: list[ScopeMeaning]
    actions: list[str]
    limits: list[RateMeaning]
    codes: list[CodeMeaning]


@router.get("/me", response={200: Me, **refused_with()})
def me(request):
    """The customer whose key this is, what it may do, how often it may ask, and the codes of refusals."""
    key = request.auth
    document = {
        "customer": key.customer.name,
        "key": key.name,
        "expires_on": key.expires_on and key.expires_on.isoformat(),
        "server_time": timezone.localtime().isoformat(timespec="seconds"),
        "scopes": [
            {"scope": scope.value, "meaning": str(scope.label), "granted": key.may(scope)} for scope in ApiScope
        ],
        "actions": [action.value for action, scope in SCOPE_OF_ACTION.items() if key.may(scope)],
        "limits": [{"name": r.name, "per_second": r.per_second, "burst": r.burst} for r in (READING, ACTING)],
        "codes": [
            {"code": code, "sentence": str(sentence), "way_out": str(way_out)}
            for code, (sentence, way_out) in REFUSALS.items()
        ],
    }
    return json_answer(document)
