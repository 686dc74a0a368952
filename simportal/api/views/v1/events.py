"""What happened: the same events as webhooks send, for who would rather ask, and to catch up."""

from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from simportal.api.choices import ApiScope, EventType
from simportal.api.errors import invalid
from simportal.api.models import ApiEvent
from simportal.api.models.event import event_place
from simportal.api.pages.entrance import needs
from simportal.api.pages.hook_documents import event_document
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.parameters import PageLimit
from simportal.api.views.v1.schemas import refused_with

router = Router(tags=["events"])
NOT_A_TYPE = _("There is no such event. There are: {known}.")
NOT_A_PLACE = _("This is no event's number: take `cursor` from the answer before.")
USUAL_EVENTS = 100


class ToldEvent(Schema):
    """What happened, once. `data.seq` is the version that the card has by it: an older one can be left out.

    `id` is the `webhook-id` under which it is sent.
    """

    id: str
    type: EventType
    timestamp: str
    data: dict[str, Any]


class ToldEventPage(Schema):
    """`cursor` is the `after` of the next request, whether there are `more` already or not."""

    items: list[ToldEvent]
    cursor: str
    more: bool


class EventQuery(Schema):
    model_config = ConfigDict(extra="forbid")

    after: Annotated[str, Field(max_length=30, description="`cursor` of the answer before; none: the oldest kept")] = ""
    types: Annotated[str, Field(max_length=500, description="Which events, between commas; none: all")] = ""
    limit: PageLimit = USUAL_EVENTS


@router.get("/events", response={200: ToldEventPage, **refused_with(422)})
@needs(ApiScope.WEBHOOKS_WRITE)
def list_told(request, asked: Query[EventQuery]):
    """Events of the last 90 days, in the order in which they came to light, behind the place `after`."""
    place, types = _place(asked.after), _types(asked.types)
    events = ApiEvent.objects.filter(customer=request.auth.customer_id, pk__gt=place).exclude(type=EventType.TEST)
    if types:
        events = events.filter(type__in=types)
    rows = list(events.order_by("pk")[: asked.limit + 1])
    shown = rows[: asked.limit]
    cursor = shown[-1].number if shown else f"{ApiEvent.MARK}{place}"
    return json_answer(
        {"items": [event_document(row) for row in shown], "cursor": cursor, "more": len(rows) > asked.limit}
    )


def _place(text):
    if text in ("", f"{ApiEvent.MARK}0"):
        return 0
    place = event_place(text)
    if place is None:
        raise invalid([{"pointer": "query:after", "code": "invalid", "detail": str(NOT_A_PLACE)}])
    return place


def _types(text):
    types = list(filter(None, text.split(",")))
    if unknown := [kind for kind in types if kind not in EventType]:
        detail = str(NOT_A_TYPE).format(known=", ".join(EventType))
        raise invalid([{"pointer": f"query:types/{kind}", "code": "invalid", "detail": detail} for kind in unknown])
    return types
