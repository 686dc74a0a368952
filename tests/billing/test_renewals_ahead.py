"""What customers are told before an automatic renewal charges: when, once a term, and what it says."""

from datetime import date, timedelta

import pytest
from django.utils import translation

from billing.actions import kinds
from billing.actions.auto_renew import switch
from billing.actions.looks import AT_ALL
from billing.actions.notices import gather
from billing.actions.renewals_ahead import announce, tell_changed_prices
from billing.choices import NoticeKind, PriceKind
from billing.models import AnnouncedRenewal, MoneyRules, Notice
from billing.sentences import heading, sentence_of
from cards.models import Plan
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, swept

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01, and is charged a week before.
SINCE = date(2026, 3, 2)
END = date(2026, 4, 1)
CHARGED = date(2026, 3, 25)
DAY = timedelta(days=1)
TOLD = CHARGED - 3 * DAY
PLAN = "Monthly plan 100 MB/month (M1-100)"


@pytest.fixture(autouse=True)
def _agreed():
    b.price("M1-100", "5.00")
    b.agree(auto_renews=True)
    with on_day(SINCE):
        yield


def monthly(since=SINCE, name="Acme", **columns):
    return card_in_use(since, plan="M1-100", customer=name, **columns)


def gathered(*days, language="en", kinds=(NoticeKind.RENEWING, NoticeKind.PRICE_CHANGED)):
    """What each notice of these kinds says, once it was looked for on these days."""
    for day in days:
        with on_day(day):
            gather(day)
    with translation.override(language):
        return [sentence_of(notice) for notice in Notice.objects.filter(kind__in=kinds).order_by("pk")]


@pytest.mark.parametrize(("days", "is_told"), [(4, False), (3, True), (2, True), (1, True), (0, False), (-1, False)])
def test_on_which_days_before_the_charge_a_customer_is_told(days, is_told):
    monthly()
    assert bool(gathered(CHARGED - days * DAY)) is is_told


def test_the_days_are_a_setting():
    MoneyRules.objects.update(renewal_notice_days=10)
    monthly()
    assert gathered(CHARGED - 11 * DAY) == []
    assert len(gathered(CHARGED - 10 * DAY)) == 1


def test_a_customer_is_told_once_for_all_cards_of_a_day_and_whether_the_wallet_has_enough():
    b.fund("10")
    monthly(), monthly()
    card_in_use(SINCE, customer="Acme")  # its year ends later
    sentence = (
        f"As of {TOLD}, 2 cards were due to renew automatically on {CHARGED} for ¥10.00, and the wallet had enough for"
        " them: ¥10.00."
    )
    assert gathered(TOLD, TOLD, TOLD + DAY, CHARGED) == [sentence]
    notice = Notice.objects.get(kind=NoticeKind.RENEWING)
    assert (notice.card, notice.on, notice.step) == (None, CHARGED, 3)
    with translation.override("en"):
        assert heading(notice.kind, notice.step, 1) == "Upcoming auto-renewals (within 3 days): 1"


def test_a_wallet_that_is_short_by_a_cent_is_told_to_be():
    b.fund("4.99")
    monthly()
    assert gathered(TOLD) == [
        f"As of {TOLD}, 1 card was due to renew automatically on {CHARGED} for ¥5.00, but the wallet had only ¥4.99"
        " for it: ¥0.01 was missing."
    ]


def test_two_days_of_charges_share_one_wallet():
    b.fund("9.99")
    Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)
    b.price("M1A", "5.00")
    first = monthly()
    second = card_in_use(SINCE, plan="M1A", customer="Acme")
    assert (first.service_until, second.service_until) == (END, END + DAY)
    assert gathered(TOLD + DAY) == [
        f"As of {TOLD + DAY}, 1 card was due to renew automatically on {CHARGED} for ¥5.00, and the wallet had enough"
        " for it: ¥9.99.",
        f"As of {TOLD + DAY}, 1 card was due to renew automatically on {CHARGED + DAY} for ¥5.00, but the wallet had"
        " only ¥4.99 for it: ¥0.01 was missing.",
    ]


def test_a_card_that_is_switched_on_later_is_told_of_by_itself():
    monthly()
    late = monthly()
    user = b.financier()
    switch([late], False, user=user)
    assert len(gathered(TOLD)) == 1
    switch([late], True, user=user)
    assert len(gathered(TOLD)) == 1  # once a day
    b.fund("5")
    assert gathered(TOLD + DAY)[1:] == [
        f"As of {TOLD + DAY}, 1 card was due to renew automatically on {CHARGED} for ¥5.00, but the wallet had only"
        " ¥0.00 for it: ¥5.00 was missing."
    ]


def test_a_renewed_card_and_one_that_is_switched_off_are_not_charged():
    do("renew", monthly(), SINCE, plan="M1-100")
    switch([monthly()], False, user=b.financier())
    assert gathered(TOLD) == []


def test_what_cannot_be_renewed_is_said_ahead():
    b.fund("100")
    do("place_hold", monthly(), SINCE, kind="anomaly")
    assert gathered(TOLD) == [
        f"As of {TOLD}, 1 card due on {CHARGED} could not be renewed automatically: ask your dealer."
    ]


def test_cards_that_can_and_cards_that_cannot_be_renewed_are_one_notice():
    b.fund("100")
    monthly()
    do("place_hold", monthly(), SINCE, kind="anomaly")
    assert gathered(TOLD) == [
        f"As of {TOLD}, 1 card was due to renew automatically on {CHARGED} for ¥5.00, and the wallet had enough for"
        f" it: ¥100.00. As of {TOLD}, 1 card due on {CHARGED} could not be renewed automatically: ask your dealer."
    ]


@pytest.mark.parametrize("kind", [NoticeKind.RENEWING, NoticeKind.PRICE_CHANGED])
def test_whoever_does_not_want_to_hear_is_not_told(kind):
    paid_once()
    b.price("M1-100", "6.00", since=CHARGED)
    b.agree(muted=[kind])
    gathered(TOLD)
    assert [notice.kind for notice in Notice.objects.filter(card=None)] == [
        each for each in (NoticeKind.PRICE_CHANGED, NoticeKind.RENEWING) if each != kind
    ]


def test_the_next_term_is_told_of_anew():
    b.fund("100")
    card = monthly()
    gathered(TOLD)
    with on_day(CHARGED):
        b.renew_for(CHARGED, 600)
        kinds.work_off_orders(60)
    swept(card, END)
    gathered(date(2026, 4, 21))
    told = Notice.objects.filter(kind=NoticeKind.RENEWING).order_by("pk")
    assert [notice.on for notice in told] == [CHARGED, date(2026, 4, 24)]


# prices


def paid_once(amount="100"):
    """A card whose opening was paid at ¥5.00."""
    b.fund(amount)
    card = monthly()
    b.paid("opening", cards=[card], plan="M1-100")
    return card


def changed(day=CHARGED, change=f"{PLAN}: ¥6.00 instead of ¥5.00"):
    return f"Automatic renewals from {day} on cost another price than last time: {change}."


@pytest.mark.parametrize(("days", "is_told"), [(31, False), (30, True), (1, True), (0, False)])
def test_on_which_days_a_changed_price_is_told(days, is_told):
    with on_day(date(2026, 2, 1)):
        b.fund("100")
        card = monthly(date(2026, 3, 1))
    b.paid("opening", cards=[card], plan="M1-100")
    b.price("M1-100", "6.00", since=date(2026, 2, 2))
    kinds_told = (NoticeKind.PRICE_CHANGED,)
    assert gathered(CHARGED - days * DAY, kinds=kinds_told) == ([changed()] if is_told else [])


def test_a_changed_price_is_told_once_and_again_with_the_charge():
    paid_once()
    b.price("M1-100", "6.00", since=SINCE + DAY)
    assert gathered(SINCE, SINCE + DAY, TOLD - DAY) == [changed()]
    assert gathered(TOLD)[1:] == [
        f"As of {TOLD}, 1 card was due to renew automatically on {CHARGED} for ¥6.00, and the wallet had enough for it:"
        f" ¥95.00. Prices changed since last time: {PLAN}: ¥6.00 instead of ¥5.00."
    ]


def test_a_price_that_changes_again_is_told_again():
    paid_once()
    b.price("M1-100", "6.00", since=SINCE + DAY)
    gathered(SINCE + DAY)
    b.price("M1-100", "4.00", since=SINCE + 2 * DAY)
    assert gathered(SINCE + 2 * DAY, SINCE + 3 * DAY) == [
        changed(),
        changed(change=f"{PLAN}: ¥4.00 instead of ¥6.00"),
    ]


def test_the_price_is_that_of_the_day_of_the_charge():
    paid_once()
    b.price("M1-100", "6.00", since=CHARGED + DAY)
    assert gathered(SINCE + DAY) == []
    b.price("M1-100", "7.00", since=CHARGED)
    assert gathered(SINCE + 2 * DAY) == [changed(change=f"{PLAN}: ¥7.00 instead of ¥5.00")]


def test_a_price_that_was_paid_meanwhile_is_no_news():
    paid_once()
    b.price("M1-100", "6.00", since=SINCE)
    b.paid("opening", cards=[monthly()], plan="M1-100")
    assert gathered(SINCE + DAY) == []


def test_a_customer_price_counts_for_that_customer_alone():
    b.agree("Other", auto_renews=True)
    paid_once()
    b.fund("100", name="Other")
    b.paid("opening", cards=[monthly(name="Other")], plan="M1-100", name="Other")
    b.price("M1-100", "4.50", kind=PriceKind.CUSTOMER, since=SINCE, customer=b.customer("Other"))
    gathered(SINCE + DAY)
    assert list(Notice.objects.filter(kind=NoticeKind.PRICE_CHANGED).values_list("customer__name", flat=True)) == [
        "Other"
    ]


def test_nobody_is_told_of_a_price_that_they_never_paid_another_of():
    monthly()
    b.price("M1-100", "6.00", since=SINCE)
    assert gathered(SINCE + DAY) == []


def test_a_thousand_cards_are_told_of_in_few_statements(django_assert_max_num_queries):
    b.fund("10000")
    b.fleet(1_000, SINCE, plan="M1-100")
    for most in (35, 15):  # the second time nothing is new
        with django_assert_max_num_queries(most):
            tell_changed_prices(TOLD, [], AT_ALL)
            announce(TOLD, [], AT_ALL)
    assert Notice.objects.get().facts["cards"] == AnnouncedRenewal.objects.count() == 1_000


def test_what_chinese_customers_read():
    paid_once("10")
    b.price("M1-100", "6.00", since=SINCE)
    monthly(), do("place_hold", monthly(), SINCE, kind="anomaly")
    change = "月包 100 MB/月（M1-100）：¥6.00（原为 ¥5.00）。"
    assert gathered(TOLD, language="zh-hans") == [
        f"自 {CHARGED} 起的自动续费价格与上次不同：{change}",
        f"截至 {TOLD}，2 张卡将于 {CHARGED} 自动续费，共 ¥12.00；届时钱包仅可用 ¥5.00，还差 ¥7.00。与上次相比价格有变："
        f"{change}截至 {TOLD}，{CHARGED} 应自动续费的卡中有 1 张无法续费，请联系代理商。",
    ]
