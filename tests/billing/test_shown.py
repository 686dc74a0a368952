"""What was shown is what is charged: a draft, or the page of one card, that was seen before something changed."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils.translation import override

from billing.actions import orders
from billing.actions.kinds import work_off_order
from billing.actions.ledger import account_of
from billing.actions.shown import outdated_among, shown_by_check, shown_by_lines
from billing.choices import OrderKind, PriceKind
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, MoneyRules, Order, PriceTier
from billing.pages.order_changes import changes_of
from billing.rules import Shown
from cards.models import JobChunk, Plan
from tests.billing import build as b
from tests.build import card_in_use, member, on_day, open_card
from tests.console.pages import logged_in
from tests.my.pages import Phone

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)


def is_outdated(order):
    return outdated_among([order]) == [order]


@pytest.fixture(autouse=True)
def today():
    b.price("Y1-30", "30.00")
    b.price("M1-100", "5.00")
    with on_day(TODAY):
        yield


@pytest.fixture
def user():
    return b.financier()


@pytest.fixture
def chief(user):
    return Phone(logged_in(user))


def refusal(order, seen, user):
    with pytest.raises(MoneyRefused) as refused:
        orders.place(order, user=user, shown=seen)
    return refused.value.code


def seen(order):
    return shown_by_check(b.fresh(order).job)


def changes(order):
    """(plan, before, now, cards) of what the page of a draft says that has changed."""
    with override("en"):
        return [(c.plan and c.plan.code, c.before, c.now, c.count) for c in changes_of(b.fresh(order).job)]


def dearer(user):
    b.price("Y1-30", "31.00", since=TODAY)


def to_a_tier(user):
    tier = PriceTier.objects.create(name="reseller")
    b.price("Y1-30", "25.00", PriceKind.TIER, tier=tier)
    CustomerAccount.objects.update(tier=tier)


def to_a_price_of_its_own(user):
    b.price("Y1-30", "20.00", PriceKind.CUSTOMER, customer=b.customer())


def taxed(user):
    MoneyRules.objects.update(service_tax_rate=9)


def shorter(user):
    Plan.objects.filter(code="Y1-30").update(months=6)


def without_price(user):
    b.price("Y1-30", None, since=TODAY)


def retired(user):
    Plan.objects.filter(code="Y1-30").update(is_sold=False)


CHANGES = [
    (dearer, "price_changed", "¥30.00", "¥31.00"),
    (to_a_tier, "price_changed", "¥30.00", "¥25.00"),
    (to_a_price_of_its_own, "price_changed", "¥30.00", "¥20.00"),
    (taxed, "terms_changed", "¥30.00, 6.00% tax included", "¥30.00, 9.00% tax included"),
    (shorter, "terms_changed", "¥30.00, Yearly plan 30 MB/month", "¥30.00, Half-yearly plan 30 MB/month"),
]


@pytest.mark.parametrize(("change", "code", "before", "now"), CHANGES)
def test_a_draft_that_would_be_sold_otherwise_is_placed_after_another_look(user, change, code, before, now):
    cards = [card_in_use(customer="Acme") for _ in range(2)]
    order = b.drafted(cards=cards, user=user)
    first = seen(order)
    assert (is_outdated(order), changes(order)) == (False, [])
    account_of(order.customer_id)
    change(user)
    assert is_outdated(order)
    assert refusal(order, first, user) == code
    assert (b.fresh(order).state, order.lines.count(), changes(order)) == ("draft", 0, [("Y1-30", before, now, 2)])
    assert refusal(order, first, user) == code  # the old page again: what has changed is still told
    assert changes(order) == [("Y1-30", before, now, 2)]
    second = seen(order)
    assert (second != first, is_outdated(order)) == (True, False)
    placed = orders.place(order, user=user, shown=second)
    assert (placed.state, placed.total, shown_by_lines(placed)) == ("placed", second.total, second)


@pytest.mark.parametrize(("change", "code"), [(without_price, "no_price"), (retired, "not_on_sale")])
def test_what_is_not_sold_any_more_is_left_out_after_another_look(user, change, code):
    year, month = card_in_use(customer="Acme"), card_in_use(TODAY, customer="Acme", plan="M1-100")
    order = b.drafted(cards=[year, month], user=user, plan=None)
    first = seen(order)
    change(user)
    assert refusal(order, first, user) == code
    assert changes(order) == [("Y1-30", "¥30.00", "not sold", 1)]
    assert orders.place(order, user=user, shown=seen(order)).total == 5
    assert [line[0] for line in b.lines(order)] == [month.iccid]


def test_what_was_not_sold_and_is_now_is_offered(user):
    retired(user)
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    assert (seen(order).total, is_outdated(order)) == (0, False)
    Plan.objects.update(is_sold=True)
    orders.refresh_drafts([b.fresh(order)])
    assert changes(order) == [("Y1-30", "not sold", "¥30.00", 1)]
    assert orders.place(order, user=user, shown=seen(order)).total == 30


def test_two_prices_that_change_and_come_to_the_same_total_are_another_look(user):
    b.price("M1-100", "5.00", PriceKind.CUSTOMER, customer=b.customer("Other"))
    year, month = card_in_use(customer="Acme"), card_in_use(TODAY, customer="Acme", plan="M1-100")
    order = b.drafted(cards=[year, month], user=user, plan=None)
    first = seen(order)
    b.price("Y1-30", "29.00", since=TODAY), b.price("M1-100", "6.00", since=TODAY)
    assert refusal(order, first, user) == "terms_changed"
    assert changes(order) == [("M1-100", "¥5.00", "¥6.00", 1), ("Y1-30", "¥30.00", "¥29.00", 1)]
    assert orders.place(order, user=user, shown=seen(order)).total == 35


def test_a_card_sale_says_so_too(user):
    b.price(None, "8.00")
    order = b.drafted(OrderKind.SALE, [open_card()], user=user, plan=None)
    first = seen(order)
    MoneyRules.objects.update(goods_tax_rate=9)
    assert refusal(order, first, user) == "terms_changed"
    assert changes(order) == [(None, "¥8.00, 13.00% tax included", "¥8.00, 9.00% tax included", 1)]


def test_a_card_whose_own_plan_is_another_by_now_is_another_look(user):
    card = card_in_use(TODAY, customer="Acme", plan="M1-100")
    order = b.drafted(cards=[card], user=user, plan=None, also_renewed=True)
    first = seen(order)
    b.fund("30")
    b.paid(cards=[card], user=user, plan="Y1-30")
    assert refusal(order, first, user) == "price_changed"
    assert seen(order).total == 30


@pytest.mark.parametrize("wrong", [Shown(Decimal("29.99"), ""), Shown(Decimal("30.00"), "")])
def test_who_says_what_was_not_shown_places_nothing(user, wrong):
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    assert refusal(order, wrong, user) in ("price_changed", "terms_changed")
    assert b.fresh(order).state == "draft"


def test_what_a_colleague_placed_meanwhile_is_not_paid_at_another_total(user, chief):
    b.fund("100")
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    chief.open(f"/console/orders/{order.pk}/")
    first = seen(order)
    b.price("Y1-30", "31.00", since=TODAY)
    orders.refresh_drafts([b.fresh(order)])
    orders.place(order, user=user, shown=seen(order))
    chief.press("Place and pay ¥30.00")
    assert "The total is now ¥31.00, not ¥30.00." in chief.text
    assert (b.fresh(order).state, b.balance(), refusal(order, first, user)) == ("placed", 100, "price_changed")
    assert orders.place(order, user=user, shown=shown_by_lines(b.fresh(order))).is_placed


def test_a_large_draft_is_checked_anew_in_the_background(user, monkeypatch):
    monkeypatch.setattr("billing.actions.orders.ORDERED_AT_ONCE", 1)
    order = b.drafted(cards=[card_in_use(customer="Acme") for _ in range(2)], user=user)
    work_off_order(order.job)
    first = seen(order)
    b.price("Y1-30", "31.00", since=TODAY)
    assert refusal(order, first, user) == "price_changed"
    assert (b.fresh(order).job.status, refusal(order, first, user)) == ("checking", "not_ready")
    work_off_order(order.job)
    assert changes(order) == [("Y1-30", "¥30.00", "¥31.00", 2)]
    assert orders.place(order, user=user, shown=seen(order)).total == 62


def test_a_draft_of_before_is_checked_anew(user):
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    chunk = JobChunk.objects.get(job=order.job)
    del chunk.check_result["terms"]
    chunk.save(update_fields=["check_result"])
    orders.refresh_drafts([b.fresh(order)])
    assert (seen(order).total, is_outdated(order), changes(order)) == (30, False, [])


# the pages


def test_the_page_of_a_draft_shows_the_price_of_today_and_what_it_was(user, chief):
    b.fund("100")
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    chief.open(f"/console/orders/{order.pk}/")
    assert ("Place and pay ¥30.00" in chief.text, "Prices or terms have changed" in chief.text) == (True, False)
    b.price("Y1-30", "31.00", since=TODAY)
    chief.press("Place and pay ¥30.00")
    assert "The total is now ¥31.00, not ¥30.00. Review the order again, then place it." in chief.text
    cells = re.findall(r'<td data-label="(Before|Now)">([^<]*)</td>', chief.text)
    assert cells == [("Before", "¥30.00"), ("Now", "¥31.00")]
    chief.press("Place and pay ¥31.00")
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", 69)


def test_a_draft_that_is_opened_later_shows_the_price_of_today_at_once(user):
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    b.price("Y1-30", "31.00", since=TODAY)
    alice = Phone(logged_in(member())).open(f"/my/orders/{order.pk}/")
    assert ("Prices or terms have changed" in alice.text, "¥30.00" in alice.text) == (True, True)
    alice.press("Order for ¥31.00")
    assert (b.fresh(order).state, b.fresh(order).total) == ("placed", 31)


def bought(kind="Buy for ¥30.00", change=dearer):
    """What a member comes to who opens the page of a card, sees a price change, and presses the old button."""
    alice = Phone(logged_in(member())).open(f"/my/cards/{card_in_use(customer='Acme').iccid}/buy/")
    account_of(b.customer().pk)
    change(None)
    return alice.press(kind)


@pytest.mark.parametrize(("change", "code", "_before", "now"), CHANGES)
def test_the_page_of_one_card_charges_what_it_showed_or_asks_again(change, code, _before, now):
    alice, price = bought(change=change), now.partition(",")[0]
    order = Order.objects.get()
    sentence = {
        "price_changed": f"The total is now {price}, not ¥30.00. Review the order again, then place it.",
        "terms_changed": "What this order sells has changed since it was shown.",
    }[code]
    assert (alice.url, order.state, sentence in alice.text) == (f"/my/orders/{order.pk}/", "draft", True)
    alice.press(f"Order for {price}")
    assert (b.fresh(order).state, b.fresh(order).total) == ("placed", Decimal(price[1:]))


def test_a_plan_that_was_retired_meanwhile_is_told_and_not_sold():
    alice = bought(change=retired)
    assert "Yearly plan 30 MB/month (Y1-30) is no longer on sale." in alice.text
    assert Order.objects.get().state == "draft"


def test_nobody_places_an_order_at_a_door_without_saying_what_was_shown():
    """A rule that holds for the code: what a view places is what its page had shown."""
    views = (settings.BASE_DIR / "billing" / "views").rglob("*.py")
    placing = re.compile(r"orders\.place(?:_as_shown)?\(([^()]*)\)")
    calls = [call for path in views for call in placing.findall(path.read_text())]
    assert (len(calls) >= 2, [call for call in calls if "shown=shown" not in call]) == (True, [])


def test_a_form_without_a_total_is_none_of_ours(user):
    client, order = logged_in(user), b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    for posted in ({}, {"total": "much"}, {"total": "NaN"}, {"total": "Infinity"}, {"total": "1e999"}, {"total": "-1"}):
        assert client.post(f"/console/orders/{order.pk}/place/", posted).status_code == 404
    assert client.post(f"/console/orders/{order.pk}/place/", {"total": "30.00"}).status_code == 302
    assert b.fresh(order).state == "draft"
