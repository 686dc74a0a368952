"""Payments at a provider in any order of what may happen: money is booked exactly once, or not at all."""

import contextlib
import os
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.actions import orders, payments
from billing.actions.asking import work_on_payments
from billing.choices import PayerRefundState, PaymentState
from billing.errors import MoneyRefused
from billing.models import Order, PayerRefund, Payment, UnmatchedPayment
from cards.calendar import as_of
from tests.billing import build as b
from tests.payments import lies
from tests.payments.fakes import FAKES
from tests.payments.fakes.base import ABNORMAL, AFTER, AT_ONCE, BEFORE, LATER, OPEN, PAID
from tests.payments.shop import DAY, HOST, PAYER, Shop
from tests.written import rows_written

pytestmark = [pytest.mark.django_db, pytest.mark.once]

EXAMPLES = int(os.environ.get("EXAMPLES", "3"))  # by hand hundreds
WHICH = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("start"), st.booleans()),
    st.tuples(st.just("begin"), WHICH),
    st.tuples(st.just("pay"), WHICH),
    st.tuples(st.just("pay"), WHICH),
    st.tuples(st.just("tell"), WHICH),
    st.tuples(st.just("tell_again"), WHICH),
    st.tuples(st.just("tell_closed"), WHICH),
    st.tuples(st.just("lie"), WHICH, st.integers(0, 200)),
    st.tuples(st.just("odd"), WHICH, st.sampled_from(lies.ODD_AMOUNTS)),
    st.tuples(st.just("work"), st.sampled_from([timedelta(minutes=2), timedelta(hours=3), DAY])),
    st.tuples(st.just("end_order"), WHICH),
    st.tuples(st.just("spoil"), st.sampled_from([*BEFORE, *AFTER])),
    st.tuples(st.just("refunds_are"), st.sampled_from([AT_ONCE, LATER, ABNORMAL])),
    st.tuples(st.just("finish_refunds")),
)


class Random:
    """Whatever may happen between a shop and its provider; time goes on."""

    def __init__(self, fake):
        self.fake, self.shop, self.gone_by, self.sent = fake, Shop(fake), timedelta(0), []
        self.proved = None  # how many rows had been written

    def do(self, name, *how):
        with contextlib.suppress(MoneyRefused):
            getattr(self, f"_{name}")(*how)
        self.is_true()

    def _pick(self, which, rows):
        rows = list(rows)
        return rows[which % len(rows)] if rows else None

    def _payment(self, which):
        return self._pick(which, Payment.objects.order_by("pk"))

    def _trade(self, which, *states):
        return self._pick(which, [trade for trade in self.fake.trades.values() if trade.state in states])

    def _start(self, is_guest):
        self.shop.start(self.shop.order(is_guest))

    def _begin(self, which):
        if payment := self._payment(which):
            payment = payments.begin_payment(payment, **PAYER)
            if self.fake.NAME == "alipay" and payment.begun:
                self.fake.visit(payment.begun["address"])

    def _pay(self, which):
        if trade := self._trade(which, OPEN):
            self.fake.pay(trade.number)

    def _tell(self, which):
        if trade := self._trade(which, PAID):
            self._send(self.fake.message(trade.number, state=lies.SUCCESS[self.fake.NAME][0]))

    def _tell_again(self, which):
        if message := self._pick(which, self.sent):
            self._send(self.fake.again(message))

    def _send(self, message):
        assert self.fake.send(message).is_taken
        self.sent.append(message)

    def _tell_closed(self, which):
        if trade := self._pick(which, self.fake.trades.values()):
            assert self.fake.tell(trade.number, state=lies.CLOSED_STATE[self.fake.NAME]).is_taken

    def _lie(self, which, lie):
        if trade := self._pick(which, self.fake.trades.values()):
            known = [*lies.STRANGERS[self.fake.NAME].values(), *lies.SIGNED[self.fake.NAME].values()]
            calls, key = len(self.fake.calls), Payment.objects.get(key=trade.number).key
            assert not self.fake.send(known[lie % len(known)](self.fake, key)).is_taken
            assert len(self.fake.calls) == calls

    def _odd(self, which, amount):
        if trade := self._trade(which, PAID):
            self._send(self.fake.message(trade.number, amount=amount, state=lies.SUCCESS[self.fake.NAME][0]))

    def _work(self, after):
        self.gone_by += after
        with as_of(timezone.now() + self.gone_by):
            work_on_payments(60, until_settled=True)

    def _end_order(self, which):
        if order := self._pick(which, Order.objects.filter(state="placed").order_by("pk")):
            if order.is_guest:
                orders.expire_unpaid(timezone.now() + DAY)
            else:
                orders.withdraw(order, user=self.shop.owner)

    def _spoil(self, fault):
        self.fake.spoil(fault)

    def _refunds_are(self, how):
        self.fake.refunds_are = how

    def _finish_refunds(self):
        self.fake.finish_refunds()

    def settle(self):
        """Nothing goes wrong any more; the provider tells of each trade once more, and refunds arrive."""
        self.fake.faults.clear()
        for trade in self.fake.trades.values():
            if trade.state == PAID:
                self._send(self.fake.message(trade.number, state=lies.SUCCESS[self.fake.NAME][0]))
        for _ in range(3):
            self._work(2 * DAY)
            self.fake.finish_refunds()
        self.is_true()

    def is_true(self):
        """What the portal has booked is what the provider has taken and given back, each of it once."""
        if self.proved != rows_written():
            assert self.shop.is_proved()
            self.proved = rows_written()
        paid = Payment.objects.filter(state=PaymentState.PAID)
        for payment in paid:
            trade = self.fake.trade(payment.key)
            assert (trade.state, trade.reference, trade.amount) == (PAID, payment.provider_reference, payment.amount)
        back = PayerRefund.objects.filter(state=PayerRefundState.DONE)
        stands = sum(row.amount for rows in (paid, UnmatchedPayment.objects.all()) for row in rows)
        assert -b.books().get("providers", 0) == stands - sum(refund.amount for refund in back)
        made = [refund for trade in self.fake.trades.values() for refund in trade.refunds]
        assert {refund.key.hex for refund in back} <= {refund.number for refund in made if refund.state == "done"}
        assert len(made) == len({refund.number for refund in made})
        assert all(trade.refunded <= trade.amount for trade in self.fake.trades.values())

    def is_settled(self):
        """Whatever was paid is booked, and whatever was given back is out of the books."""
        taken = {trade.number for trade in self.fake.trades.values() if trade.state == PAID}
        assert taken == {payment.key.hex for payment in Payment.objects.filter(state=PaymentState.PAID)}
        back = PayerRefund.objects.filter(state=PayerRefundState.DONE)
        assert self.fake.gave_back() == sum(refund.amount for refund in back)


def happens(name, steps):
    with FAKES[name]() as fake, override_settings(PORTAL_URL=HOST), transaction.atomic():
        random = Random(fake)
        for step in steps:
            random.do(*step)
        random.settle()
        random.is_settled()
        assert fake.violations == []
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", FAKES)
def test_row_random_money_is_booked_once_or_not_at_all(name):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(st.lists(STEPS, min_size=6, max_size=25))
    def whatever_happens(steps):
        happens(name, [("start", True), ("begin", 0), *steps])

    whatever_happens()
