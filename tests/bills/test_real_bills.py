"""Bills as Alipay and WeChat Pay write them, beside the books: read by each provider's file, twice, in any order."""

from datetime import date
from decimal import Decimal

import pytest

from billing.bills.proof import BILL_PARTS
from billing.choices import PayerRefundCause
from billing.models import PayerRefund, Payment, ProviderAccount
from cards.calendar import as_of
from cards.proof import Proof
from tests.billing import build as b
from tests.bills.paper import bring, moment, queue, said, verdicts
from tests.payments import test_alipay as alipay
from tests.payments import test_wechat as wechat

pytestmark = pytest.mark.django_db

ALIPAY_DAY, WECHAT_DAY = date(2026, 11, 29), date(2026, 11, 27)


def paid_and_partly_given_back(protocol, key, refund_key, reference, at):
    """¥30.00 into Acme's wallet, of which ¥12.50 went back to whoever paid."""
    ProviderAccount.objects.create(name="shop", protocol=protocol, is_on=True)
    payment = Payment.objects.create(key=key, customer=b.customer(), provider="shop", amount=Decimal("30.00"))
    with as_of(at):
        assert said(payment, reference) == "paid"
        PayerRefund.objects.create(
            key=refund_key,
            provider="shop",
            payment=payment,
            amount=Decimal("12.50"),
            cause=PayerRefundCause.REFUND,
            state="done",
            ended_at=at,
        )


def test_the_bills_of_alipay():
    paid_and_partly_given_back("alipay", alipay.KEY, alipay.REFUND, alipay.TRADE, moment("10:00:30", ALIPAY_DAY))
    back = alipay.trade_line("退款", "-12.50", f"{alipay.REFUND.hex}\t", "0.07", "2026-11-29 11:00:00")
    trades = alipay.packed(("业务明细.csv", alipay.table(alipay.TRADE_HEADS, alipay.trade_line(), back)))
    funds = alipay.table(
        alipay.FUND_HEADS,
        alipay.fund_line("在线支付", "30.00", order=alipay.KEY.hex),
        alipay.fund_line("收费", out="-0.18", order=alipay.KEY.hex),
        alipay.fund_line("提现", out="-10.00", number="1004"),
        alipay.fund_line("收费", out="-0.10", number="1005"),
    )
    with as_of(moment("12:00", date(2026, 11, 30))):
        for _time in range(2):
            fund, trade = bring("shop", ALIPAY_DAY, "signcustomer", funds), bring("shop", ALIPAY_DAY, "trade", trades)
    assert verdicts(trade) == [(alipay.TRADE, "matched", False), (alipay.TRADE, "matched", False)]
    assert verdicts(fund) == [("1004", "posted", False), ("1005", "posted", False)]
    assert (trade.edition, trade.takings, trade.refunds, trade.fees) == (1, 30, Decimal("12.50"), Decimal("0.11"))
    assert b.books() == {"wallet": 30, "providers": Decimal("-19.79"), "fees": Decimal("-0.21"), "cash": -10}
    assert queue() == []


def test_the_bills_of_wechat_pay():
    paid_and_partly_given_back("wechat", wechat.KEY, wechat.REFUND_KEY, "4200", moment("23:59:59", WECHAT_DAY))
    trades = wechat.bill_of(wechat.TRADES, wechat.SUMS, wechat.trade(), wechat.trade(**wechat.BACK))
    rows = [
        ("提现", "支出", "10.00", "1901"),
        ("提现手续费", "支出", "1.00", "1902"),
        ("提现", "收入", "10.00", "1904"),
    ]
    funds = wechat.bill_of(wechat.FUNDS, wechat.FUND_SUMS, *(wechat.fund(*row) for row in rows))
    with as_of(moment("12:00", date(2026, 11, 28))):
        for _time in range(2):
            trade, fund = bring("shop", WECHAT_DAY, "trade", trades), bring("shop", WECHAT_DAY, "fund", funds)
    assert verdicts(trade) == [("4200", "matched", False), ("5030", "matched", False)]
    assert verdicts(fund) == [("1901", "posted", False), ("1902", "posted", False), ("1904", "ignored", True)]
    assert (trade.takings, trade.refunds, trade.fees, fund.fees) == (30, Decimal("12.50"), Decimal("0.10"), 1)
    assert b.books() == {"wallet": 30, "providers": Decimal("-18.90"), "fees": Decimal("-1.10"), "cash": -10}
    assert queue() == [("ignored", "1904", 10)]  # a payout that came back


def test_a_bill_in_which_lines_are_missing_and_too_many():
    paid_and_partly_given_back("wechat", wechat.KEY, wechat.REFUND_KEY, "4200", moment("12:00", WECHAT_DAY))
    foreign = wechat.trade(微信订单号="4300", 商户订单号="SHOP-1", 订单金额="7.00", 手续费="0.04")
    with as_of(moment("12:00", date(2026, 11, 28))):
        bring("shop", WECHAT_DAY, "trade", wechat.bill_of(wechat.TRADES, wechat.SUMS, foreign))
    assert queue() == [
        ("missing_here", "4300", 7),
        ("missing_there", "4200", 30),
        ("missing_there", "", Decimal("12.50")),
    ]
    assert b.books() == {"wallet": 30, "providers": Decimal("-36.96"), "fees": Decimal("-0.04"), "suspense": 7}
    assert list(Proof().problems(parts=BILL_PARTS)) == []
