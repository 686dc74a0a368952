"""The provider's bills of a day beside the books: what agrees, what is missing on either side, fees and payouts."""

from datetime import datetime, time
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Payment
from cards.calendar import as_of
from tests.billing import build as b
from tests.commands.calls import run
from tests.payments.shop import DAY, PRICE

pytestmark = pytest.mark.once

SOLD_ON = timezone.localdate() - 2 * DAY
NOON = timezone.make_aware(datetime.combine(SOLD_ON, time(12, 30)))
FEE = Decimal("0.18")


@pytest.fixture
def kept(fake, shop):
    """A payment of two days ago, on both sides."""
    with as_of(NOON):
        payment = shop.paid()
    fake.trade(payment.key).paid_at = NOON
    return payment


def compared(day=SOLD_ON):
    """The bills of a day are fetched and compared: what does not agree, as (about, amount, result)."""
    ended = run("payment_bills", "fetch", "pay1", str(day), "--json")
    assert ended.err == "", ended
    told = [(line["about"], Decimal(line["amount"]), line["result"]) for line in ended.document["open"]]
    assert ended.code == int(bool(told)), ended
    assert {bill["state"] for bill in ended.document["bills"]} == {"read"}
    return told


def less(fee, **more):
    """The books of what was sold, less what the provider kept."""
    return {"providers": fee - PRICE, "revenue": PRICE, "fees": -fee} | more


def test_row_reconciled_all_agrees_and_fees_are_posted_once(fake, shop, kept):
    """A fee stands in both bills of the day, and the bills come again."""
    fake.pay_out("20.00", NOON)
    assert [compared() for _ in range(2)] == [[], []]
    assert b.books() == less(FEE, providers=FEE - PRICE + 20, cash=Decimal(-20))


def test_row_reconciled_a_refund_agrees_and_its_fee_comes_back(fake, shop):
    with as_of(NOON):
        payment = shop.paid_too_late()
        assert run("payments", "work", "--until-settled").code == 0
    trade = fake.trade(payment.key)
    trade.paid_at = trade.refunds[0].at = NOON
    assert (compared(), b.books()) == ([], {})


def test_row_reconciled_a_line_is_missing(fake, shop, kept):
    """Booked here, and in no bill of its day or of the next."""
    fake.bill_without.add(kept.key.hex)
    fake.add_to_bill("0" * 32, "12.34", NOON)
    fake.add_to_bill("1" * 32, "5.00", NOON + DAY)
    found = [*compared(), *compared(SOLD_ON + DAY)]
    assert ("payment", PRICE, "missing_there") in found
    assert shop.stands(kept) == ("paid", "fulfilled")


def test_row_reconciled_a_line_that_nobody_knows_stands_in_suspense_once(fake, shop, kept):
    extra = fake.add_to_bill("0" * 32, "12.34", NOON)
    assert [compared() for _ in range(2)] == [[("payment", Decimal("12.34"), "missing_here")]] * 2
    fake.trades[extra.number], extra.notify_url = extra, fake.trade(kept.key).notify_url
    assert fake.tell(extra.number).is_taken  # its notification comes after the bill
    assert shop.suspense() == [("unknown", Decimal("12.34"))]
    assert b.books()["suspense"] == Decimal("12.34")


def test_row_reconciled_a_lost_payment_is_found_by_its_line(fake, shop):
    """Its notification never came, nobody was asked; the bill says that it was paid, and the provider's word books."""
    with as_of(NOON):
        payment = shop.begin()
    fake.pay(payment.key).paid_at = NOON
    Payment.objects.filter(pk=payment.pk).update(ask_at=None)
    assert compared() == [("payment", PRICE, "missing_here")]
    shop.work()
    assert shop.stands(payment) == ("paid", "fulfilled")
    assert (compared(), b.books()) == ([], less(FEE))


def test_row_reconciled_another_amount_is_for_a_person(fake, shop, kept):
    fake.bill_says[kept.key.hex] = Decimal("31.00")
    (found,) = compared()
    assert found[2] == "other_amount"
    assert b.books() == less(Decimal("0.19"))
