"""The contenders of the renewals: each renews cards in its own way, and prints how long it took."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 -- Django has to be set up first
from django.db import connection  # noqa: E402

from billing.actions import kinds, orders  # noqa: E402
from billing.actions.shown import shown_by_check  # noqa: E402
from billing.choices import OrderKind  # noqa: E402
from billing.models import Order  # noqa: E402
from cards.actions.jobs.worker import TICKS_AT_ONCE  # noqa: E402
from cards.calendar import civil_today, first_of_month  # noqa: E402
from cards.models import Card, Plan  # noqa: E402
from tests.bench.cost import as_deployed  # noqa: E402
from tests.billing import build as b  # noqa: E402

PRICE = 30
LOOPED = 500


def prepare(cards):
    """Cards of one customer in use, a price, the money for all of them, and somebody who may spend it."""
    b.fleet(cards, first_of_month(civil_today()))
    b.price("Y1-30", PRICE)
    b.fund(cards * PRICE)
    User.objects.create_superuser("admin")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {}


def order(cards):
    """Everything as a person has it, with as many workers as take part; the seconds of each step."""
    as_deployed()
    moments = [time.perf_counter()]
    drafted = _draft(list(Card.objects.values_list("pk", flat=True)))
    _work(drafted.job)
    moments.append(time.perf_counter())
    drafted = b.fresh(drafted)
    placed = orders.place_as_shown(drafted, user=User.objects.get(), shown=shown_by_check(drafted.job), pays=False)
    moments.append(time.perf_counter())
    _work(placed.job)
    moments.append(time.perf_counter())
    _work(orders.pay(placed, user=User.objects.get()).job)
    moments.append(time.perf_counter())
    assert list(Order.objects.values_list("state", "size", "refunded")) == [("fulfilled", cards, 0)]
    names = ("draft", "click", "place", "pay")
    steps = {name: after - before for name, (before, after) in zip(names, pairwise(moments), strict=True)}
    return steps | {"all": moments[-1] - moments[0]}


def loop(cards):
    """An order for each card, one after the other, each placed, paid and fulfilled; cards a second."""
    user, start = User.objects.get(), time.perf_counter()
    card_ids = Card.objects.order_by("pk").values_list("pk", flat=True)[:LOOPED]
    for card_id in card_ids:
        orders.pay_and_fulfil(orders.place(_draft([card_id]), user=user), user=user)
    return {"rate": len(card_ids) / (time.perf_counter() - start)}


def _draft(card_ids):
    plan = Plan.objects.get(code="Y1-30")
    return orders.draft_order(OrderKind.RENEWAL, b.customer(), card_ids, user=User.objects.get(), plan=plan)


def _work(job):
    """As beat has it done: two lanes beside each other where the database has more than one writer."""
    lanes = 1 if connection.vendor == "sqlite" else TICKS_AT_ONCE
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(lambda _lane: _work_and_hang_up(job), range(lanes)))


def _work_and_hang_up(job):
    try:
        kinds.work_off_order(job)
    finally:
        connection.close()


if __name__ == "__main__":
    name, count = sys.argv[1:]
    contender = {"prepare": prepare, "order": order, "loop": loop}[name]
    print(json.dumps(contender(int(count))))
