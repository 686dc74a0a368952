"""Webhooks of one's own: where events are sent, what was sent, and everything that is done with them."""

from typing import Annotated

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from cards.errors import BadInput
from cards.paging import key_in
from simportal.api.actions import endpoints
from simportal.api.choices import ApiScope, DeliveryOutcome, DeliveryProblem, EventType, OffReason
from simportal.api.errors import HookRefused, no_such, of_bad_input, of_refusal
from simportal.api.models import Delivery, Endpoint
from simportal.api.pages.entrance import needs
from simportal.api.pages.exactly_once import exactly_once
from simportal.api.pages.hook_documents import delivery_document, endpoint_document
from simportal.api.pages.pages_of import first_rows, page_answer, place_in
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.parameters import PageQuery
from simportal.api.views.v1.schemas import refused_with

router = Router(tags=["webhooks"])
NO_WEBHOOK = _("You have no webhook of this number.")
NO_DELIVERY = _("This webhook has no delivery of this number.")
Hook = Annotated[str, Field(max_length=30, description="`id` of a webhook")]
Sent = Annotated[str, Field(max_length=30, description="`id` of a delivery")]
Types = Annotated[list[str], Field(max_length=len(EventType), description="Which events; none: all of them")]
Address = Annotated[str, Field(max_length=600, description="https, port 443 or 8443, a public address")]


class Webhook(Schema):
    """Where events are sent. `failing_since`: no try has succeeded since then; `missed`: it can be sent what it missed.

    `off_reason` says why the portal has switched it off. `former_secret_until`: until then the secret of before signs
    too.
    """

    id: str
    url: str
    types: list[EventType]
    with_card: bool
    is_on: bool
    off_reason: OffReason | None
    failing_since: str | None
    former_secret_until: str | None
    created_at: str


class WebhookList(Schema):
    items: list[Webhook]


class Secret(Schema):
    """What verifies the signatures, as libraries of Standard Webhooks take it."""

    secret: str


class DeliveryDocument(Schema):
    """An event on its way, or there. `outcome` is null while it waits; `due_at` is then when it is sent.

    `status`, `problem`, `answer` (its beginning) and `ms` are of the last try.
    """

    id: str
    event: str
    type: EventType
    card: str | None
    outcome: DeliveryOutcome | None
    tries: int
    due_at: str | None
    tried_at: str | None
    status: int | None
    problem: DeliveryProblem | None
    detail: str | None
    answer: str | None
    ms: int | None


class DeliveryPage(Schema):
    items: list[DeliveryDocument]
    next: str | None


class NewWebhook(Schema):
    model_config = ConfigDict(extra="forbid")

    url: Address
    types: Types = Field(default_factory=list)
    with_card: bool = Field(False, description="Send the whole card with each event of a card")


class ChangedWebhook(Schema):
    """What is to be otherwise. Switched on again, it is sent what it missed if `send_missed` says so."""

    model_config = ConfigDict(extra="forbid")

    url: Address | None = None
    types: Types | None = None
    with_card: bool | None = None
    is_on: bool | None = None
    send_missed: bool = True


class DeliveryQuery(PageQuery):
    outcome: DeliveryOutcome | None = None


@router.get("/webhooks", response={200: WebhookList, **refused_with()})
@needs(ApiScope.WEBHOOKS_WRITE)
def list_webhooks(request):
    """All your webhooks: there are ten at the most."""
    return json_answer({"items": [endpoint_document(endpoint) for endpoint in _endpoints(request)]})


@router.post("/webhooks", response={201: Webhook, **refused_with(409, 422)})
@needs(ApiScope.WEBHOOKS_WRITE)
@exactly_once
def add_webhook(request, payload: NewWebhook):
    """A new webhook, told of everything from now on. Its secret is at `/webhooks/{webhook}/secret`."""
    values = payload.model_dump()
    endpoint = _asked(endpoints.add_endpoint, request.auth.customer, values.pop("url"), by=request.user, **values)
    return json_answer(endpoint_document(endpoint), 201)


@router.get("/webhooks/{webhook}", response={200: Webhook, **refused_with(404)})
@needs(ApiScope.WEBHOOKS_WRITE)
def get_webhook(request, webhook: Path[Hook]):
    """One webhook."""
    return json_answer(endpoint_document(_endpoint(request, webhook)))


@router.patch("/webhooks/{webhook}", response={200: Webhook, **refused_with(404, 409, 422)})
@needs(ApiScope.WEBHOOKS_WRITE)
def change_webhook(request, webhook: Path[Hook], payload: ChangedWebhook):
    """Another URL, other events, on or off. What is not said stays as it is."""
    endpoint, values = _endpoint(request, webhook), payload.model_dump(exclude_none=True)
    sends_missed, is_on = values.pop("send_missed"), values.pop("is_on", None)
    _asked(endpoints.change_endpoint, endpoint, by=request.user, **values)
    if is_on:
        endpoints.switch_on(endpoint, by=request.user, sends_missed=sends_missed)
    elif is_on is False:
        endpoints.switch_off(endpoint, by=request.user)
    return json_answer(endpoint_document(_endpoint(request, webhook)))


@router.api_operation(["DELETE"], "/webhooks/{webhook}", response={204: None, **refused_with(404)})
@needs(ApiScope.WEBHOOKS_WRITE)
def delete_webhook(request, webhook: Path[Hook]):
    """It is told nothing any more."""
    endpoints.remove_endpoint(_endpoint(request, webhook), by=request.user)
    return HttpResponse(status=204)


@router.get("/webhooks/{webhook}/secret", response={200: Secret, **refused_with(404, 422)})
@needs(ApiScope.WEBHOOKS_WRITE)
def get_secret(request, webhook: Path[Hook]):
    """The secret by which you verify what comes."""
    return json_answer({"secret": _asked(endpoints.secret_of, _endpoint(request, webhook))})


@router.post("/webhooks/{webhook}/rotate", response={200: Webhook, **refused_with(404, 422)})
@needs(ApiScope.WEBHOOKS_WRITE)
@exactly_once
def rotate_webhook(request, webhook: Path[Hook]):
    """A new secret. For 24 hours what is sent has a signature by the former one too."""
    endpoint = _asked(endpoints.rotate_secret, _endpoint(request, webhook), by=request.user)
    return json_answer(endpoint_document(endpoint))


@router.post("/webhooks/{webhook}/test", response={202: DeliveryDocument, **refused_with(404, 409)})
@needs(ApiScope.WEBHOOKS_WRITE)
@exactly_once
def test_webhook(request, webhook: Path[Hook]):
    """Send `webhook.test` to it, and to no other."""
    return json_answer(delivery_document(_allowed(endpoints.send_test, _endpoint(request, webhook))), 202)


@router.get("/webhooks/{webhook}/deliveries", response={200: DeliveryPage, **refused_with(404, 422)})
@needs(ApiScope.WEBHOOKS_WRITE)
def list_deliveries(request, webhook: Path[Hook], asked: Query[DeliveryQuery]):
    """What was sent, and what waits, the newest first."""
    endpoint, place = _endpoint(request, webhook), place_in(request, webhook)
    deliveries = Delivery.objects.filter(endpoint=endpoint).select_related("event").order_by("-pk")
    if asked.outcome:
        deliveries = deliveries.filter(outcome=asked.outcome)
    if place:
        deliveries = deliveries.filter(pk__lt=int(place))
    shown, last = first_rows(deliveries, asked.limit)
    return page_answer(request, webhook, list(map(delivery_document, shown)), last)


@router.get("/webhooks/{webhook}/deliveries/{delivery}", response={200: DeliveryDocument, **refused_with(404)})
@needs(ApiScope.WEBHOOKS_WRITE)
def get_delivery(request, webhook: Path[Hook], delivery: Path[Sent]):
    """One delivery, with what was sent and answered."""
    return json_answer(delivery_document(_delivery(request, webhook, delivery)))


@router.post(
    "/webhooks/{webhook}/deliveries/{delivery}/redeliver",
    response={202: DeliveryDocument, **refused_with(404, 409)},
)
@needs(ApiScope.WEBHOOKS_WRITE)
@exactly_once
def redeliver(request, webhook: Path[Hook], delivery: Path[Sent]):
    """Send it again, with the same `webhook-id`."""
    found = _delivery(request, webhook, delivery)
    return json_answer(delivery_document(_allowed(endpoints.send_anew, found)), 202)


def _endpoints(request):
    return Endpoint.objects.filter(customer=request.auth.customer_id).order_by("pk")


def _endpoint(request, number):
    pk = key_in(number.removeprefix(Endpoint.MARK)) if number.startswith(Endpoint.MARK) else None
    found = pk and _endpoints(request).select_related("customer").filter(pk=pk).first()
    if not found:
        raise no_such(NO_WEBHOOK)
    return found


def _delivery(request, webhook, number):
    endpoint = _endpoint(request, webhook)
    pk = key_in(number.removeprefix(Delivery.MARK)) if number.startswith(Delivery.MARK) else None
    found = pk and endpoint.deliveries.select_related("event", "endpoint").filter(pk=pk).first()
    if not found:
        raise no_such(NO_DELIVERY)
    return found


def _asked(action, *args, **values):
    try:
        return _allowed(action, *args, **values)
    except BadInput as bad:
        raise of_bad_input(bad) from None


def _allowed(action, *args, **values):
    """What came of it; within a request that is answered once, a refusal is a problem that is kept."""
    try:
        return action(*args, **values)
    except HookRefused as refused:
        raise of_refusal(refused) from None
