"""Operations: how far what was asked for has come, and what became of each card."""

import re
import threading
import time
from typing import Annotated, Literal

from ninja import Path, Query, Router
from pydantic import Field

from cards.models import Card
from cards.pages.job_outcomes import page_of_outcomes
from simportal.api.choices import SCOPE_OF_ACTION
from simportal.api.pages.entrance import needs
from simportal.api.pages.operations import is_over, job_in, operation_named
from simportal.api.pages.pages_of import page_answer, place_in
from simportal.api.pages.portal_api import PREFER
from simportal.api.pages.possible_actions import refusal_document
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.parameters import PageQuery
from simportal.api.views.v1.schemas import ItemPage, refused_with
from simportal.api.views.v1.schemas import Operation as OperationDocument

router = Router(tags=["operations"])
_LONGEST_WAIT, LOOKED_EVERY = 10, 0.25  # seconds
# The threads of a web process in docs/production; who comes when a quarter of them waits is answered at once.
THREADS = 4
_waiting = threading.BoundedSemaphore(max(1, THREADS // 4))
_Named = Annotated[str, Field(max_length=30, description="`id` of an operation")]
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})\b")


class ItemQuery(PageQuery):
    """Which outcomes: all of them, those that were done, or those that were refused."""

    outcome: Literal["done", "refused"] | None = None


@router.get(
    "/operations/{operation}",
    url_name="get_operation",
    response={200: OperationDocument, **refused_with(404)},
    openapi_extra={"parameters": [PREFER]},
)
@needs(*SCOPE_OF_ACTION.values())
def get_operation(request, operation: Path[_Named]):
    """How far it is. `Prefer: wait=10` answers when it is over, or after so many seconds (at most 10)."""
    document = operation_named(operation, request.auth)
    seconds = _wish(request)
    if not seconds or is_over(document) or not _waiting.acquire(blocking=False):
        return json_answer(document)
    try:
        until = time.monotonic() + seconds
        while not is_over(document) and time.monotonic() < until:
            time.sleep(LOOKED_EVERY)
            document = operation_named(operation, request.auth)
    finally:
        _waiting.release()
    return json_answer(document, headers={"Preference-Applied": f"wait={seconds}"})


@router.get("/operations/{operation}/items", response={200: ItemPage, **refused_with(404)})
@needs(*SCOPE_OF_ACTION.values())
def list_items(request, operation: Path[_Named], asked: Query[ItemQuery]):
    """What became of each card of an operation on many, fifty at a time."""
    job, place = job_in(operation, request.auth), place_in(request, operation)
    after = tuple(map(int, place.split("."))) if place else (0, -1)
    show = {"done": "done", "refused": "failed"}.get(asked.outcome, "")
    outcomes, last = page_of_outcomes(job, show, after, Card.objects.visible_to(request.user))
    items = [_item(outcome) for outcome in outcomes]
    return page_answer(request, operation, items, last and ".".join(map(str, last)))


def _item(outcome):
    told = {"card": outcome.card.iccid, "outcome": "refused" if outcome.refused else "done"}
    if outcome.refused:
        return told | {"refusal": refusal_document(outcome.refused)}
    return told | {"seq": outcome.seq}


def _wish(request):
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), _LONGEST_WAIT) if found else 0
