"""Whoever begins, books or gives back is killed at it: the next one goes on, and all of it is done once.

Real processes on a database of their own, beside a provider in this one.
"""

import json
import os
import signal

import pytest

from tests.own_portal import leases_run_out, own_portal, python, row, running_python
from tests.payments.fakes import FAKES
from tests.payments.fakes.base import BEGIN, HOLD, REFUND
from tests.payments.shop import HOST
from tests.warm import ALSO_LOADED

pytestmark = pytest.mark.once  # on PostgreSQL `tests/billing/test_killed.py`

# In a process of the portal: a shop beside the provider, and a guest's payment that is started.
STARTED = """
import json
from types import SimpleNamespace
from tests.payments.shop import Shop
shop = Shop(SimpleNamespace(**json.loads({account!r})))
print(shop.start(shop.order(is_guest=True)).key)
"""
BEGIN_IT = """
import json
from billing.actions.payments import begin_payment
from billing.models import Payment
print(json.dumps(begin_payment(Payment.objects.get()).begun))
"""
END_ITS_ORDER = """
from datetime import timedelta
from django.utils import timezone
from billing.actions import orders
orders.expire_unpaid(timezone.now() + timedelta(days=1))
"""
# Whatever is due in so many hours, in a process that is killed at one of its statements.
WORK = """
import itertools, os, signal
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from billing.actions.asking import work_on_payments
from cards.calendar import as_of
statements = itertools.count(1)
def die(execute, sql, *rest):
    if next(statements) == {dies_at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, *rest)
with connection.execute_wrapper(die), as_of(timezone.now() + timedelta(hours={hours})):
    work_on_payments(60, until_settled=True)
"""
STATEMENTS = (8, 20, 32, 45, 58)
NEVER, KILLED = 0, -signal.SIGKILL
SERVE = "from billing.actions import kinds; kinds.work_off_orders(60)"  # as the worker's bell does
BOOKS = ("providers", "revenue", "payback")


class Beside:
    """A portal of its own beside the provider, and one payment of a guest there."""

    def __init__(self, portal, fake):
        self.portal, self.fake, self.hours = portal, fake, 1
        account = {"NAME": fake.NAME, "base_url": fake.base_url, "fields": fake.fields, "secrets": fake.secrets}
        self.key = python(portal, STARTED.format(account=json.dumps(account))).split()[-1].replace("-", "")

    def begin(self):
        """The payer sees it at the provider."""
        begun = json.loads(python(self.portal, BEGIN_IT).splitlines()[-1])
        if self.fake.NAME == "alipay":
            assert self.fake.visit(begun["address"]) == 302

    def work(self, dies_at=NEVER):
        """Do what is due; each time it is later. How it ended."""
        self.hours += 30
        return running_python(self.portal, WORK.format(hours=self.hours, dies_at=dies_at)).wait()

    def stands(self):
        """State of payment, order and refund; how much stands at the provider, was earned and is owed to payers."""
        states = row(
            self.portal,
            "SELECT p.state, o.state, (SELECT MAX(state) FROM billing_payerrefund) "
            "FROM billing_payment p JOIN billing_order o ON o.id = p.order_id",
        )
        sums = (
            f"COALESCE(SUM(CASE WHEN account = '{name}' THEN amount END), 0)"
            for name in ("providers", "revenue", "payback")
        )
        return *states, *map(int, row(self.portal, f"SELECT {', '.join(sums)} FROM billing_posting"))

    def is_held(self, code, kind):
        """Run code until the provider has done what it was asked for, and kill it before it hears so."""
        self.fake.spoil(HOLD, kind)
        with running_python(self.portal, code) as process:
            assert self.fake.is_waiting.wait(60), "nobody called"
            os.kill(process.pid, signal.SIGKILL)
        self.fake.may_go_on.set()


@pytest.fixture
def beside(request, migrated, tmp_path):
    environment = {"PORTAL_URL": HOST, ALSO_LOADED: "simportal.urls"}
    with FAKES[request.param]() as fake, own_portal(tmp_path, like=migrated, **environment) as portal:
        yield Beside(portal, fake)
        portal.manage("verify")
    assert fake.violations == []


of_each = pytest.mark.parametrize("beside", FAKES, indirect=True)


@pytest.mark.parametrize("beside", ["wechat"], indirect=True)  # Alipay's begins without a call
def test_row_killed_at_begin(beside):
    beside.is_held(BEGIN_IT, BEGIN)
    assert beside.stands() == ("started", "placed", None, 0, 0, 0)
    beside.begin()
    beside.fake.pay(beside.key)
    assert (beside.work(), len(beside.fake.trades)) == (0, 1)
    assert beside.stands() == ("paid", "fulfilled", None, -30, 30, 0)


@of_each
def test_row_killed_as_it_is_booked(beside):
    beside.begin()
    beside.fake.pay(beside.key)
    ended = [beside.work(dies_at) for dies_at in STATEMENTS]
    assert ended[:3] == [KILLED] * 3
    assert beside.work() == 0
    leases_run_out(beside.portal)
    python(beside.portal, SERVE)
    assert beside.stands() == ("paid", "fulfilled", None, -30, 30, 0)


@of_each
def test_row_killed_as_it_goes_back(beside):
    """At the call, before anybody hears that it was made; and then at each step of writing it down."""
    beside.begin()
    python(beside.portal, END_ITS_ORDER)
    beside.fake.pay(beside.key)
    beside.is_held(WORK.format(hours=1, dies_at=NEVER), REFUND)
    assert beside.stands() == ("paid", "expired", "open", -30, 0, 30)
    for dies_at in STATEMENTS:
        beside.work(dies_at)
    assert beside.work() == 0
    assert beside.stands() == ("paid", "expired", "done", 0, 0, 0)
    assert (len(beside.fake.trade(beside.key).refunds), beside.fake.gave_back()) == (1, 30)
