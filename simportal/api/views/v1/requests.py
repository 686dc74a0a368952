"""What a customer asks the dealer about a card; and its ID verification."""

import uuid
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from cards.actions.fleet_snapshot import LATE_AFTER_DAYS
from cards.actions.requests import LONGEST_TEXT, close, open_request
from cards.actions.write import attach_queues
from cards.calendar import civil_today
from cards.carriers.actions.real_name_links import TooManyLinks, can_link, fetch_real_name_link, wants_link
from cards.carriers.models import Line
from cards.errors import BadInput
from cards.models import CardRequest
from cards.paging import key_in
from cards.sentences.diagnosis import diagnose, evidence_now
from simportal.api.choices import ApiScope
from simportal.api.errors import Problem, no_such
from simportal.api.pages.entrance import needs
from simportal.api.pages.exactly_once import exactly_once
from simportal.api.pages.numbers import card_named
from simportal.api.pages.pages_of import first_rows, page_answer, place_in
from simportal.api.pages.written import as_instant, json_answer
from simportal.api.views.v1.parameters import CardNumber, PageQuery
from simportal.api.views.v1.schemas import RealNameLink, RealNameState, RequestDocument, RequestPage, refused_with

router = Router(tags=["requests"])
_MARK = "req_"
NO_REQUEST = _("You have no request of this number.")
NO_LINK = _("The carrier gives no link for this card at the moment. Try again later, or ask your dealer.")
_Named = Annotated[str, Field(max_length=30, description="`id` of a request")]


class RequestBody(Schema):
    """What is asked, and about which card."""

    model_config = ConfigDict(extra="forbid")

    card: CardNumber
    text: str = Field("", max_length=LONGEST_TEXT)


@router.get("/real-name/{card}", response={200: RealNameState, **refused_with(404, 409)})
@needs(ApiScope.CARDS_READ, ApiScope.REAL_NAME)
def get_real_name(request, card: Path[CardNumber]):
    """How far the card's ID verification is. Submit one with the action `submit_real_name`."""
    found = card_named(card, request.user)
    line = Line.objects.filter(card=found).select_related("account").first()
    has_link = wants_link(found) and bool(line and line.account and can_link(line.account))
    document = {"card": found.iccid, "is_needed": wants_link(found), "state": found.real_name, "has_link": has_link}
    return json_answer(document)


@router.post("/real-name/{card}", response={200: RealNameLink, **refused_with(404, 409)})
@needs(ApiScope.REAL_NAME)
def fetch_link(request, card: Path[CardNumber]):
    """Fetch the address of the carrier's own page for the ID verification. It changes nothing, and is kept nowhere."""
    found = card_named(card, request.user)
    try:
        address = fetch_real_name_link(found, request.user)
    except TooManyLinks as often:
        raise Problem(429, "too_many_links", str(often.sentence), {}, {"Retry-After": "900"}) from None
    except BadInput:
        raise Problem(409, "no_link", NO_LINK, {"card": found.iccid}) from None
    return json_answer({"card": found.iccid, "url": address})


@router.get("/requests", response={200: RequestPage, **refused_with()})
@needs(ApiScope.CARDS_READ, ApiScope.REQUESTS_WRITE)
def list_requests(request, asked: Query[PageQuery]):
    """What you asked the dealer, the newest first."""
    after = key_in(place_in(request, "requests"))
    found = CardRequest.objects.visible_to(request.user).select_related("card").order_by("-pk")
    shown, last = first_rows(found.filter(pk__lt=after) if after else found, asked.limit)
    return page_answer(request, "requests", list(map(_told, shown)), last)


@router.get("/requests/{number}", response={200: RequestDocument, **refused_with(404)})
@needs(ApiScope.CARDS_READ, ApiScope.REQUESTS_WRITE)
def get_request(request, number: Path[_Named]):
    """One request with its answer."""
    return json_answer(_told(_find(request, number)))


@router.post("/requests", response={201: RequestDocument, **refused_with(404, 409)})
@needs(ApiScope.REQUESTS_WRITE)
@exactly_once
def ask_dealer(request, payload: RequestBody):
    """Ask the dealer about a card. While one about it waits for its answer, it is that one."""
    card, today = card_named(payload.card, request.user, "customer", "plan"), civil_today()
    attach_queues([card])
    evidence = evidence_now(card, diagnose(card, today, LATE_AFTER_DAYS), today)
    asked = open_request(card, by=request.user, text=payload.text, evidence=evidence, key=uuid.uuid4())
    return json_answer(_told(asked), 201)


@router.post("/requests/{number}/close", response={200: RequestDocument, **refused_with(404)})
@needs(ApiScope.REQUESTS_WRITE)
@exactly_once
def close_own_request(request, number: Path[_Named]):
    """No more answer is needed; closed twice is closed once."""
    found = _find(request, number)
    close(found)
    return json_answer(_told(_find(request, number)))


def _find(request, number):
    pk = key_in(number.removeprefix(_MARK)) if number.startswith(_MARK) else None
    found = pk and CardRequest.objects.visible_to(request.user).select_related("card").filter(pk=pk).first()
    if not found:
        raise no_such(NO_REQUEST)
    return found


def _told(card_request):
    return {
        "id": f"{_MARK}{card_request.pk}",
        "card": card_request.card.iccid,
        "status": card_request.status,
        "text": card_request.text,
        "answer": card_request.answer or None,
        "asked_at": as_instant(card_request.asked_at),
        "answered_at": as_instant(card_request.answered_at),
        "closed_at": as_instant(card_request.closed_at),
    }
