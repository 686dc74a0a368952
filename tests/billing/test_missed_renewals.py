"""Renewals that did not happen: which, why, until when they stand, and what the customer reads of them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from billing.actions import auto_renew, kinds, orders
from billing.actions.auto_renew import cards_to_renew, missed_renewals, switch
from billing.choices import NoticeKind, OrderKind, PriceKind
from billing.errors import MoneyRefused
from billing.models import MissedRenewal, Notice, Order, RenewalRun, RenewedTerm
from billing.sentences import sentence_of
from cards.calendar import last_day
from cards.models import Job, Plan
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, on_day, spoil, swept

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01.
SINCE = date(2026, 3, 2)
END = date(2026, 4, 1)
WEEK_BEFORE = END - timedelta(days=7)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _agreed():
    b.price("M1-100", "5.00")
    b.agree(auto_renews=True)
    with on_day(SINCE):
        yield


def monthly(since=SINCE, name="Acme", **columns):
    return card_in_use(since, plan="M1-100", customer=name, **columns)


def ticked(*days):
    """What the beats do on these days."""
    for day in days:
        with on_day(day):
            b.renew_for(day, seconds=600)
            while Job.objects.filter(kind="order", status="running").exists():
                kinds.work_off_orders(60)


def missed(day):
    """(ICCID, why, the refusal's sentence, since, end) of each missed renewal that stands on a day."""
    found = missed_renewals(day).select_related("card").order_by("ends_on", "card")
    with translation.override("en"):
        return [(m.card.iccid, m.why, MoneyRefused.read(m.refused).sentence, m.since, m.ends_on) for m in found]


def said(language="en", **only):
    """What each notice says."""
    with translation.override(language):
        return [sentence_of(notice) for notice in Notice.objects.filter(**only).order_by("pk")]


def lines_paid():
    return [iccid for order in Order.objects.order_by("pk") for iccid, *_ in b.lines(order)]


# money that pays for some


def test_money_for_two_of_three_renews_those_that_end_first():
    Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)
    b.price("M1A", "5.00")
    last, first, second = card_in_use(SINCE, plan="M1A", customer="Acme"), monthly(), monthly()
    assert (last.service_until, first.service_until) == (END + DAY, END)
    b.fund("14.99")
    day = WEEK_BEFORE + DAY
    ticked(day)
    assert lines_paid() == [first.iccid, second.iccid]
    assert (b.balance(), RenewedTerm.objects.count()) == (Decimal("4.99"), 2)
    assert missed(day) == [
        (last.iccid, "short", "¥5.00 is needed, but the wallet has only ¥4.99 available.", day, last.service_until)
    ]
    assert said() == [
        f"Auto-renewal on {day}: the wallet paid for 2 of 3 cards. The others cost ¥5.00, but only ¥4.99 was left:"
        " ¥0.01 was missing."
    ]
    run = RenewalRun.objects.get()
    assert (run.is_short, run.order, run.order.size, run.order.total) == (True, Order.objects.get(), 2, 10)
    b.fund("0.01")
    ticked(day + DAY)
    assert (lines_paid()[2:], b.balance(), missed(day + DAY)) == ([last.iccid], 0, [])
    assert b.books() == {"cash": -15, "revenue": 15}


def test_of_two_that_end_on_one_day_the_first_taken_in_is_renewed():
    first, second = monthly(), monthly()
    b.fund("5")
    ticked(WEEK_BEFORE)
    assert (lines_paid(), [row[0] for row in missed(WEEK_BEFORE)]) == ([first.iccid], [second.iccid])


def test_a_card_that_is_too_dear_does_not_keep_the_others_from_being_paid():
    b.price("Y1-30", "30.00")
    dear = card_in_use(date(2025, 3, 31), customer="Acme", plan="Y1-30")
    assert dear.service_until == date(2026, 3, 1)
    b.agree(renews_days_ahead=60)
    with on_day(date(2026, 2, 20)):
        cheap = monthly(date(2026, 2, 10))
    b.fund("5")
    ticked(date(2026, 2, 20))
    assert (lines_paid(), [row[:2] for row in missed(date(2026, 2, 20))]) == ([cheap.iccid], [(dear.iccid, "short")])


def test_one_card_without_money_is_told_in_a_sentence_of_its_own():
    monthly()
    ticked(WEEK_BEFORE)
    assert said() == [
        f"Auto-renewal failed on {WEEK_BEFORE}: ¥5.00 is needed, but the wallet has only ¥0.00 available."
    ]


def test_a_notice_of_before_is_read_as_it_was_written():
    b.notice(kind="renewal_failed", step=0, on=WEEK_BEFORE, needed="10.00", available="9.99", cards=2)
    assert said() == [
        f"Auto-renewal failed on {WEEK_BEFORE}: ¥10.00 is needed, but the wallet has only ¥9.99 available."
    ]


# what is not sold, or not to this card


def retired():
    Plan.objects.filter(code="M1-100").update(is_sold=False)
    return monthly()


def unpriced():
    b.price("M1-100", None, kind=PriceKind.LIST, since=SINCE)
    return monthly()


def held(kind="anomaly"):
    return do("place_hold", monthly(), SINCE, kind=kind)


def unverified():
    card = monthly()
    spoil(card, certification="individual")
    return do("revoke_real_name", approved(card), SINCE)


def approved(card):
    do("submit_real_name", card, SINCE, name="王伟", id_number="11010519491231002X")
    return do("approve_real_name", card, SINCE)


def parked():
    card = monthly()
    spoil(card, parked='["unexpected", {"text": "boom"}]')
    return card


PLAN = "Monthly plan 100 MB/month (M1-100)"
REASONS = [
    (
        retired,
        "not_on_sale",
        "M1-100 is no longer on sale.",
        f"was not renewed automatically because its plan was no longer on sale: {PLAN}."
        f" Its last day of service is {last_day(END)} unless it is renewed with another plan.",
    ),
    (
        unpriced,
        "no_price",
        f"M1-100 has no price for this customer on {WEEK_BEFORE}.",
        f"was not renewed automatically because its plan had no price: {PLAN}."
        f" Its last day of service is {last_day(END)} unless it is renewed; ask your dealer for a price.",
    ),
    (
        held,
        "blocked",
        "The card is stopped and does not renew automatically: Carrier block.",
        "was not renewed automatically because it was blocked or its ID was not verified."
        f" Its last day of service is {last_day(END)} unless it is renewed.",
    ),
    (
        parked,
        "other",
        "The card is parked because its data is inconsistent: a rule failed: boom",
        f"was not renewed automatically. Its last day of service is {last_day(END)} unless it is renewed;"
        " your dealer can tell you the reason.",
    ),
]


@pytest.mark.parametrize(("made", "why", "sentence", "told"), REASONS, ids=[row[1] for row in REASONS])
def test_a_card_that_is_refused_stands_in_the_queue_and_its_customer_is_told_once(made, why, sentence, told):
    b.fund("100")
    card = made()
    ticked(WEEK_BEFORE - DAY)
    assert (missed(WEEK_BEFORE - DAY), Notice.objects.count()) == ([], 0)
    ticked(WEEK_BEFORE)
    assert missed(WEEK_BEFORE) == [(card.iccid, why, sentence, WEEK_BEFORE, END)]
    ticked(WEEK_BEFORE, WEEK_BEFORE + DAY)
    assert [row[3] for row in missed(WEEK_BEFORE + DAY)] == [WEEK_BEFORE]  # since the first day
    assert said() == [f"Card {card.iccid} {told}"]
    assert (b.balance(), Order.objects.count()) == (100, 0)
    assert [row[0] for row in missed(END - DAY)] == [card.iccid]
    assert missed(END) == []  # the term is over


def test_nobody_pays_for_a_card_without_an_approved_check():
    b.fund("100")
    card = unverified()
    assert (card.state, str(card.holds)) == ("suspended", "real_name")
    ticked(WEEK_BEFORE)
    assert [row[:2] for row in missed(WEEK_BEFORE)] == [(card.iccid, "blocked")]


def test_a_card_that_its_customer_stopped_is_renewed():
    b.fund("100")
    card = do("suspend", monthly(), SINCE)
    ticked(WEEK_BEFORE)
    assert (lines_paid(), missed(WEEK_BEFORE)) == ([card.iccid], [])


def test_a_refused_card_keeps_no_other_from_being_renewed():
    b.fund("5")
    blocked, good = held(), monthly()
    ticked(WEEK_BEFORE)
    assert (lines_paid(), [row[:2] for row in missed(WEEK_BEFORE)]) == ([good.iccid], [(blocked.iccid, "blocked")])
    assert [notice.kind for notice in Notice.objects.all()] == ["not_renewed"]


def test_whoever_does_not_want_to_hear_is_in_the_queue_all_the_same():
    b.agree(muted=[NoticeKind.NOT_RENEWED, NoticeKind.RENEWAL_FAILED])
    held(), monthly()
    ticked(WEEK_BEFORE)
    assert ([row[1] for row in missed(WEEK_BEFORE)], Notice.objects.count()) == (["blocked", "short"], 0)


def test_the_reason_is_that_of_the_last_day():
    card = monthly()
    ticked(WEEK_BEFORE)
    assert [row[1] for row in missed(WEEK_BEFORE)] == ["short"]
    Plan.objects.filter(code="M1-100").update(is_sold=False)
    ticked(WEEK_BEFORE + DAY)
    (row,) = missed(WEEK_BEFORE + DAY)
    assert row == (card.iccid, "not_on_sale", "M1-100 is no longer on sale.", WEEK_BEFORE, END)


@pytest.mark.parametrize("resolved_by", ["renewed", "switched off", "all switched off", "gone"])
def test_what_is_made_good_leaves_the_queue_by_itself(resolved_by):
    card = retired()
    ticked(WEEK_BEFORE)
    assert [row[0] for row in missed(WEEK_BEFORE)] == [card.iccid]
    match resolved_by:
        case "renewed":
            do("renew", card, WEEK_BEFORE, plan="Y1-30")
        case "switched off":
            switch([card], False, user=b.financier())
        case "all switched off":
            b.agree(auto_renews=False)
        case "gone":
            b.agree("Other", auto_renews=True)
            do("assign", card, WEEK_BEFORE, customer="Other")
    assert missed(WEEK_BEFORE) == []


def test_a_card_that_went_to_another_customer_is_missed_anew_for_them():
    card = retired()
    ticked(WEEK_BEFORE)
    b.agree("Other", auto_renews=True)
    do("assign", card, WEEK_BEFORE, customer="Other")
    ticked(WEEK_BEFORE + DAY)
    assert [row[3] for row in missed(WEEK_BEFORE + DAY)] == [WEEK_BEFORE + DAY]
    assert list(Notice.objects.order_by("pk").values_list("customer__name", flat=True)) == ["Acme", "Other"]


def test_the_next_term_is_missed_by_itself():
    b.fund("100")
    card = monthly()
    ticked(WEEK_BEFORE)
    swept(card, END)
    Plan.objects.filter(code="M1-100").update(is_sold=False)
    ticked(date(2026, 4, 24))
    assert [row[3:] for row in missed(date(2026, 4, 24))] == [(date(2026, 4, 24), date(2026, 5, 1))]


# what happens between the steps


def drafted():
    """What a worker leaves that was killed over a run: an order that is drafted and checked, and no more."""
    run = RenewalRun.objects.create(customer=b.customer(), day=WEEK_BEFORE)
    with on_day(WEEK_BEFORE):
        ids = list(cards_to_renew(WEEK_BEFORE).values_list("pk", flat=True))
        return orders.draft_order(OrderKind.RENEWAL, run.customer, ids, user=None, key=run.key)


def test_a_plan_retired_between_draft_and_payment_renews_nothing():
    b.fund("100")
    card = monthly()
    drafted()
    Plan.objects.filter(code="M1-100").update(is_sold=False)
    ticked(WEEK_BEFORE)
    assert ([row[:2] for row in missed(WEEK_BEFORE)], b.balance()) == ([(card.iccid, "not_on_sale")], 100)


def test_a_draft_whose_check_failed_is_not_passed_over_in_silence():
    b.fund("100")
    card = monthly()
    Job.objects.filter(pk=drafted().job_id).update(status="failed")
    ticked(WEEK_BEFORE)
    assert ([row[:2] for row in missed(WEEK_BEFORE)], Order.objects.count()) == ([(card.iccid, "other")], 0)
    ticked(WEEK_BEFORE + DAY)
    assert (lines_paid(), missed(WEEK_BEFORE + DAY)) == ([card.iccid], [])


def test_a_worker_killed_before_the_end_of_a_step_leaves_nothing_of_it(monkeypatch):
    b.fund("5")
    first, second = monthly(), monthly()

    def killed(*args, **became):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(auto_renew, "_finish", killed)
        with pytest.raises(SystemExit):
            ticked(WEEK_BEFORE)
    assert (b.balance(), RenewedTerm.objects.count(), MissedRenewal.objects.count(), Notice.objects.count()) == (
        5, 0, 0, 0,
    )  # fmt: skip
    assert Order.objects.get().is_draft
    ticked(WEEK_BEFORE)
    assert (lines_paid(), [row[0] for row in missed(WEEK_BEFORE)]) == ([first.iccid], [second.iccid])
    assert (b.balance(), RenewedTerm.objects.count(), Notice.objects.count()) == (0, 1, 1)


def test_an_order_that_somebody_placed_by_hand_is_theirs():
    b.fund("100")
    monthly()
    user = b.financier()
    with on_day(WEEK_BEFORE):
        order = orders.place(drafted(), user=user)
    ticked(WEEK_BEFORE)
    assert (b.fresh(order).state, b.balance(), RenewalRun.objects.get().order) == ("placed", 100, order)


def test_what_was_paid_and_could_not_be_served_is_missed_and_tried_again():
    b.fund("100")
    card = monthly()
    with on_day(WEEK_BEFORE):
        b.renew_for(WEEK_BEFORE, seconds=600)
        spoil(card, parked='["unexpected", {"text": "boom"}]')
        kinds.work_off_orders(60)
    assert (b.fresh(Order.objects.get()).state, b.balance()) == ("refunded", 100)
    assert ([row[:2] for row in missed(WEEK_BEFORE)], RenewedTerm.objects.count()) == ([(card.iccid, "other")], 0)
    assert [notice.kind for notice in Notice.objects.all()] == ["not_renewed"]
    spoil(card, parked="")
    ticked(WEEK_BEFORE + DAY)
    assert (b.balance(), len(fresh(card).terms.all()), missed(WEEK_BEFORE + DAY)) == (95, 2, [])
