"""What programs buy: previewed, placed and paid, or nothing of it; and what things cost."""

from datetime import date

import pytest

from billing.models import Order
from cards.models import Card
from tests.api.program import Program
from tests.billing.build import balance, customer, fleet, fund, price
from tests.build import do, fresh, on_day

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def cards():
    fleet(3, date(2026, 2, 1))
    price("Y1-30", "12.50")
    return list(Card.objects.order_by("pk"))


def bought(program, cards, **values):
    return program.post("/orders", {"kind": "renewal", "cards": [card.iccid for card in cards], **values})


def test_a_renewal_is_placed_paid_and_served(program, cards):
    fund("100.00")
    status, order = bought(program, cards, client_reference="PO-7", expected_total="37.50")
    assert (status, order["state"], order["total"], order["cards"], order["client_reference"]) == (
        *(201, "fulfilled", "37.50", 3, "PO-7"),
    )
    assert program.get(f"/orders/{order['id']}") == (200, order)
    assert program.get("/orders") == (200, {"items": [order], "next": None})
    lines = program.get(f"/orders/{order['id']}/lines")[1]["items"]
    assert [(line["card"], line["price"], line["state"]) for line in lines] == [
        (card.iccid, "12.50", "fulfilled") for card in cards
    ]
    assert program.get("/balance")[1] == {
        "balance": "62.50",
        "credit_limit": "0.00",
        "available": "62.50",
        "currency": "CNY",
    }
    assert Order.objects.get().created_by.username == "key:erp"


def test_nothing_is_bought_where_the_wallet_is_short_the_price_is_another_or_a_reference_was_used(program, cards):
    status, problem = bought(program, cards)
    assert (status, problem["code"]) == (409, "short")
    fund("100.00")
    status, problem = bought(program, cards, expected_total="37.00")
    assert (status, problem["code"]) == (409, "price_changed")
    assert bought(program, cards[:1], client_reference="PO-7")[0] == 201
    status, problem = bought(program, cards[1:], client_reference="PO-7")
    assert (status, problem["code"]) == (409, "client_reference_used")
    assert (Order.objects.count(), str(balance())) == (1, "87.50")


def test_all_cards_or_none_unless_some_are_enough(program, cards):
    fund("100.00")
    do("cancel", cards[0], DAY)
    status, problem = bought(program, cards)
    assert (status, problem["code"], problem["refusals"][0]["code"], problem["refusals"][0]["examples"]) == (
        *(409, "some_cannot", "cancelled", [cards[0].iccid]),
    )
    assert Order.objects.count() == 0
    status, preview = program.post("/orders/preview", {"kind": "renewal", "cards": [card.iccid for card in cards]})
    assert (status, preview["eligible"], preview["total"]) == (200, 2, "25.00")
    assert Order.objects.count() == 0
    status, order = bought(program, cards, partial=True)
    assert (status, order["cards"], order["total"]) == (201, 2, "25.00")


def test_placed_now_and_paid_later_or_taken_back(program, cards):
    fund("100.00")
    first = bought(program, cards[:1], pay=False)[1]
    second = bought(program, cards[1:2], pay=False)[1]
    assert (first["state"], second["state"]) == ("placed", "placed")
    assert program.post(f"/orders/{first['id']}/pay", {})[1]["state"] == "fulfilled"
    assert program.post(f"/orders/{second['id']}/withdraw", {})[1]["state"] == "withdrawn"
    status, problem = program.post(f"/orders/{second['id']}/pay", {})
    assert (status, problem["code"]) == (409, "wrong_state")
    assert fresh(cards[0]).version > fresh(cards[1]).version


def test_the_same_order_twice_is_bought_once(program, cards):
    fund("100.00")
    body = {"kind": "renewal", "cards": [cards[0].iccid]}
    first = program.post("/orders", body, idempotency_key="o1")
    assert program.post("/orders", body, idempotency_key="o1") == first
    assert (first[0], Order.objects.count(), str(balance())) == (201, 1, "87.50")


def test_orders_of_others_are_none(cards):
    fund("100.00", name="Other")
    fund("100.00")
    mine = Program(cards[0].customer)
    order = bought(mine, cards[:1], pay=False)[1]
    other = Program(customer("Other"))
    for path in (f"/orders/{order['id']}", f"/orders/{order['id']}/lines"):
        assert other.get(path)[0] == 404
    for verb in ("pay", "withdraw"):
        assert other.post(f"/orders/{order['id']}/{verb}", {})[0] == 404
    assert other.get("/orders")[1]["items"] == []
    assert bought(other, cards[:1])[0] == 422


def test_prices_are_those_of_the_customer(program, cards):
    items = program.get(f"/price?card={cards[0].iccid}")[1]["items"]
    assert {"kind": "renewal", "plan": "Y1-30", "name": items[0]["name"], "price": "12.50"} in items
    assert program.get("/price")[0] == 422
    assert program.get("/price?card=89860000000000009999")[0] == 404


def test_what_cannot_be_read_is_named(program, cards):
    for body, pointer in (
        ({"kind": "gift", "cards": []}, "/kind"),
        ({"kind": "renewal"}, "/cards"),
        ({"kind": "renewal", "cards": []}, "/cards"),
        ({"kind": "pack", "cards": [cards[0].iccid]}, "/plan"),
        ({"kind": "renewal", "plan": "X", "cards": [cards[0].iccid]}, "/plan"),
        ({"kind": "renewal", "cards": [cards[0].iccid], "expected_total": "12,5"}, "/expected_total"),
        ({"kind": "renewal", "cards": [cards[0].iccid], "colour": "red"}, "/colour"),
    ):
        status, problem = program.post("/orders", body)
        assert (status, problem["errors"][0]["pointer"]) == (422, pointer), body
