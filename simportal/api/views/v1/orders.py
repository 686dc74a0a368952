"""Orders: renewals and add-on packs, placed and paid out of the wallet in one request; and what became of them."""

from decimal import Decimal
from typing import Annotated, Literal

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from billing.actions import orders
from billing.actions.shown import shown_by_check
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.rules import PLAN_KINDS
from cards.models import Plan
from cards.paging import key_in
from simportal.api.actions import buying
from simportal.api.choices import ApiScope
from simportal.api.errors import Problem, invalid, no_such, of_refusal
from simportal.api.pages.entrance import needs
from simportal.api.pages.exactly_once import exactly_once
from simportal.api.pages.meant import meant_cards
from simportal.api.pages.order_documents import ORDER_MARK, order_documents, refusals_of, shown_orders
from simportal.api.pages.pages_of import first_rows, page_answer, place_in
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.parameters import CardFilters, CardNumber, PageQuery
from simportal.api.views.v1.schemas import LinePage, OrderDocument, OrderPage, OrderPreview, refused_with

router = Router(tags=["orders"])
NO_ORDER = _("You have no order of this number.")
NO_PLAN = _("There is no such plan that is sold.")
NAME_A_PACK = _("Say which add-on pack.")
SOME_CANNOT = _("It cannot be sold for {count} of these cards: leave them out, or say `partial`.")
_Named = Annotated[str, Field(max_length=30, description="`id` of an order")]


class OrderBody(Schema):
    """What is bought, for which cards. Without a plan a renewal gives each card its own plan again.

    `expected_total` is what you think that it comes to: with another price nothing is bought. Where it cannot be sold
    for some of the cards nothing is bought either, unless `partial`. `also_renewed`: one more term for cards that are
    renewed already too. `client_reference` is your name for it, used once for ever. `pay` out of the wallet at once, or
    later with `/orders/{order}/pay`.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["renewal", "pack"]
    plan: str | None = Field(None, max_length=40)
    cards: list[CardNumber] | None = Field(None, max_length=buying.MOST_CARDS_OF_ORDER)
    selection: CardFilters | None = None
    expected_total: Annotated[str, Field(pattern=r"^\d{1,10}(\.\d{1,2})?$")] | None = None
    partial: bool = False
    also_renewed: bool = False
    client_reference: Annotated[str, Field(min_length=1, max_length=64, pattern="^[!-~]+$")] | None = None
    pay: bool = True


@router.get("/orders", response={200: OrderPage, **refused_with()})
@needs(ApiScope.ORDERS_READ)
def list_orders(request, asked: Query[PageQuery]):
    """Your orders, the newest first: those of your people, too."""
    after = key_in(place_in(request, "orders"))
    found = shown_orders(request.user).order_by("-pk")
    shown, last = first_rows(found.filter(pk__lt=after) if after else found, asked.limit)
    return page_answer(request, "orders", order_documents(shown), last)


@router.post("/orders/preview", response={200: OrderPreview, **refused_with(404, 409)})
@needs(ApiScope.ORDERS_WRITE)
def preview_order(request, payload: OrderBody):
    """What it would come to and for which cards it cannot be sold; nothing is placed."""
    with transaction.atomic():
        draft, card_ids = _drafted(request, payload)
        refusals, total = refusals_of(draft), shown_by_check(draft.job).total
        transaction.set_rollback(True)
    lost = sum(group["count"] for group in refusals)
    document = {"kind": payload.kind, "cards": len(card_ids), "eligible": len(card_ids) - lost}
    return json_answer(document | {"total": str(total), "refusals": refusals})


@router.get("/orders/{order}", url_name="get_order", response={200: OrderDocument, **refused_with(404)})
@needs(ApiScope.ORDERS_READ)
def get_order(request, order: Path[_Named]):
    """One order."""
    return json_answer(order_documents([_find(request, order)])[0])


@router.get("/orders/{order}/lines", response={200: LinePage, **refused_with(404)})
@needs(ApiScope.ORDERS_READ)
def list_lines(request, order: Path[_Named], asked: Query[PageQuery]):
    """What the order sold for each card, and what became of it. Cards that are somebody else's by now are left out."""
    found = _find(request, order)
    name = f"lines.{found.pk}"
    after = key_in(place_in(request, name)) or 0
    lines = found.lines.filter(number__gt=after).order_by("number").select_related("card", "plan")
    shown, last = first_rows(lines, asked.limit, "number")
    items = [
        {
            "card": line.card.iccid,
            "plan": line.plan and line.plan.code,
            "price": str(line.unit_price),
            "tax_rate": str(line.tax_rate),
            "state": line.state,
            "seq": line.seq,
            "fulfilled_on": line.fulfilled_on and line.fulfilled_on.isoformat(),
            "refunded_on": line.refunded_on and line.refunded_on.isoformat(),
        }
        for line in shown
        if line.card and line.card.customer_id == request.auth.customer_id
    ]
    return page_answer(request, name, items, last)


@router.post("/orders", response={201: OrderDocument, **refused_with(404, 409)})
@needs(ApiScope.ORDERS_WRITE)
@exactly_once
def place_order(request, payload: OrderBody):
    """Buy it: placed at today's prices and, unless `pay` is false, paid out of the wallet and served."""
    expected = None if payload.expected_total is None else Decimal(payload.expected_total)
    draft, _card_ids = _drafted(request, payload)
    if not payload.partial:
        _refuse_some(draft)
    wanted = {"expected": expected, "reference": payload.client_reference, "pays": payload.pay}
    try:
        order = buying.buy(draft, request.auth, **wanted)
    except MoneyRefused as refused:
        raise of_refusal(refused) from None
    (document,) = order_documents([order])
    return json_answer(document, 201, {"Location": document["links"]["self"]})


@router.post("/orders/{order}/pay", response={200: OrderDocument, **refused_with(404, 409)})
@needs(ApiScope.ORDERS_WRITE)
@exactly_once
def pay_order(request, order: Path[_Named]):
    """Pay a placed order out of the wallet; paid twice, it is paid once."""
    return _moved(request, order, orders.pay_and_fulfil)


@router.post("/orders/{order}/withdraw", response={200: OrderDocument, **refused_with(404, 409)})
@needs(ApiScope.ORDERS_WRITE)
@exactly_once
def withdraw_order(request, order: Path[_Named]):
    """Take back an order that is not paid."""
    return _moved(request, order, orders.withdraw)


def _moved(request, name, move):
    try:
        moved = move(_find(request, name), user=request.user)
    except MoneyRefused as refused:
        raise of_refusal(refused) from None
    return json_answer(order_documents([moved])[0])


def _find(request, name):
    pk = key_in(name.removeprefix(ORDER_MARK)) if name.startswith(ORDER_MARK) else None
    order = pk and shown_orders(request.user).filter(pk=pk).first()
    if not order:
        raise no_such(NO_ORDER)
    return order


def _plan(payload):
    """The plan of this code; None for a renewal that names none."""
    kind = PLAN_KINDS[OrderKind(payload.kind)]
    if payload.plan is None:
        if payload.kind == OrderKind.PACK:
            raise invalid([{"pointer": "/plan", "code": "missing", "detail": str(NAME_A_PACK)}])
        return None
    plan = Plan.objects.filter(code=payload.plan, kind=kind, is_sold=True).first()
    if plan is None:
        raise invalid([{"pointer": "/plan", "code": "no_such_plan", "detail": str(NO_PLAN)}])
    return plan


def _drafted(request, payload):
    """(the checked draft, the keys of its cards)."""
    plan, card_ids = _plan(payload), meant_cards(request, payload, buying.MOST_CARDS_OF_ORDER)
    wanted = {"also_renewed": payload.also_renewed}
    return buying.draft_for_program(request.auth, payload.kind, plan, card_ids, **wanted), card_ids


def _refuse_some(draft):
    """All cards or none."""
    refusals = refusals_of(draft)
    if refusals:
        detail = str(SOME_CANNOT).format(count=sum(group["count"] for group in refusals))
        raise Problem(409, "some_cannot", detail, {"refusals": refusals})
