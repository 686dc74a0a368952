"""Figures of the money: a month's statement, the margin of a loss, and what is at risk to the last day and cent."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.actions import orders, receipts, refunds
from billing.choices import OrderKind, PriceKind
from billing.revenue import AHEAD_DAYS, Earned, at_risk, margins
from billing.statements import statement
from cards.models import CarrierPolicy
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, swept
from tests.console.pages import of_role

pytestmark = pytest.mark.django_db

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def figures(day):
    """Opening, in, out, closing and what was served in the month of a day."""
    found = statement(b.customer().pk, day)
    return [int(amount) for amount in (found.opening, found.money_in, found.money_out, found.closing, found.served)]


def test_what_was_given_back_is_no_service_in_the_month_in_which_it_was():
    b.price("Y1-30", "30.00")
    b.price("PACK-100", "9.00")
    finance = b.financier()
    with on_day(date(2026, 3, 31)):
        receipts.record(b.customer(), Decimal("100"), "BANK 1", MARCH, user=finance)
        card, lost = card_in_use(customer="Acme"), card_in_use(customer="Acme")
        renewed = b.paid(cards=[card], user=finance)
        failing = b.placed(cards=[lost], user=finance)
        do("cancel", lost, date(2026, 3, 31))
        orders.pay_and_fulfil(failing, user=finance)
        b.paid(OrderKind.PACK, [card], user=finance, plan="PACK-100")
        orders.make_adjustment(b.customer(), Decimal("4"), user=finance, note="router")
    with on_day(APRIL):
        refunds.approve(refunds.request_refund(renewed, user=finance, reason="x"), user=finance)
        wrong = receipts.record(b.customer(), Decimal("7"), "BANK 2", APRIL, user=finance)
        receipts.reverse_receipt(wrong, user=finance, reason="x")
        orders.make_adjustment(b.customer(), Decimal("-5"), user=finance, note="outage")
    assert figures(MARCH) == [0, 130, -73, 57, 30 + 9 + 4]
    assert figures(APRIL) == [57, 42, -7, 92, -30 - 5]
    assert figures(date(2026, 5, 1)) == [92, 0, 0, 92, 0]


@pytest.mark.once
@pytest.mark.parametrize(
    ("month", "status"),
    [
        ("2026-03", 200),
        ("2026-02", 200),
        ("2026-04", 404),
        ("9999-12", 404),
        ("1999-12", 404),
        ("0001-01", 404),
        ("2026-3", 404),
        ("٢٠٢٦-٠٣", 404),
    ],
)
def test_there_is_a_statement_of_each_month_that_has_begun_and_of_no_other(month, status):
    client, path = of_role("auditor"), f"/console/customers/{b.customer().pk}/statement"
    with on_day(date(2026, 3, 2)):
        answers = [client.get(f"{path}{end}?month={month}").status_code for end in ("/", ".csv")]
    assert answers == [status, status]


@pytest.mark.once
@pytest.mark.parametrize(
    ("revenue", "returned", "cost", "margin", "per_cent"),
    [
        (60, 30, 12, 18, 60),
        (60, 0, 60, 0, 0),
        (60, 0, 75, -15, -25),
        (60, 60, 0, 0, None),
        (60, 60, 12, -12, None),
        (0, 30, -12, -18, None),
        (30, 60, 0, -30, None),
        (-5, 0, 0, -5, None),
    ],
)
def test_a_loss_has_no_per_cent_of_what_was_not_kept(revenue, returned, cost, margin, per_cent):
    earned = Earned(MARCH, "Y1-30", 1, Decimal(revenue), Decimal(returned), Decimal(cost))
    assert (earned.margin, earned.per_cent) == (margin, per_cent)


def test_what_goes_back_in_a_later_month_is_that_months_loss():
    b.price("Y1-30", "30.00")
    b.price("Y1-30", "12.00", PriceKind.COST)
    b.fund("100")
    finance = b.financier()
    with on_day(date(2026, 3, 31)):
        order = b.paid(cards=[card_in_use(customer="Acme")], user=finance)
    with on_day(APRIL):
        refunds.approve(refunds.request_refund(order, user=finance, reason="x"), user=finance)
    found = margins(date(2026, 1, 1), date(2027, 1, 1))
    assert [(row.month, row.revenue, row.returned, row.cost, row.margin, row.per_cent) for row in found] == [
        (APRIL, 0, 30, -12, -18, None),
        (MARCH, 30, 0, 12, 18, 60),
    ]


def test_the_last_day_is_at_risk_in_the_weeks_as_in_the_sum():
    """Each card is cancelled one day later than the one before, to the cent: the last day, and the day behind it."""
    b.price("M1-100", "5.37")
    today = date(2026, 3, 2)
    CarrierPolicy.objects.update(renewal_days=AHEAD_DAYS)
    cards = [card_in_use(date(2026, 1, 15), customer="Acme", plan="M1-100") for _ in range(2)]
    ended_on = date(2026, 2, 1)
    for card in cards:
        assert swept(card, ended_on).cancel_on == ended_on + timedelta(days=AHEAD_DAYS)
    for day, at_risk_then in (
        (ended_on, Decimal("10.74")),
        (ended_on - timedelta(days=1), Decimal(0)),
        (today, Decimal("10.74")),
        (ended_on + timedelta(days=AHEAD_DAYS), Decimal("10.74")),
    ):
        customers, weeks = at_risk(day)
        by_customer = sum((risk.amount for risk in customers), Decimal(0))
        assert (by_customer, sum(amount for _day, amount in weeks)) == (at_risk_then, at_risk_then), day
    page = of_role("auditor")
    with on_day(today):
        assert page.get("/console/at-risk/").context["chart"].total == "¥10.74"


def test_a_card_in_stock_or_with_a_renewal_on_its_way_is_not_at_risk():
    b.price("M1-100", "5.00")
    renewed = card_in_use(customer="Acme", plan="M1-100")
    card_in_use(plan="M1-100")
    today = date(2026, 3, 2)
    swept(renewed, today)
    assert [(risk.cards, risk.amount) for risk in at_risk(today)[0]] == [(1, 5)]
    with on_day(today):
        b.placed(cards=[renewed], plan="M1-100")
    assert at_risk(today)[0] == []
