"""Usage of all cards, for accounting: a day or a month as one stream, a line for each card."""

import json
from datetime import date
from typing import Annotated, Literal

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.http import StreamingHttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from cards.calendar import add_months
from cards.files.writing import csv_text
from cards.models import CardEvent, UsageDay
from cards.timeouts import DOWNLOAD_SECONDS, statements_within
from simportal.api.choices import ApiScope
from simportal.api.pages.entrance import needs
from simportal.api.views.v1.schemas import refused_with

router = Router(tags=["usage"])
_ROWS_AT_ONCE = 2_000
NDJSON, _CSV = "application/x-ndjson", "text/csv; charset=utf-8"
_LINES = {"schema": {"type": "string"}}
STREAMED = {"responses": {200: {"content": {NDJSON: _LINES, "text/csv": _LINES}}}}
_Day = Annotated[date, Field(description="`YYYY-MM-DD`")]
_Month = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="`YYYY-MM`")]


class StreamQuery(Schema):
    """As what: a JSON object on each line, or CSV with a heading."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["ndjson", "csv"] = "ndjson"


# Before the day, whose address would take it.
@router.get("/usage/monthly/{month}", response={200: None, **refused_with(404)}, openapi_extra=STREAMED)
@needs(ApiScope.USAGE_READ)
def usage_of_month(request, month: Path[_Month], asked: Query[StreamQuery]):
    """The bytes of each card in a calendar month, as far as the card was yours: `{"card", "bytes"}` on each line."""
    first = date.fromisoformat(f"{month}-01")
    days = _theirs(request, UsageDay.objects.filter(day__gte=first, day__lt=add_months(first, 1)))
    rows = days.values("card", "card__iccid").annotate(total=Sum("bytes")).order_by("card")
    return _stream(asked.format, ("card", "bytes"), rows.values_list("card__iccid", "total"))


@router.get("/usage/{day}", response={200: None, **refused_with(404)}, openapi_extra=STREAMED)
@needs(ApiScope.USAGE_READ)
def usage_of_day(request, day: Path[_Day], asked: Query[StreamQuery]):
    """The bytes of each card on a civil day, as far as the card was yours: `{"card", "bytes"}` on each line."""
    days = _theirs(request, UsageDay.objects.filter(day=day)).order_by("card")
    return _stream(asked.format, ("card", "bytes"), days.values_list("card__iccid", "bytes"))


def _theirs(request, days):
    """Those of these days on which the card was this customer's."""
    became_theirs = CardEvent.objects.filter(card=OuterRef("card"), seq=OuterRef("card__owned_from_seq"))
    days = days.filter(card__customer=request.auth.customer_id)
    days = days.annotate(since=Subquery(became_theirs.values("effective_on")))
    return days.filter(Q(since=None) | Q(day__gte=F("since")))


def _stream(format, names, rows):
    blocks = _lines(names, rows) if format == "ndjson" else _table(names, rows)
    return StreamingHttpResponse(blocks, content_type=NDJSON if format == "ndjson" else _CSV)


def _lines(names, rows):
    with statements_within(DOWNLOAD_SECONDS):
        for block in _blocks(rows):
            yield "".join(f"{json.dumps(dict(zip(names, row, strict=True)))}\n" for row in block)


def _table(names, rows):
    with statements_within(DOWNLOAD_SECONDS):
        yield csv_text([names])
        for block in _blocks(rows):
            yield csv_text(block)


def _blocks(rows):
    block = []
    for row in rows.iterator(_ROWS_AT_ONCE):
        block.append(row)
        if len(block) == _ROWS_AT_ONCE:
            yield block
            block = []
    if block:
        yield block
