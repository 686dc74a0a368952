"""Workers of money that are killed, or that are two: real processes on a database of their own. Each line once."""

import os
import signal

import pytest

from tests.own_portal import ended, leases_run_out, own_portal, python, row, rows, running_python
from tests.processes import wait_until

LINES = 7_000  # in several parts: however quick they are, after each of two kills something is left
CUSTOMERS = 12

PAID_ORDER = f"""
from datetime import date
from billing.actions import kinds, orders
from tests.billing import build as b
b.price("Y1-30", "30.00")
b.fund({LINES * 30})
user = b.financier()
plan = b.Plan.objects.get(code="Y1-30")
order = orders.draft_order("renewal", b.customer(), b.fleet({LINES}, date(2026, 3, 2)), user=user, plan=plan)
kinds.work_off_order(order.job)
orders.pay(orders.place(order, user=user), user=user)
"""
PLACED_ORDER = """
from functools import partial
from billing.actions import orders
from billing.actions.shown import shown_by_check
orders.chunked = partial(orders.chunked, size=100)  # many small parts: writing lines is quick
""" + PAID_ORDER.replace(
    "orders.pay(orders.place(order, user=user), user=user)",
    "orders.place_as_shown(b.fresh(order), user=user, shown=shown_by_check(order.job), pays=False)",
)
SERVE = "from billing.actions import kinds; kinds.work_off_orders(120)"

RENEWING_CUSTOMERS = f"""
from datetime import date
from tests.billing import build as b
from tests.build import card_in_use
b.price("M1-100", "5.00")
for number in range({CUSTOMERS}):
    name = f"Customer {{number}}"
    b.agree(name, auto_renews=True)
    b.fund(15 - 5 * (number % 2), name=name)  # every other one has money for two of the three
    for _ in range(3): card_in_use(date(2026, 3, 2), plan="M1-100", customer=name)
"""
RENEW = """
from tests.billing import build as b
from cards.calendar import civil_today
b.renew_for(civil_today(), 120)
"""

# The portal has been down since five days ago, when the first of these renewals were due.
DOWN_SINCE = (
    RENEWING_CUSTOMERS.replace("auto_renews=True", "auto_renews=True, renews_days_ahead=12")
    + """
from django.utils import timezone
from cards.models import SweptDay
SweptDay.objects.create(day=date(2026, 3, 19), finished_at=timezone.now())
"""
)
CARRY_ON = """
from cards.calendar import civil_today
from simportal.days import carry_on
carry_on(civil_today(), 120)
"""


@pytest.fixture
def portal(migrated, tmp_path):
    with own_portal(tmp_path, like=migrated, SIMPORTAL_TODAY="2026-03-25") as portal:
        yield portal


def killed(portal, code, happened):
    """Run code until something has happened, and kill it in the middle of what it does next."""
    with running_python(portal, code) as process:
        wait_until(happened, what="the first part", every_s=0.01)
        os.kill(process.pid, signal.SIGKILL)


def served(portal):
    """Lines that are fulfilled, terms and records that they brought, and what was earned by them."""
    counts = rows(
        portal,
        "billing_orderline WHERE state = 'fulfilled'",
        "cards_serviceterm WHERE number = 2",
        "cards_cardevent WHERE action = 'renew'",
    )
    (earned,) = row(portal, "SELECT COALESCE(SUM(amount), 0) FROM billing_posting WHERE account = 'revenue'")
    return [*counts, earned]


def placed(portal):
    """Lines that are written, terms on order, and the order's state, size and total."""
    return [
        *rows(portal, "billing_orderline", "cards_orderedterm"),
        *row(portal, "SELECT state, size, total FROM billing_order"),
    ]


@pytest.mark.once  # on PostgreSQL the renewals, and `tests/test_faults.py`
def test_a_large_order_whose_workers_are_killed_is_finished_by_the_next(portal):
    python(portal, PAID_ORDER)
    for _ in range(2):
        before = served(portal)[0]
        killed(portal, SERVE, lambda before=before: served(portal)[0] > before)
        count = served(portal)[0]
        assert served(portal) == [count, count, count, count * 30]
        leases_run_out(portal)
    assert count < LINES
    ended(running_python(portal, SERVE))
    assert served(portal) == [LINES, LINES, LINES, LINES * 30]
    assert rows(portal, "billing_order WHERE state = 'fulfilled'", "billing_customeraccount WHERE balance = 0") == [
        1,
        1,
    ]
    portal.manage("verify")


def test_a_large_order_whose_workers_are_killed_while_they_place_it_is_placed_by_the_next_two(portal):
    python(portal, PLACED_ORDER)
    for _ in range(2):
        before = placed(portal)
        killed(portal, SERVE, lambda before=before: placed(portal)[0] > before[0])
        count = placed(portal)[0]
        assert placed(portal) == [count, 0, "draft", count, count * 30]
        leases_run_out(portal)
    assert count < LINES
    portal.manage("verify")
    ended(*[running_python(portal, SERVE) for _ in range(2)])
    assert placed(portal) == [LINES, LINES, "placed", LINES, LINES * 30]
    portal.manage("verify")


def test_renewals_whose_worker_is_killed_are_finished_by_two_at_once(portal):
    python(portal, RENEWING_CUSTOMERS)
    finished = "billing_renewalrun WHERE finished_at IS NOT NULL"
    killed(portal, RENEW, lambda: rows(portal, finished)[0] > 0)
    assert rows(portal, finished)[0] < CUSTOMERS
    ended(*[running_python(portal, RENEW) for _ in range(2)])
    leases_run_out(portal)
    python(portal, "\n".join([SERVE, RENEW, SERVE]))  # the order that the killed one was checking
    paid, missed = CUSTOMERS // 2 * 5, CUSTOMERS // 2
    assert served(portal) == [paid, paid, paid, paid * 5]
    assert rows(
        portal,
        finished,
        "billing_renewalrun",
        "billing_order WHERE state = 'fulfilled'",
        "billing_order",
        "billing_renewedterm",
        "billing_missedrenewal WHERE why = 'short'",
        "billing_notice WHERE kind = 'renewal_failed'",
        "billing_customeraccount WHERE balance = 0",
    ) == [CUSTOMERS, CUSTOMERS, CUSTOMERS, CUSTOMERS, paid, missed, missed, CUSTOMERS]
    portal.manage("verify")


@pytest.mark.once  # on PostgreSQL the renewals, and `tests/test_faults.py`
def test_days_whose_worker_is_killed_are_finished_by_the_next_each_thing_on_its_day(portal):
    python(portal, DOWN_SINCE)
    finished = "billing_renewalrun WHERE finished_at IS NOT NULL"
    killed(portal, CARRY_ON, lambda: rows(portal, finished)[0] > 0)
    assert rows(portal, finished)[0] < CUSTOMERS
    leases_run_out(portal)
    ended(*[running_python(portal, CARRY_ON) for _ in range(2)])
    paid, missed, days = CUSTOMERS // 2 * 5, CUSTOMERS // 2, 6
    assert served(portal) == [paid, paid, paid, paid * 5]
    assert rows(
        portal,
        "billing_entry WHERE kind = 'payment' AND booked_on = '2026-03-20'",
        "billing_entry WHERE kind IN ('payment', 'fulfilment')",
        "cards_cardevent WHERE action = 'renew' AND effective_on = '2026-03-20'",
        "billing_missedrenewal WHERE since = '2026-03-20'",
        "billing_renewalrun",
        "billing_notice WHERE kind = 'renewal_failed'",
        "cards_stepofday WHERE tries = 0",
        "cards_sweptday WHERE finished_at IS NOT NULL",
    ) == [CUSTOMERS, CUSTOMERS * 2, paid, missed, CUSTOMERS + missed * (days - 1), missed * days, days * 3, days + 1]
    portal.manage("verify")
