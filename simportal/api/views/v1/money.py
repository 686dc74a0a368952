"""The wallet's balance, and what things cost for a card."""

from typing import Annotated

from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from billing.actions.ledger import account_of
from billing.actions.offers import options_for
from billing.choices import OrderKind
from simportal.api.choices import ApiScope
from simportal.api.pages.entrance import needs
from simportal.api.pages.numbers import card_named
from simportal.api.pages.possible_actions import refusal_document
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.parameters import CardNumber
from simportal.api.views.v1.schemas import Balance, Prices, refused_with

router = Router(tags=["money"])
_CURRENCY = "CNY"
_SOLD = (OrderKind.RENEWAL, OrderKind.PACK)


class PriceQuery(Schema):
    """Of which card."""

    model_config = ConfigDict(extra="forbid")

    card: Annotated[CardNumber, Field(description="An ICCID, `msisdn:…` or `imsi:…`")]


@router.get("/balance", response={200: Balance, **refused_with()})
@needs(ApiScope.ORDERS_READ)
def get_balance(request):
    """What the wallet holds."""
    account = account_of(request.auth.customer_id)
    sums = {name: str(getattr(account, name)) for name in ("balance", "credit_limit", "available")}
    return json_answer(sums | {"currency": _CURRENCY})


@router.get("/price", response={200: Prices, **refused_with(404, 409)})
@needs(ApiScope.ORDERS_READ)
def get_price(request, asked: Query[PriceQuery]):
    """What can be bought for the card today, at your prices."""
    card = card_named(asked.card, request.user, "customer", "plan")
    options = [option for kind in _SOLD for option in options_for(card, kind, user=request.user)]
    items = [
        {
            "kind": option.kind.value,
            "plan": option.plan.code,
            "name": str(option.plan),
            "price": None if option.price is None else str(option.price),
            **({"refusal": refusal_document(option.refused)} if option.refused else {}),
        }
        for option in options
    ]
    return json_answer({"card": card.iccid, "items": items})
