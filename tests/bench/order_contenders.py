"""The contenders of the renewals: each renews cards in its own way, and prints what it cost."""

import json
import sys
import time
from decimal import Decimal

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 -- Django has to be set up first
from django.db import connection, transaction  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from billing.actions import kinds, orders  # noqa: E402
from billing.actions.ledger import post_entry, transfer  # noqa: E402
from billing.actions.shown import shown_by_check  # noqa: E402
from billing.choices import Account, EntryKind, OrderKind  # noqa: E402
from billing.models import MoneyRules, Order, OrderLine, Posting  # noqa: E402
from billing.permissions import actor_for  # noqa: E402
from cards.actions.jobs.worker import TICKS_AT_ONCE  # noqa: E402
from cards.calendar import civil_today, first_of_month, this_moment  # noqa: E402
from cards.models import Card, Plan  # noqa: E402
from tests.bench.cost import as_deployed, costing  # noqa: E402
from tests.bench.lanes import in_lanes  # noqa: E402
from tests.bench.written import digest  # noqa: E402
from tests.billing import build as b  # noqa: E402

PLAN, PRICE = "Y1-30", 30
MODELS = 100
LOOPED = 50
LANES = 1 if connection.vendor == "sqlite" else TICKS_AT_ONCE
# All at once: records, cards, terms, lines.
STATEMENTS = (
    "INSERT INTO cards_cardevent (card_id, seq, action, from_state, to_state, holds, effective_on, executed_at, "
    "actor_kind, actor_name, rule, reason, evidence) SELECT id, version + 1, 'renew', state, state, holds, %(day)s, "
    """%(now)s, 'staff', 'admin', '', '', '{"plan": "Y1-30", "term": 2}' FROM cards_card""",
    "UPDATE cards_card SET version = version + 1, changed_on = %(day)s",
    "INSERT INTO cards_serviceterm (card_id, number, plan_id, months, alignment, quota_mb, bought_on) "
    "SELECT c.id, 2, p.id, p.months, p.alignment, p.quota_mb, %(day)s FROM cards_card AS c CROSS JOIN cards_plan AS p "
    "WHERE p.code = 'Y1-30'",
    "INSERT INTO billing_orderline (order_id, number, card_id, plan_id, months, alignment, quota_mb, unit_price, "
    "tax_rate, state, seq, fulfilled_on) SELECT %(order)s, c.id, c.id, p.id, p.months, p.alignment, p.quota_mb, "
    "%(price)s, %(tax)s, 'fulfilled', c.version, %(day)s FROM cards_card AS c CROSS JOIN cards_plan AS p "
    "WHERE p.code = 'Y1-30'",
)


def prepare(cards):
    """A few cards of one customer in use, a price, the money for all that are made of them, and who may spend it."""
    b.fleet(MODELS, first_of_month(civil_today()))
    b.price(PLAN, PRICE)
    b.fund(int(cards) * PRICE)
    User.objects.create_superuser("admin")
    return {}


def order():
    """Everything as a person has it, with as many workers as take part; the seconds of each step."""
    as_deployed()
    user, moments = User.objects.get(), []
    with costing() as cost:
        drafted = _draft(list(Card.objects.values_list("pk", flat=True)))
        _work(drafted.job)
        drafted = b.fresh(drafted)
        moments.append(time.perf_counter())
        placed = orders.place_as_shown(drafted, user=user, shown=shown_by_check(drafted.job), pays=False)
        moments.append(time.perf_counter())
        _work(placed.job)
        moments.append(time.perf_counter())
        _work(orders.pay(Order.objects.get(), user=user).job)
    cards = Card.objects.count()
    assert list(Order.objects.values_list("state", "size", "refunded")) == [("fulfilled", cards, 0)]
    drafted, clicked, placed = moments
    return {"click": clicked - drafted, "place": placed - drafted, "rows": _digest(), **cost}


def statements():
    """The limit: who knows that all of them can writes the order and its money, and all lines by one statement each."""
    cards, user = Card.objects.count(), User.objects.get()
    with costing() as cost, transaction.atomic():
        customer, total = b.customer(), Decimal(cards * PRICE)
        made = Order.objects.create(
            kind=OrderKind.RENEWAL, customer=customer, plan=Plan.objects.get(code=PLAN), size=cards, created_by=user
        )
        made.total = total
        told = {"day": civil_today(), "now": connection.ops.adapt_datetimefield_value(timezone.now())}
        told |= {"order": made.pk, "price": PRICE, "tax": str(MoneyRules.read().tax_on(made.kind))}
        with connection.cursor() as cursor:
            for statement in STATEMENTS:
                cursor.execute(statement, told)
        made.place(at=this_moment(), by=user, expires_at=this_moment())
        made.save()
        _post(made, "pay", EntryKind.PAYMENT, Account.WALLET, Account.RECEIVABLES)
        made.pay(at=this_moment(), by=user)
        made.save()
        _post(made, "fulfil", EntryKind.FULFILMENT, Account.RECEIVABLES, Account.REVENUE)
        made.fulfil(at=this_moment())
        made.save()
    return {"rows": _digest(), **cost}


def _post(order, what, kind, source, target):
    lines = transfer(order.total, source, target)
    post_entry(f"{what}:{order.pk}", kind, order.customer_id, *lines, actor=actor_for(order.created_by), order=order)


def _digest():
    lines = OrderLine.objects.order_by("card_id").values_list(
        *("card_id", "number", "plan_id", "months", "alignment", "quota_mb", "unit_price", "cost", "tax_rate"),
        *("state", "seq", "fulfilled_on", "refunded_on", "refused"),
    )
    books = Posting.objects.values_list("account").annotate(total=Sum("amount")).order_by("account")
    of_order = Order.objects.values_list("kind", "state", "size", "total", "refunded")
    return digest(civil_today(), lines, ((account, round(total, 2)) for account, total in books), of_order)


def loop():
    """An order for each card, one after the other, each placed, paid and fulfilled."""
    user = User.objects.get()
    card_ids = list(Card.objects.order_by("pk").values_list("pk", flat=True)[:LOOPED])
    with costing() as cost:
        for card_id in card_ids:
            orders.pay_and_fulfil(orders.place(_draft([card_id]), user=user), user=user)
    return {"cards": len(card_ids), **cost}


def _draft(card_ids):
    plan = Plan.objects.get(code=PLAN)
    return orders.draft_order(OrderKind.RENEWAL, b.customer(), card_ids, user=User.objects.get(), plan=plan)


def _work(job):
    in_lanes(kinds.work_off_order, [job] * LANES)


CONTENDERS = {"prepare": prepare, "order": order, "statements": statements, "loop": loop}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](*arguments)))
