"""Cards as programs read them: the list with the filters of the customer's own pages, one card, what may be done."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router

from cards.models import Card
from cards.paging import page_of
from simportal.api.actions.card_documents import CARD_DOCUMENT, written_cards
from simportal.api.choices import ApiScope
from simportal.api.errors import invalid
from simportal.api.pages.entrance import needs
from simportal.api.pages.finding_cards import filter_of
from simportal.api.pages.numbers import card_named
from simportal.api.pages.pages_of import page_answer, place_in
from simportal.api.pages.portal_api import IF_NONE_MATCH, WITH_ETAG
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.parameters import CardNumber, CardQuery
from simportal.api.views.v1.schemas import CardCount, CardDocument, CardsPage, refused_with

router = Router(tags=["cards"])
NOT_A_FIELD = _("There is no such field. There are: {known}.")


@router.get("/cards", response={200: CardsPage, **refused_with()})
@needs(ApiScope.CARDS_READ)
def list_cards(request, asked: Query[CardQuery]):
    """Your cards, page by page in the order of `id` unless `sort` says otherwise.

    `fields` names those of a card's fields that are wanted, between commas. Where more cards follow, `next` says how to
    ask for them.
    """
    names, place = _names(asked.fields), place_in(request, "cards")
    filtered = filter_of(request, asked.filters(), place)
    page = page_of(
        filtered.qs,
        asked.limit,
        filtered.form.cleaned_data["after"],
        order=filtered.order,
        shown_as=Card.objects.only("pk"),
    )
    keys = [card.pk for card in page.rows]
    found = written_cards(Card.objects.filter(pk__in=keys), ("pk", *names))
    by_key = {document.pop("pk"): document for document in found}
    return page_answer(request, "cards", [by_key[pk] for pk in keys if pk in by_key], page.after)


@router.get("/cards/count", response={200: CardCount, **refused_with()})
@needs(ApiScope.CARDS_READ)
def count_cards(request, asked: Query[CardQuery]):
    """How many cards these parameters find."""
    return json_answer({"count": filter_of(request, asked.filters()).qs.count()})


@router.get(
    "/cards/{card}",
    response={200: CardDocument, 304: None, **refused_with(404, 409)},
    openapi_extra={"parameters": [IF_NONE_MATCH], "responses": {200: WITH_ETAG}},
)
@needs(ApiScope.CARDS_READ)
def get_card(request, card: Path[CardNumber]):
    """One card, by its ICCID, or by `msisdn:…` or `imsi:…`. The ETag is its version."""
    found = card_named(card, request.user)
    (document,) = written_cards(Card.objects.filter(pk=found.pk))
    etag = etag_of(document["version"])
    if etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": etag})
    return json_answer(document, headers={"ETag": etag})


def etag_of(version):
    return f'"{version}"'


def _names(fields):
    if fields is None:
        return tuple(CARD_DOCUMENT)
    names = tuple(dict.fromkeys(filter(None, fields.split(","))))
    if unknown := [name for name in names if name not in CARD_DOCUMENT]:
        detail = str(NOT_A_FIELD).format(known=", ".join(CARD_DOCUMENT))
        raise invalid([{"pointer": f"query:fields/{name}", "code": "invalid", "detail": detail} for name in unknown])
    return names
