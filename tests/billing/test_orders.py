"""An order's way from draft to fulfilled: what each step does to money and to cards, and what it refuses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.actions import orders
from billing.choices import OrderKind, PriceKind
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, Entry, Order, OrderLine
from cards.models import Card, Job, Plan
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, on_day, open_card, story

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def user():
    return b.financier()


def refusal(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as refused:
        do(*args, **kwargs)
    return refused.value.code


def test_a_renewal_goes_from_draft_to_fulfilled(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    card = card_in_use(customer="Acme")
    order = b.drafted(cards=[card], user=user)
    assert (order.state, order.total, order.size, b.lines(order)) == ("draft", 0, 0, [])
    order = orders.place(order, user=user)
    assert (order.state, order.total, b.lines(order)) == (
        "placed",
        Decimal("30.00"),
        [(card.iccid, "open", Decimal("30.00"), None, None)],
    )
    assert b.balance() == 100
    order = orders.pay_and_fulfil(order, user=user)
    assert (order.state, order.paid_by) == ("fulfilled", user)
    assert b.lines(order) == [(card.iccid, "fulfilled", Decimal("30.00"), 3, None)]
    assert b.books() == {"cash": -100, "wallet": 70, "revenue": 30}
    assert [term.number for term in fresh(card).terms.all()] == [1, 2]
    event = card.events.get(seq=3)
    assert (event.action, event.actor_kind, event.actor_name, event.job) == ("renew", "staff", "finance", order.job)


def test_each_step_done_twice_is_done_once(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    card = card_in_use(customer="Acme")
    order = b.drafted(cards=[card], user=user)
    for _ in range(2):
        orders.place(order, user=user)
    for _ in range(3):
        orders.pay_and_fulfil(order, user=user)
    assert (b.balance(), OrderLine.objects.count(), Entry.objects.filter(order=order).count()) == (70, 1, 2)
    assert fresh(card).terms.count() == 2


def test_cards_that_cannot_are_left_out_and_the_preview_says_why(user):
    b.price("Y1-30", "30.00")
    good, anothers, over = card_in_use(customer="Acme"), card_in_use(customer="Other"), card_in_use(customer="Acme")
    do("cancel", over, TODAY)
    order = b.drafted(cards=[good, anothers, over], user=user)
    (chunk,) = order.job.chunks.all()
    assert chunk.check_result["counts"] == {"can": 1, "cannot": 2}
    assert {code: count for code, (count, *_) in chunk.check_result["reasons"].items()} == {
        "anothers_card": 1,
        "cancelled": 1,
    }
    assert (chunk.check_result["amount"], chunk.check_result["terms"], chunk.check_result["effects"]) == (
        "30.00",
        [["Y1-30", "30.00", 12, "calendar", 30, "6.00", 1, [good.pk]]],
        {"queues": 1},
    )
    order = orders.place(order, user=user)
    assert [line[0] for line in b.lines(order)] == [good.iccid]


def test_a_line_that_cannot_be_fulfilled_is_refunded_with_its_reason(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    good, gone = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    order = b.placed(cards=[good, gone], user=user)
    do("cancel", gone, TODAY)
    order = orders.pay_and_fulfil(order, user=user)
    assert order.state == "fulfilled"
    assert order.refunded == 30
    assert b.lines(order) == [
        (good.iccid, "fulfilled", Decimal("30.00"), 3, None),
        (gone.iccid, "refunded", Decimal("30.00"), None, "cancelled"),
    ]
    assert b.books() == {"cash": -100, "wallet": 70, "revenue": 30}


def test_an_order_of_which_nothing_can_be_fulfilled_is_refunded(user):
    b.price("Y1-30", "30.00")
    b.fund("30")
    card = card_in_use(customer="Acme")
    order = b.placed(cards=[card], user=user)
    do("cancel", card, TODAY)
    order = orders.pay_and_fulfil(order, user=user)
    assert (order.state, order.refunded, b.books()) == ("refunded", 30, {"cash": -30, "wallet": 30})


def test_a_wallet_that_is_short_pays_nothing(user):
    b.price("Y1-30", "30.00")
    b.fund("29.99")
    order = b.placed(cards=[card_in_use(customer="Acme")], user=user)
    assert refusal(orders.pay, order, user=user) == "short"
    assert (b.fresh(order).state, b.balance()) == ("placed", Decimal("29.99"))
    b.credit("0.01")
    assert orders.pay(order, user=user).state == "paid"
    assert (b.balance(), CustomerAccount.objects.get().available) == (Decimal("-0.01"), 0)


def test_an_order_is_paid_only_while_it_is_placed(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    assert refusal(orders.pay, order, user=user) == "wrong_state"
    order = orders.withdraw(orders.place(order, user=user), user=user)
    assert (order.state, refusal(orders.pay, order, user=user)) == ("withdrawn", "wrong_state")
    assert Job.objects.get(pk=order.job_id).status == "stopped"


def test_a_draft_that_is_withdrawn_is_forgotten(user):
    b.price("Y1-30", "30.00")
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    assert (orders.withdraw(order, user=user), Order.objects.count()) == (None, 0)


@pytest.mark.parametrize(("later", "state"), [(timedelta(seconds=-1), "placed"), (timedelta(0), "expired")])
def test_what_is_not_paid_in_time_expires(user, later, state):
    b.price("Y1-30", "30.00")
    order = b.placed(cards=[card_in_use(customer="Acme")], user=user)
    orders.expire_unpaid(order.expires_at + later)
    assert b.fresh(order).state == state


def test_forgotten_drafts_go_after_a_day(user):
    b.price("Y1-30", "30.00")
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=user)
    orders.expire_unpaid(order.created_at + timedelta(days=1, seconds=-1))
    assert Order.objects.count() == 1
    orders.expire_unpaid(order.created_at + timedelta(days=1))
    assert Order.objects.count() == 0


def test_what_was_sold_is_frozen(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    card = card_in_use(customer="Acme")
    order = b.placed(cards=[card], user=user)
    b.price("Y1-30", "99.00", since=TODAY)
    Plan.objects.filter(code="Y1-30").update(months=1, quota_mb=1)
    orders.pay_and_fulfil(order, user=user)
    term = fresh(card).terms.get(number=2)
    assert (term.months, term.alignment, term.quota_mb, b.balance()) == (12, "calendar", 30, 70)


def test_without_a_price_or_off_sale_nothing_is_sold(user):
    card = card_in_use(customer="Acme")
    order = b.drafted(cards=[card], user=user)
    assert list(order.job.chunks.get().check_result["reasons"]) == ["no_price"]
    assert refusal(orders.place, order, user=user) == "nothing_to_sell"
    b.price("Y1-30", "30.00")
    Plan.objects.filter(code="Y1-30").update(is_sold=False)
    order = b.drafted(cards=[card], user=user)
    assert list(order.job.chunks.get().check_result["reasons"]) == ["not_on_sale"]


def test_a_customers_price_goes_before_the_tiers_and_that_before_the_list(user):
    from billing.actions.ledger import account_of
    from billing.models import PriceBook, PriceTier

    tier = PriceTier.objects.create(name="reseller")
    acme, plan = b.customer(), Plan.objects.get(code="Y1-30")
    account_of(acme.pk)
    CustomerAccount.objects.update(tier=tier)
    b.price("Y1-30", "30.00")
    b.price("Y1-30", "25.00", PriceKind.TIER, tier=tier, since=date(2026, 2, 1))
    b.price("Y1-30", "20.00", PriceKind.CUSTOMER, customer=acme, since=date(2026, 3, 1))
    b.price("Y1-30", None, PriceKind.CUSTOMER, customer=acme, since=date(2026, 3, 5))
    b.price("Y1-30", "12.00", PriceKind.COST)
    book = PriceBook.read([acme.pk])
    days = [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 1),
        date(2026, 3, 1),
        date(2026, 3, 4),
        date(2026, 3, 5),
    ]
    quotes = [book.quote(acme.pk, plan.pk, day) for day in days]
    assert [quote and (quote.amount, quote.kind, quote.cost) for quote in quotes] == [
        None,
        (30, "list", 12),
        (25, "tier", 12),
        (20, "customer", 12),
        (20, "customer", 12),
        (25, "tier", 12),
    ]
    assert book.quote(b.customer("Other").pk, plan.pk, TODAY).amount == 30


def test_each_card_gets_its_own_plan_again_when_none_is_named(user):
    b.price("Y1-30", "30.00")
    b.price("M1-100", "5.00")
    b.fund("100")
    year, month = card_in_use(customer="Acme"), card_in_use(TODAY, customer="Acme", plan="M1-100")
    order = b.paid(cards=[year, month], user=user, plan=None)
    assert [(line[0], line[2]) for line in b.lines(order)] == [(year.iccid, 30), (month.iccid, 5)]
    assert [card.terms.get(number=2).plan.code for card in (year, month)] == ["Y1-30", "M1-100"]


def test_a_card_is_sold_out_of_stock_to_the_customer(user):
    b.price(None, "8.00")
    b.fund("100")
    stock, taken = open_card(), open_card(customer="Other")
    order = b.drafted(OrderKind.SALE, [stock, taken], user=user, plan=None)
    assert list(order.job.chunks.get().check_result["reasons"]) == ["not_in_stock"]
    order = orders.pay_and_fulfil(orders.place(order, user=user), user=user)
    assert (order.state, fresh(stock).customer.name, b.balance()) == ("fulfilled", "Acme", 92)
    assert order.lines.get().tax_rate == 13


def test_an_opening_plan_is_paid_once(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    card = open_card(customer="Acme")
    before = story(card)
    order = b.paid(OrderKind.OPENING, [card], user=user, plan=None)
    assert (order.state, b.balance(), story(card)) == ("fulfilled", 70, before)
    again = b.drafted(OrderKind.OPENING, [card], user=user, plan=None)
    assert list(again.job.chunks.get().check_result["reasons"]) == ["opening_paid"]


def test_a_pack_lifts_a_credit_hold_at_once_and_the_preview_says_so(user):
    from tests.build import use

    b.price("PACK-100", "9.90")
    b.fund("100")
    card = use(card_in_use(customer="Acme"), TODAY, 40)
    held = use(card_in_use(customer="Acme"), TODAY, 40)
    do("suspend", held, TODAY)
    order = b.drafted(OrderKind.PACK, [card, held], user=user, plan="PACK-100")
    assert order.job.chunks.get().check_result["effects"] == {"works_again": 1, "still_stopped": 1}
    orders.pay_and_fulfil(orders.place(order, user=user), user=user)
    assert [(fresh(each).state, fresh(each).holds) for each in (card, held)] == [
        ("in_use", ""),
        ("suspended", "voluntary"),
    ]


def test_a_selection_of_several_customers_becomes_an_order_for_each(user):
    from cards.actions.selections import freeze

    b.price("Y1-30", "30.00")
    for name in ("Acme", "Other", ""):
        card_in_use(customer=name)
    selection = freeze(Card.objects.all(), owner=user, asked={})
    for _ in range(2):
        made = orders.draft_for_selection(
            OrderKind.RENEWAL, selection, user=user, key=selection.key, plan=Plan.objects.get(code="Y1-30")
        )
        assert sorted((order.customer.name, order.job.total) for order in made) == [("Acme", 1), ("Other", 1)]
    assert Order.objects.count() == 2


def test_an_adjustment_moves_money_at_once_or_waits_for_a_second_person(user):
    other = b.financier(username="second")
    small = orders.make_adjustment(b.customer(), Decimal("-1000.00"), user=user, note="sorry")
    assert (small.state, b.books()) == ("fulfilled", {"wallet": 1000, "refunds": -1000})
    large = orders.make_adjustment(b.customer(), Decimal("1000.01"), user=user, note="router")
    assert (large.state, refusal(orders.approve_adjustment, large, user=user)) == ("placed", "second_person")
    b.credit("1")
    assert orders.approve_adjustment(large, user=other).state == "fulfilled"
    assert b.books() == {"wallet": Decimal("-0.01"), "refunds": -1000, "revenue": Decimal("1000.01")}
    assert b.fresh(large).paid_at <= timezone.now()
