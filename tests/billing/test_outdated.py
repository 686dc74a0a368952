"""What was made up for and is not true any more is on record, and in no mail."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone, translation

from billing import mail
from billing.actions import orders
from billing.actions.notices import gather
from billing.choices import NoticeKind
from billing.models import Digest, MissedRenewal, Notice
from billing.pages.notice_lines import notice_line
from cards.calendar import for_day
from cards.models import Plan
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, use

pytestmark = pytest.mark.django_db

# Cards in use since then with M1-100 have service until 2026-04-01.
SINCE = date(2026, 3, 2)
END = date(2026, 4, 1)
TODAY = date(2026, 3, 20)
BEFORE_YESTERDAY = TODAY - timedelta(days=2)


@pytest.fixture(autouse=True)
def _today():
    with on_day(TODAY):
        yield


@pytest.fixture
def card():
    return card_in_use(SINCE, plan="M1-100", customer="Acme")


def mailed(*notices, day=BEFORE_YESTERDAY):
    """Whether each of these notices, made up for a day, comes into the first digest of today."""
    keys = [notice.pk for notice in notices]
    Notice.objects.filter(pk__in=keys).update(day=day)
    mail.drain(TODAY, timezone.make_aware(datetime.combine(TODAY, time(9))), seconds=60)
    assert Digest.objects.count() <= 1
    found = Notice.objects.in_bulk(keys)
    assert all(found[pk].outdated is (found[pk].digest is None) for pk in keys)
    return [not found[pk].outdated for pk in keys]


def missed(card, why="short", term=1):
    plan = Plan.objects.get(code="M1-100")
    return MissedRenewal.objects.create(
        customer=card.customer, card=card, term=term, plan=plan, why=why, refused=[why, {}], since=TODAY, ends_on=END
    )


def test_an_end_is_told_as_near_as_it_is(card):
    farther, as_near = b.notice(card=card, on=END, step=7), b.notice(card=card, on=END, step=30)
    another_end = b.notice(card=card, on=END - timedelta(days=1), step=30)
    assert mailed(farther, as_near, another_end) == [False, True, False]


def test_an_end_that_somebody_has_moved_is_not_told(card):
    do("renew", card, SINCE, plan="M1-100")
    assert mailed(b.notice(card=card, on=END, step=30)) == [False]


def test_a_share_of_the_allowance_is_told_within_its_cycle(card):
    use(card, TODAY, 90)
    with for_day(BEFORE_YESTERDAY):
        gather(TODAY)
    told = Notice.objects.get(kind=NoticeKind.ALLOWANCE)
    last_cycle = b.notice(card=card, kind=NoticeKind.ALLOWANCE, on=date(2026, 2, 1), step=told.step)
    assert mailed(told, last_cycle) == [True, False]


@pytest.mark.parametrize("kind", [NoticeKind.RENEWING, NoticeKind.PRICE_CHANGED])
@pytest.mark.parametrize(("ahead", "is_mailed"), [(-1, False), (0, False), (1, True)])
def test_a_charge_is_told_before_it_is_made(kind, ahead, is_mailed):
    facts = {"told": "2026-03-18", "cards": 0, "unsold": 0, "amount": "0", "available": "0", "changes": []}
    told = b.notice(kind=kind, on=TODAY + timedelta(days=ahead), step=3, **facts)
    assert mailed(told) == [is_mailed]


@pytest.mark.parametrize(("low_below", "is_mailed"), [("20.00", True), ("5.00", False)])
def test_a_low_wallet_is_told_while_it_is_low(low_below, is_mailed):
    b.fund("10")
    b.agree(low_below=low_below)
    facts = {"balance": "10.00", "low_below": "20.00"}
    told = b.notice(kind=NoticeKind.WALLET_LOW, on=TODAY, step=0, **facts)
    earlier = b.notice(kind=NoticeKind.WALLET_LOW, on=SINCE, step=0, **facts)
    assert mailed(told, earlier) == [is_mailed, False]


@pytest.mark.parametrize(("why", "is_mailed"), [("short", True), ("no_price", False)])
def test_of_the_failures_for_lack_of_money_the_last_is_told_while_something_lacks_it(card, why, is_mailed):
    missed(card, why)
    facts = {"needed": "5.00", "available": "1.00", "cards": 1, "renewed": 0}
    earlier, last = (
        b.notice(kind=NoticeKind.RENEWAL_FAILED, on=BEFORE_YESTERDAY - timedelta(days=back), step=0, **facts)
        for back in (1, 0)
    )
    assert mailed(earlier, last) == [False, is_mailed]


@pytest.mark.parametrize("is_renewed", [False, True])
def test_a_card_that_did_not_renew_is_told_until_somebody_has_renewed_it(card, is_renewed):
    missed(card, "no_price")
    if is_renewed:
        do("renew", card, TODAY, plan="M1-100")
    told = b.notice(card=card, kind=NoticeKind.NOT_RENEWED, on=END, step=0, why="no_price", plan="M1-100")
    assert mailed(told) == [not is_renewed]


@pytest.mark.parametrize("kind", [NoticeKind.PAYMENT_KEPT, NoticeKind.PAYMENT_FAILED, NoticeKind.GUEST_PAID])
def test_what_happened_to_money_is_always_told(card, kind):
    facts = {"amount": "1.00", "order": "20260302-1", "what": "Y1-30"}
    assert mailed(b.notice(card=card, kind=kind, on=SINCE, step=0, **facts)) == [True]


@pytest.mark.parametrize(("becomes", "is_mailed"), [("waits", True), ("withdrawn", False)])
def test_an_order_that_waits_is_told_while_it_does(card, becomes, is_mailed):
    b.price("M1-100", "10.00")
    order = b.placed(cards=[card], plan="M1-100")
    due_on = timezone.localdate(order.expires_at)
    told, another = (
        b.notice(kind=NoticeKind.PAYMENT_DUE, on=on, step=2, orders=1, order=order.number, amount="10.00")
        for on in (due_on, due_on + timedelta(days=1))
    )
    if becomes == "withdrawn":
        orders.withdraw(order, user=b.financier())
    assert mailed(told, another) == [is_mailed, False]


@pytest.mark.parametrize(("paid_in", "is_mailed"), [("9.99", True), ("10.00", False)])
def test_credit_in_use_is_told_while_it_is(paid_in, is_mailed):
    b.credit("10")
    b.fund("-10")
    facts = {"told": str(TODAY), "amount": "10.00"}
    told = b.notice(kind=NoticeKind.CREDIT_DUE, on=TODAY, step=0, **facts)
    earlier = b.notice(kind=NoticeKind.CREDIT_DUE, on=SINCE, step=0, **facts)
    b.fund(paid_in)
    assert mailed(told, earlier) == [is_mailed, False]


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TODAY, None])
def test_what_was_told_yesterday_or_on_its_own_day_is_mailed_as_it_was_told(card, day):
    assert mailed(b.notice(card=card, on=END, step=7), day=day) == [True]


def test_no_digest_begins_while_more_is_to_come_into_it(card):
    b.notice(card=card, on=END, step=30)
    morning = timezone.make_aware(datetime.combine(TODAY, time(9)))
    mail.drain(TODAY, morning, seconds=60, begins=False)
    assert not Digest.objects.exists()
    mail.drain(TODAY, morning, seconds=60)
    assert Digest.objects.get().notices.count() == 1


def test_a_notice_that_is_in_no_mail_says_so(card):
    told = b.notice(card=card, on=END, step=7)
    with translation.override("en"):
        assert notice_line(told).mailed == "in the next email"
        mailed(told)
        assert notice_line(Notice.objects.get()).mailed == "not emailed: no longer true when it could be"
