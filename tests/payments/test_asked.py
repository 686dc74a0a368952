"""What must hold for each provider of what it is asked for: payments of which it said nothing, refunds, bills.

The other half of `test_contract.py`, which is about what it says by itself.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.actions import payments
from billing.models import PayerRefund
from billing.payments.port import Garbled, ProviderRefused
from cards.errors import BadInput, NothingHeard
from tests.billing import build as b
from tests.payments.fakes.base import ABNORMAL, AFTER, ASK_REFUND, BEFORE, BILL, LATER, REFUND
from tests.payments.shop import DAY, NOTHING, PAYER, PRICE, SOLD, WAYS, stands

pytestmark = pytest.mark.once  # on PostgreSQL `test_asking.py`

MINUTES = [timedelta(minutes=each) for each in (1, 5, 30, 120)]


# asked for


def test_row_lost_is_found_by_asking(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    fake.calls.clear()
    shop.work(after=timedelta(seconds=55))
    assert (fake.kinds(), stands(shop, payment)) == ([], ("started", "placed", NOTHING, []))
    shop.work(after=timedelta(seconds=65))
    assert (fake.kinds(), stands(shop, payment)) == (["ask"], ("paid", "fulfilled", SOLD, ["paid"]))
    assert fake.tell(payment.key).is_taken
    shop.work(after=DAY)
    assert (fake.kinds(), stands(shop, payment)) == (["ask"], ("paid", "fulfilled", SOLD, ["paid", "known"]))


def test_row_lost_that_nobody_pays_is_asked_for_and_closed(fake, shop):
    payment = shop.begin()
    fake.calls.clear()
    counts = []
    for after in MINUTES:
        shop.work(after=after + timedelta(seconds=5))
        counts.append((fake.kinds().count("ask"), fake.kinds().count("close"), shop.stands(payment)[0]))
    assert counts == [(1, 0, "started"), (2, 0, "started"), (3, 0, "started"), (4, 1, "closed")]
    assert (fake.trade(payment.key).state, b.books()) == ("closed", NOTHING)
    shop.work(after=DAY)
    assert len(fake.calls) == 5


def test_row_lost_whose_payer_never_came_is_closed(fake, shop):
    payment = shop.start()
    for after in MINUTES:
        shop.work(after=after + timedelta(seconds=5))
    assert (shop.stands(payment), fake.trades, b.books()) == (("closed", "placed"), {}, NOTHING)


def test_row_lost_and_paid_as_it_is_closed_is_booked(fake, shop):
    payment = shop.begin()
    for after in MINUTES[:3]:
        shop.work(after=after + timedelta(seconds=5))
    fake.meanwhile["close"] = lambda: fake.pay(payment.key)
    shop.work(after=MINUTES[3] + timedelta(seconds=5))
    assert (shop.stands(payment), b.books()) == (("started", "placed"), NOTHING)
    shop.work(after=DAY)
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_row_lost_where_the_provider_does_not_answer_is_asked_for_again(fake, shop, fault):
    payment = shop.begin()
    fake.pay(payment.key)
    fake.spoil(fault, "ask")
    shop.work(after=timedelta(seconds=65))
    assert (shop.stands(payment), b.books()) == (("started", "placed"), NOTHING)
    shop.work(after=DAY)
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_lost_where_the_provider_is_away_for_long_is_never_closed_unasked(fake, shop):
    payment = shop.begin()
    fake.spoil("drop_before", times=100)
    for after in (*MINUTES, DAY, 2 * DAY):
        shop.work(after=after + timedelta(seconds=5))
    assert (shop.stands(payment), b.books()) == (("started", "placed"), NOTHING)
    fake.faults.clear()
    fake.pay(payment.key)
    shop.work(after=4 * DAY)
    assert (shop.stands(payment)[0], sum(b.books().values())) == ("paid", 0)


def test_row_lost_answered_about_another_trade_is_not_believed(fake, shop):
    """Signed as all answers are: of what it is said is in it alone."""
    other, payment = shop.paid(), shop.begin()
    books, fake.mixed_up = b.books(), fake.trade(other.key)
    shop.work(after=timedelta(seconds=65))
    assert (shop.stands(payment), b.books(), shop.suspense()) == (("started", "placed"), books, [])
    fake.mixed_up = None
    fake.pay(payment.key)
    shop.work(after=DAY)
    assert shop.stands(payment) == ("paid", "fulfilled")


# back to the payer


def refunded(shop, payment):
    """State of the refund, what it left in the books, what has gone back, how many refunds there are."""
    ((_, amount, state),) = shop.refunds()
    assert amount == PRICE
    return state, b.books(), shop.fake.gave_back(), len(shop.fake.trade(payment.key).refunds)


OWED, GONE = {"providers": -PRICE, "payback": PRICE}, ("done", NOTHING, PRICE, 1)


def test_row_refund_of_a_trial_that_goes_back(fake, shop):
    trial = payments.start_trial(shop.account, user=shop.owner, way=WAYS[fake.NAME])
    trial = payments.begin_payment(trial, **PAYER)
    shop.open(trial)
    fake.pay(trial.key)
    assert fake.tell(trial.key).is_taken
    assert b.books() == {"providers": Decimal("-0.01"), "payback": Decimal("0.01")}
    shop.work()
    assert (b.books(), fake.gave_back(), shop.refunds()) == (
        NOTHING,
        Decimal("0.01"),
        [("trial", Decimal("0.01"), "done")],
    )


def test_row_refund_a_guest_gets_it_back(fake, shop):
    payment = shop.paid_too_late()
    assert stands(shop, payment) == ("paid", "expired", {"providers": -PRICE, "payback": PRICE}, ["paid"])
    shop.work()
    assert (b.books(), fake.gave_back(), shop.refunds()) == (NOTHING, PRICE, [("not_needed", PRICE, "done")])


def test_row_refund_is_made_once(fake, shop):
    payment = shop.paid_too_late()
    for after in (timedelta(0), timedelta(0), DAY):
        shop.work(after=after)
    assert (refunded(shop, payment), fake.kinds().count("refund")) == (GONE, 1)


def test_row_refund_takes_its_time(fake, shop):
    payment = shop.paid_too_late()
    fake.refunds_are = LATER
    for after in (timedelta(0), timedelta(minutes=1)):
        shop.work(after=after)
        assert refunded(shop, payment) == ("sent", OWED, 0, 1)
    fake.finish_refunds()
    shop.work(after=DAY)
    assert refunded(shop, payment) == GONE


def test_row_refund_that_comes_to_nothing_waits_for_a_person(fake, shop):
    payment = shop.paid_too_late()
    fake.refunds_are = ABNORMAL
    shop.work()
    assert refunded(shop, payment) == ("sent", OWED, 0, 1)
    fake.finish_refunds()
    for after in (DAY, 2 * DAY):
        shop.work(after=after, failed=1)
    assert refunded(shop, payment) == ("failed", OWED, 0, 1)
    calls = len(fake.calls)
    shop.work(after=30 * DAY, failed=1)
    assert len(fake.calls) == calls


def test_row_refund_refused_waits_for_a_person(fake, shop):
    payment = shop.paid_too_late()
    fake.spoil("refuse", REFUND)
    for after in (timedelta(0), DAY):
        shop.work(after=after, failed=1)
    assert (refunded(shop, payment), fake.kinds().count("refund")) == (("failed", OWED, 0, 0), 1)
    assert PayerRefund.objects.get().words == " ".join(fake.REFUSAL[:2])


@pytest.mark.parametrize("fault", [fault for fault in (*BEFORE, *AFTER) if fault != "refuse"])
def test_row_refund_unheard_is_made_once(fake, shop, fault):
    payment = shop.paid_too_late()
    fake.spoil(fault, REFUND)
    shop.work()
    assert refunded(shop, payment)[:2] == ("open", OWED)
    shop.work(after=DAY)
    assert refunded(shop, payment) == GONE


@pytest.mark.parametrize("fault", ["drop_before", "busy", "unsigned", "garbage"])
def test_row_refund_that_nothing_is_heard_of_is_not_made_again(fake, shop, fault):
    """Whoever cannot be asked what became of a refund is not sent it once more."""
    payment = shop.paid_too_late()
    fake.spoil("drop_after", REFUND)
    shop.work()
    fake.spoil(fault, ASK_REFUND)
    shop.work(after=timedelta(minutes=10))
    assert fake.kinds().count("refund") == 1
    shop.work(after=DAY)
    assert (refunded(shop, payment), fake.kinds().count("refund")) == (GONE, 1)


def test_row_refund_answered_about_another_one_is_not_believed(fake, shop):
    payment = shop.paid_too_late()
    fake.refunds_are = LATER
    shop.work()
    (made,) = fake.trade(payment.key).refunds
    fake.mixed_up = replace(made, number="0" * 32, state="done")
    shop.work(after=timedelta(minutes=10))
    assert refunded(shop, payment)[:2] == ("sent", OWED)
    fake.mixed_up = None
    fake.finish_refunds()
    shop.work(after=DAY)
    assert refunded(shop, payment) == GONE


def test_row_refund_asked_for_by_the_payer_is_told_and_no_payment(fake, shop):
    """What the provider tells of a refund is taken, moves no money, and is not believed: it is asked for."""
    payment = shop.paid_too_late()
    fake.refunds_are = LATER
    shop.work()
    fake.finish_refunds()
    trade = fake.trade(payment.key)
    calls = len(fake.calls)
    assert fake.send(fake.of_refund(trade, trade.refunds[0])).is_taken
    assert (len(fake.calls), refunded(shop, payment)[:2]) == (calls, ("sent", OWED))
    shop.work(after=DAY)
    assert refunded(shop, payment) == GONE


# the provider's bill


YESTERDAY = timezone.localdate() - DAY
FEE = Decimal("0.18")


@pytest.fixture
def of_yesterday(fake, shop):
    """A payment and one that went back, both of yesterday at the provider."""
    kept, returned = shop.paid(), shop.paid_too_late()
    shop.work()
    at = timezone.make_aware(datetime.combine(YESTERDAY, time(12, 30)))
    for payment in (kept, returned):
        trade = fake.trade(payment.key)
        trade.paid_at = at
        for refund in trade.refunds:
            refund.at = at
    return kept, returned, at


def billed(fake, kept, returned, at):
    """What the bill of it has."""
    trades = [fake.trade(payment.key) for payment in (kept, returned)]
    refund = trades[1].refunds[0]
    by = {"wechat": refund.reference, "alipay": trades[1].reference}[fake.NAME]
    return [
        ("payment", trades[0].reference, kept.key.hex, PRICE, FEE, at),
        ("payment", trades[1].reference, returned.key.hex, PRICE, FEE, at),
        ("refund", by, refund.number, PRICE, -FEE, at),
    ]


def test_row_bill_has_what_was_booked(fake, shop, of_yesterday):
    assert shop.bill("payments", YESTERDAY) == billed(fake, *of_yesterday)
    assert shop.bill("payments", YESTERDAY - DAY) is None


def test_row_bill_with_a_missing_line_an_extra_line_and_another_amount(fake, shop, of_yesterday):
    kept, returned, at = of_yesterday
    _, second, third = billed(fake, *of_yesterday)
    fake.bill_without.add(kept.key.hex)
    fake.bill_says[returned.key.hex] = Decimal("31.00")
    extra = fake.add_to_bill("0" * 32, "12.34", at)
    told = sorted(shop.bill("payments", YESTERDAY))
    another = (*second[:3], Decimal("31.00"), Decimal("0.19"), at)
    assert told == sorted(
        [another, third, ("payment", extra.reference, "0" * 32, Decimal("12.34"), Decimal("0.07"), at)]
    )


def test_row_bill_of_money_has_fees_and_payouts(fake, shop, of_yesterday):
    *_, at = of_yesterday
    fake.pay_out("20.00", at)
    told = {}
    for kind, _, _, amount, *_rest in shop.bill("money", YESTERDAY):
        told.setdefault(kind, []).append(amount)
    assert told["payout"] == [Decimal("20.00")]


def test_row_bill_unheard_is_no_empty_day(fake, shop, of_yesterday):
    for fault in (*BEFORE, *AFTER):
        fake.spoil(fault, BILL)
        with pytest.raises((NothingHeard, Garbled, ProviderRefused)):
            pytest.fail(f"{fault}: {shop.bill('payments', YESTERDAY)}")
        assert len(shop.bill("payments", YESTERDAY)) == 3, fault


def test_row_bill_that_is_cut_off_is_no_bill(fake, shop, of_yesterday):
    fake.spoil("truncated", "document")
    with pytest.raises((Garbled, BadInput)):
        shop.bill("payments", YESTERDAY)
