"""The lines of an order are served by the chunk: in as many statements for many of them as for one."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.actions import kinds, orders
from billing.choices import OrderKind
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, open_card

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def today():
    with on_day(TODAY):
        b.price("Y1-30", 30)
        b.fund(2_000)
        yield


@pytest.mark.parametrize(
    ("kind", "card"), [(OrderKind.RENEWAL, card_in_use), (OrderKind.OPENING, open_card)], ids=["renewal", "opening"]
)
def test_many_lines_are_served_in_as_many_queries_as_one(kind, card):
    assert serving(kind, [card(customer="Acme")]) == serving(kind, [card(customer="Acme") for _ in range(30)])


def test_many_lines_that_cannot_be_served_go_back_in_as_many_queries_as_one():
    cards = [card_in_use(customer="Acme") for _ in range(20)]
    assert serving(OrderKind.RENEWAL, cards[:2], cancelled=1) == serving(OrderKind.RENEWAL, cards[2:], cancelled=17)


def serving(kind, cards, cancelled=0):
    """The queries, other than those around a transaction, that it takes to serve an order of these cards, of which
    the first so many are cancelled once they are paid for."""
    order = orders.pay(b.placed(kind, cards, plan="Y1-30" if kind == OrderKind.RENEWAL else None), user=None)
    for card in cards[:cancelled]:
        do("cancel", card, TODAY)
    with CaptureQueriesContext(connection) as captured:
        kinds.work_off_order(order.job)
    assert [line[1] for line in b.lines(order)] == ["refunded"] * cancelled + ["fulfilled"] * (len(cards) - cancelled)
    return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])
