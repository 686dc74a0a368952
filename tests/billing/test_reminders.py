"""What customers are reminded of: orders that wait for payment, payments that came to nothing, credit in use."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.utils import timezone, translation

from billing.actions import orders, payments
from billing.actions.notices import gather
from billing.actions.telling import tell_at_once
from billing.choices import NoticeKind, OrderKind
from billing.mail import ASKING_FOR_MONEY
from billing.models import MoneyRules, Notice, Payment
from billing.pages.notice_lines import notice_line
from billing.payments import local
from billing.sentences import heading, sentence_of
from cards.calendar import as_of, this_moment
from tests.billing import build as b
from tests.build import card_in_use, do, member, swept

pytestmark = pytest.mark.django_db

PLACED = date(2026, 3, 2)
DUE = PLACED + timedelta(days=3)  # the payment period


@pytest.fixture(autouse=True)
def _priced():
    b.price("Y1-30", "30.00")


def noon_of(day):
    return as_of(timezone.make_aware(datetime.combine(day, time(12))))


def ordered(name="Acme", on=PLACED, cards=1, **more):
    with noon_of(on):
        return b.placed(cards=[card_in_use(customer=name) for _card in range(cards)], name=name, **more)


def told(kind, *days):
    """(customer, day that it is about, step, sentence) of each notice of a kind, gathered on these days twice each."""
    for day in days:
        with noon_of(day):
            gather(day), gather(day)
    with translation.override("en"):
        found = Notice.objects.filter(kind=kind).select_related("customer", "card").order_by("pk")
        return [(notice.customer.name, notice.on, notice.step, sentence_of(notice)) for notice in found]


def days_from(first, count):
    return [first + timedelta(days=number) for number in range(count)]


# orders that wait


def test_an_order_is_told_of_the_day_after_it_was_placed_and_the_day_before_it_expires():
    order = ordered()
    sentence = f"Order {order.number} of ¥30.00 expires on 2026-03-05 unless it is paid."
    assert told(NoticeKind.PAYMENT_DUE, PLACED) == []
    assert told(NoticeKind.PAYMENT_DUE, *days_from(PLACED, 6)) == [
        ("Acme", DUE, 2, sentence),
        ("Acme", DUE, 1, sentence),
    ]


def test_where_the_period_is_one_day_it_is_told_once():
    MoneyRules.objects.update(placed_days=1)
    ordered()
    due = PLACED + timedelta(days=1)
    assert [row[1:3] for row in told(NoticeKind.PAYMENT_DUE, *days_from(due, 3))] == [(due, 0)]


def test_orders_that_expire_on_the_same_day_are_told_in_one_sentence_and_each_customer_of_their_own():
    ordered(), ordered(), ordered("Other")
    assert [(row[0], row[3]) for row in told(NoticeKind.PAYMENT_DUE, PLACED + timedelta(days=1))] == [
        ("Acme", "2 orders of ¥60.00 in all expire on 2026-03-05 unless they are paid."),
        (
            "Other",
            f"Order {orders.Order.objects.latest('pk').number} of ¥30.00 expires on 2026-03-05 unless it is paid.",
        ),
    ]


@pytest.mark.parametrize("becomes", ["paid", "withdrawn", "expired", "paid online just now"])
def test_what_does_not_wait_any_more_is_not_told_of(becomes):
    user = b.financier()
    order = ordered(user=user)
    after = PLACED + timedelta(days=1)
    with noon_of(after):
        if becomes == "paid":
            b.fund("30"), orders.pay_and_fulfil(order, user=user)
        elif becomes == "withdrawn":
            orders.withdraw(order, user=user)
        elif becomes == "expired":
            orders.expire_unpaid(order.expires_at)
        else:
            begun(order, user, after)
    assert told(NoticeKind.PAYMENT_DUE, after) == []


def test_a_payment_that_was_begun_long_ago_keeps_nobody_from_being_told():
    user = member()
    order = ordered(user=user)
    begun(order, user)
    assert len(told(NoticeKind.PAYMENT_DUE, PLACED + timedelta(days=1))) == 1


def test_of_what_a_guest_ordered_and_of_an_adjustment_nobody_is_told():
    with noon_of(PLACED):
        draft = b.drafted(OrderKind.RENEWAL, cards=[card_in_use(customer="Acme")], is_guest=True)
        orders.place(draft, user=None)
        orders.make_adjustment(b.customer(), Decimal("5000"), user=b.financier(), note="x")
    assert told(NoticeKind.PAYMENT_DUE, *days_from(PLACED, 9)) == []


# payments that came to nothing


def begun(order, user, on=PLACED):
    with noon_of(on):
        payment = payments.start_payment(order, user=user)
        Payment.objects.filter(pk=payment.pk).update(started_at=this_moment())
    return payment


def closed(order, user, on=PLACED):
    payment = begun(order, user, on)
    with noon_of(on):
        payments.receive("local", *local.notification(payment, "closed"))


def test_a_payment_that_came_to_nothing_is_told_the_next_day_while_its_order_waits():
    user = member()
    order, paid = ordered(user=user), ordered(user=user)
    for each in (order, order, paid):
        closed(each, user)
    with noon_of(PLACED):
        b.fund("30"), orders.pay_and_fulfil(paid, user=user)
    assert told(NoticeKind.PAYMENT_FAILED, PLACED) == []
    assert told(NoticeKind.PAYMENT_FAILED, *days_from(PLACED, 6)) == [
        (
            "Acme",
            PLACED,
            0,
            f"The online payment of ¥30.00 for order {order.number} on 2026-03-02 was not completed. The order expires"
            " unless it is paid.",
        )
    ]


def test_two_orders_whose_payments_failed_are_two_notices():
    user = member()
    both = [ordered(user=user), ordered(user=user)]
    for order in both:
        closed(order, user)
    rows = told(NoticeKind.PAYMENT_FAILED, PLACED + timedelta(days=1))
    assert [order.number in row[3] for order, row in zip(both, rows, strict=True)] == [True, True]


def test_one_that_is_tried_again_has_not_failed_yet():
    user = member()
    order = ordered(user=user)
    closed(order, user)
    begun(order, user, PLACED + timedelta(days=1))
    assert told(NoticeKind.PAYMENT_FAILED, PLACED + timedelta(days=1)) == []


# credit


def test_credit_is_told_when_its_use_begins_and_each_week_while_it_lasts():
    b.credit("100")
    with noon_of(PLACED):
        b.fund("10")
    with noon_of(PLACED + timedelta(days=1)):
        b.fund("-10")
    assert told(NoticeKind.CREDIT_DUE, *days_from(PLACED, 3)) == []  # nothing is owed at zero
    first = PLACED + timedelta(days=3)
    with noon_of(first):
        b.fund("-0.01")
    told(NoticeKind.CREDIT_DUE, *days_from(first, 8))
    with noon_of(first + timedelta(days=8)):
        b.fund("-50")
    rows = told(NoticeKind.CREDIT_DUE, *days_from(first + timedelta(days=8), 7))
    assert [row[:3] for row in rows] == [("Acme", first, step) for step in (0, 7, 14)]
    assert [row[3] for row in rows[::2]] == [
        "The wallet has been below zero since 2026-03-05: as of 2026-03-05, ¥0.01 of the credit was in use. Top it up"
        " to settle the credit.",
        "The wallet has been below zero since 2026-03-05: as of 2026-03-19, ¥50.01 of the credit was in use. Top it up"
        " to settle the credit.",
    ]


def test_credit_that_was_settled_begins_anew():
    b.credit("100")
    again = PLACED + timedelta(days=5)
    for day, amount in ((PLACED, "-5"), (PLACED + timedelta(days=1), "5"), (again, "-1")):
        with noon_of(day):
            b.fund(amount)
        told(NoticeKind.CREDIT_DUE, day)
    assert [row[1:3] for row in told(NoticeKind.CREDIT_DUE)] == [(PLACED, 0), (again, 0)]


# what all have in common


@pytest.mark.parametrize("kind", [NoticeKind.PAYMENT_DUE, NoticeKind.PAYMENT_FAILED, NoticeKind.CREDIT_DUE])
@pytest.mark.parametrize("is_muted", [False, True])
def test_who_does_not_want_to_hear_of_it_does_not(kind, is_muted):
    user = member()
    order = ordered(user=user)
    closed(order, user)
    b.credit("100")
    with noon_of(PLACED):
        b.fund("-1")
        b.agree(muted=[kind] if is_muted else [])
    assert len(told(kind, PLACED + timedelta(days=1))) == (not is_muted)


@pytest.mark.parametrize(
    ("kind", "facts", "sentence"),
    [
        (
            NoticeKind.GUEST_PAID,
            {"what": "Y1-30", "amount": "30.00", "order": "20260302-7"},
            "Somebody without an account bought Yearly plan 30 MB/month (Y1-30) for card {card} on 2026-03-02 and paid"
            " ¥30.00 online (order 20260302-7).",
        ),
        (
            NoticeKind.PAYMENT_FAILED,
            {"amount": "30.00"},
            "¥30.00 could not be paid back to where it came from on 2026-03-02; your dealer is looking for another"
            " way.",
        ),
    ],
)
def test_what_happens_is_told_each_time_unless_it_is_muted(kind, facts, sentence):
    card = card_in_use(customer="Acme")
    with noon_of(PLACED):
        for _time in range(2):
            tell_at_once(card.customer_id, kind, card=card, **facts)
        b.agree(muted=[kind])
        tell_at_once(card.customer_id, kind, card=card, **facts)
    assert [row[3] for row in told(kind)] == [sentence.format(card=card.iccid)] * 2


def test_what_is_not_told_each_time_is_in_the_database_once():
    b.notice(kind=NoticeKind.PAYMENT_DUE, orders=1, order="1", amount="1")
    with pytest.raises(IntegrityError):
        b.notice(kind=NoticeKind.PAYMENT_DUE, orders=2, order="2", amount="2")


def test_pages_and_mails_show_them():
    notice = b.notice(kind=NoticeKind.CREDIT_DUE, step=14, told="2026-04-15", amount="5.00")
    with translation.override("en"):
        assert heading(notice.kind, notice.step, 1) == "Credit to settle (for 14 days): 1"
        assert heading(NoticeKind.CREDIT_DUE, 0, 1) == "Credit to settle: 1"
        assert (notice_line(notice).badge.label, notice_line(notice).badge.tone) == ("Credit to settle", "warning")
    assert {NoticeKind.PAYMENT_DUE, NoticeKind.PAYMENT_FAILED, NoticeKind.CREDIT_DUE} < set(ASKING_FOR_MONEY)


# an order that nobody pays silences nobody

SINCE = date(2026, 3, 2)
END, CANCELLED = date(2026, 4, 1), date(2026, 6, 30)


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_card_whose_renewal_is_ordered_is_told_of_until_that_is_paid(is_paid):
    b.price("M1-100", "10.00")
    card = card_in_use(SINCE, plan="M1-100", customer="Acme")
    day, user = END - timedelta(days=1), b.financier()
    with noon_of(day):
        order = b.placed(cards=[card], plan="M1-100", user=user)
        if is_paid:
            b.fund("10"), orders.pay_and_fulfil(order, user=user)
    assert len(told(NoticeKind.EXPIRING, day)) == (not is_paid)


def test_a_card_that_will_be_cancelled_is_told_of_though_its_renewal_is_ordered():
    b.price("M1-100", "10.00")
    card = swept(card_in_use(SINCE, plan="M1-100", customer="Acme"), END)
    day = CANCELLED - timedelta(days=1)
    with noon_of(day):
        b.placed(cards=[card], plan="M1-100")
    assert [row[1:3] for row in told(NoticeKind.CANCELLING, day)] == [(CANCELLED, 1)]
    do("renew", card, day, plan="M1-100")
    Notice.objects.all().delete()
    assert told(NoticeKind.CANCELLING, day) == []
