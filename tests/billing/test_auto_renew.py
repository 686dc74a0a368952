"""Automatic renewals: which cards, on which days, once per term; as many as the wallet pays for, whatever happens."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.actions import kinds, orders, refunds
from billing.actions.auto_renew import cards_to_renew, forget_what_was_said, switch
from billing.actions.ledger import account_of
from billing.choices import NoticeKind, OrderKind
from billing.errors import MoneyRefused
from billing.models import CardRenewal, MissedRenewal, Notice, Order, RenewalRun, RenewedTerm
from cards.models import Card, Job, Plan
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, swept
from tests.console.pages import logged_in, of_role
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01.
SINCE = date(2026, 3, 2)
END = date(2026, 4, 1)
WEEK_BEFORE = END - timedelta(days=7)


@pytest.fixture(autouse=True)
def _priced():
    b.price("M1-100", "5.00")
    with on_day(SINCE):
        yield


@pytest.fixture
def user():
    return b.financier()


def renews(name="Acme", is_on=True, days=7):
    return b.agree(name, auto_renews=is_on, renews_days_ahead=days)


def monthly(name="Acme", **columns):
    return card_in_use(SINCE, plan="M1-100", customer=name, **columns)


def ticked(day, serve=True):
    """What the beats do on a day: a tick of the renewals, and then the work of the orders."""
    with on_day(day):
        b.renew_for(day, seconds=600)
        while serve and Job.objects.filter(kind="order", status="running").exists():
            kinds.work_off_orders(60)


def terms(card):
    return list(card.terms.order_by("number").values_list("number", "plan__code"))


def runs():
    """(customer, day, state and total of the order, whether insufficient funds) of each run that is over."""
    found = RenewalRun.objects.filter(finished_at__isnull=False).select_related("customer", "order").order_by("pk")
    return [(r.customer.name, r.day, r.order and (r.order.state, r.order.total), r.is_short) for r in found]


def due_on(day):
    return [card.iccid for card in cards_to_renew(day).order_by("pk")]


def test_a_card_renews_itself_within_the_days_ahead_of_its_customer():
    renews()
    b.fund("100")
    card, later = monthly(), card_in_use(SINCE, customer="Acme")
    ticked(WEEK_BEFORE)
    order = Order.objects.get()
    assert (order.kind, order.state, order.total, order.created_by, order.plan) == (
        "renewal",
        "fulfilled",
        Decimal("5.00"),
        None,
        None,
    )
    assert b.lines(order) == [(card.iccid, "fulfilled", Decimal("5.00"), 3, None)]
    assert (terms(card), terms(later)) == ([(1, "M1-100"), (2, "M1-100")], [(1, "Y1-30")])
    assert list(RenewedTerm.objects.values_list("card", "term", "order")) == [(card.pk, 1, order.pk)]
    assert runs() == [("Acme", WEEK_BEFORE, ("fulfilled", Decimal("5.00")), False)]
    assert b.books() == {"cash": -100, "wallet": 95, "revenue": 5}
    event = card.events.get(seq=3)
    assert (event.action, event.actor_kind, event.actor_name) == ("renew", "system", "auto_renew")


@pytest.mark.parametrize(
    ("day", "is_due"),
    [
        (END - timedelta(days=8), False),
        (END - timedelta(days=7), True),
        (END - timedelta(days=1), True),
        (END, False),
        (END + timedelta(days=1), False),
    ],
)
def test_the_days_on_which_a_card_is_due(day, is_due):
    renews()
    card = monthly()
    assert due_on(day) == ([card.iccid] if is_due else [])


def test_each_customer_has_days_ahead_of_their_own():
    renews("Acme", days=1)
    renews("Other", days=30)
    monthly("Acme"), monthly("Other")
    found = {days: due_on(END - timedelta(days=days)) for days in (31, 30, 2, 1)}
    acme, other = Card.objects.order_by("pk").values_list("iccid", flat=True)
    assert found == {31: [], 30: [other], 2: [other], 1: [acme, other]}


@pytest.mark.parametrize(
    ("customers", "cards", "is_due"),
    [
        (False, None, False),
        (True, None, True),
        (False, True, True),
        (True, False, False),
        (True, True, True),
        (False, False, False),
    ],
)
def test_a_cards_switch_goes_before_its_customers(user, customers, cards, is_due):
    renews(is_on=customers)
    card = monthly()
    if cards is not None:
        switch([card], cards, user=user)
    assert bool(due_on(WEEK_BEFORE)) is is_due


def test_a_suspended_card_renews_itself_and_one_that_is_over_does_not():
    renews()
    stopped, cancelled, shut = monthly(), monthly(), monthly()
    do("suspend", stopped, SINCE)
    do("cancel", cancelled, SINCE)
    assert due_on(WEEK_BEFORE) == [stopped.iccid, shut.iccid]
    swept(shut, END)
    assert due_on(END) == []


def test_a_card_that_was_never_used_has_no_term_to_renew():
    renews()
    open_card(customer="Acme", plan="M1-100")
    monthly("")  # in stock
    assert due_on(WEEK_BEFORE) == []


def test_a_term_that_somebody_renewed_is_left_alone(user):
    renews()
    b.fund("100")
    by_staff, by_order, half_way = monthly(), monthly(), monthly()
    do("renew", by_staff, SINCE, plan="M1-100")
    b.paid(cards=[by_order], user=user, plan="M1-100")
    orders.pay(b.placed(cards=[half_way], user=user, plan="M1-100"), user=user)
    assert due_on(WEEK_BEFORE) == []


def test_an_order_that_nobody_has_paid_is_on_its_way_until_it_is_withdrawn(user):
    renews()
    card = monthly()
    order = b.placed(cards=[card], user=user, plan="M1-100")
    assert due_on(WEEK_BEFORE) == []
    orders.withdraw(order, user=user)
    assert due_on(WEEK_BEFORE) == [card.iccid]


def test_a_term_renews_itself_once_even_if_the_renewal_is_refunded(user):
    renews()
    b.fund("100")
    card = monthly()
    ticked(WEEK_BEFORE)
    with on_day(WEEK_BEFORE):
        refund = refunds.request_refund(Order.objects.get(), user=user, reason="not wanted")
        kinds.work_off_order(refund.job)
        refunds.approve(refund, user=user)
        kinds.work_off_order(refund.job)
    assert (terms(card), b.balance()) == ([(1, "M1-100")], 100)
    ticked(WEEK_BEFORE + timedelta(days=1))
    assert (terms(card), b.balance(), RenewalRun.objects.count()) == ([(1, "M1-100")], 100, 1)


def test_the_next_term_renews_itself_again():
    renews()
    b.fund("100")
    card = monthly()
    ticked(WEEK_BEFORE)
    swept(card, END)
    ticked(date(2026, 4, 24))
    assert [number for number, _plan in terms(card)] == [1, 2, 3]
    assert list(RenewedTerm.objects.order_by("term").values_list("term", flat=True)) == [1, 2]


def test_money_that_is_short_by_a_cent_pays_nothing_and_is_asked_for_again_the_next_day():
    renews()
    b.fund("4.99")
    cards = [monthly(), monthly()]
    for _ in range(3):
        ticked(WEEK_BEFORE)
    assert runs() == [("Acme", WEEK_BEFORE, None, True)]
    assert (b.balance(), RenewedTerm.objects.count(), [len(terms(card)) for card in cards]) == (
        Decimal("4.99"),
        0,
        [1, 1],
    )
    notice = Notice.objects.get()
    assert (notice.customer.name, notice.kind, notice.card, notice.on, notice.facts) == (
        "Acme",
        NoticeKind.RENEWAL_FAILED,
        None,
        WEEK_BEFORE,
        {"needed": "10.00", "available": "4.99", "cards": 2, "renewed": 0},
    )
    b.fund("5.01")
    ticked(WEEK_BEFORE)
    assert b.balance() == 10  # once a day
    ticked(WEEK_BEFORE + timedelta(days=1))
    assert runs()[1:] == [("Acme", WEEK_BEFORE + timedelta(days=1), ("fulfilled", Decimal("10.00")), False)]
    assert (b.balance(), Notice.objects.count()) == (0, 1)


def test_money_that_stays_short_is_told_each_day_unless_nobody_wants_to_hear():
    renews()
    monthly()
    ticked(WEEK_BEFORE)
    ticked(WEEK_BEFORE + timedelta(days=1))
    b.agree(muted=["renewal_failed"])
    ticked(WEEK_BEFORE + timedelta(days=2))
    assert [run[3] for run in runs()] == [True, True, True]
    assert list(Notice.objects.order_by("on").values_list("on", flat=True)) == [
        WEEK_BEFORE,
        WEEK_BEFORE + timedelta(days=1),
    ]


def test_credit_pays_too():
    renews()
    b.credit("5")
    monthly()
    ticked(WEEK_BEFORE)
    assert (b.balance(), runs()[0][3]) == (-5, False)


def test_one_customers_want_of_money_is_not_anothers():
    for name in ("Acme", "Other"):
        renews(name)
        monthly(name)
    b.fund("5", name="Other")
    ticked(WEEK_BEFORE)
    assert runs() == [
        ("Acme", WEEK_BEFORE, None, True),
        ("Other", WEEK_BEFORE, ("fulfilled", Decimal("5.00")), False),
    ]


def test_a_portal_that_was_down_renews_what_still_runs():
    renews()
    b.fund("100")
    ended, running = monthly(), card_in_use(SINCE + timedelta(days=30), customer="Acme", plan="M1-100")
    day = date(2026, 4, 20)
    assert (ended.service_until, running.service_until) == (END, date(2026, 5, 1))
    swept(ended, day)
    renews(days=14)
    ticked(day)
    assert ([len(terms(card)) for card in (ended, running)], b.balance()) == ([1, 2], 95)


def test_a_card_that_cannot_be_sold_to_is_left_out():
    renews()
    b.fund("100")
    good, unpriced = monthly(), card_in_use(date(2025, 4, 2), customer="Acme", plan="Y1-30")
    assert due_on(WEEK_BEFORE) == [good.iccid, unpriced.iccid]
    ticked(WEEK_BEFORE)
    assert len(terms(unpriced)) == 1
    assert (len(terms(good)), b.balance()) == (2, 95)


def test_where_nothing_can_be_sold_there_is_no_order():
    renews()
    b.fund("100")
    monthly()
    Plan.objects.filter(code="M1-100").update(is_sold=False)
    for _ in range(2):
        ticked(WEEK_BEFORE)
    assert (runs(), Order.objects.count(), b.balance()) == ([("Acme", WEEK_BEFORE, None, False)], 0, 100)


def drafted_only(day):
    """The state in which a worker leaves a run that it was killed over: drafted and checked, and no more."""
    run = RenewalRun.objects.create(customer=b.customer(), day=day)
    with on_day(day):
        ids = list(cards_to_renew(day).values_list("pk", flat=True))
        return orders.draft_order(OrderKind.RENEWAL, run.customer, ids, user=None, key=run.key)


def test_what_a_killed_worker_left_is_taken_on():
    renews()
    b.fund("100")
    card = monthly()
    order = drafted_only(WEEK_BEFORE)
    ticked(WEEK_BEFORE)
    assert (b.fresh(order).state, len(terms(card)), b.balance()) == ("fulfilled", 2, 95)


def test_what_its_own_day_did_not_finish_the_next_looks_at_anew():
    renews()
    b.fund("100")
    card, renewed = monthly(), monthly()
    left = drafted_only(WEEK_BEFORE)
    do("renew", renewed, WEEK_BEFORE, plan="M1-100")
    day = WEEK_BEFORE + timedelta(days=1)
    ticked(day)
    assert runs() == [
        ("Acme", WEEK_BEFORE, None, False),
        ("Acme", day, ("fulfilled", Decimal("5.00")), False),
    ]
    assert (Order.objects.filter(pk=left.pk).exists(), len(terms(card)), len(terms(renewed))) == (False, 2, 2)


def test_a_card_that_somebody_renews_after_the_draft_is_not_renewed_twice():
    renews()
    b.fund("100")
    card, quicker = monthly(), monthly()
    drafted_only(WEEK_BEFORE)
    do("renew", quicker, WEEK_BEFORE, plan="M1-100")
    for _ in range(2):
        ticked(WEEK_BEFORE)
    assert b.lines(Order.objects.get()) == [(card.iccid, "fulfilled", Decimal("5.00"), 3, None)]
    assert (b.balance(), len(terms(card)), len(terms(quicker)), RenewedTerm.objects.count()) == (95, 2, 2, 1)
    assert MissedRenewal.objects.count() == Notice.objects.count() == 0


def test_a_card_that_is_switched_off_after_the_draft_is_left_out(user):
    renews()
    b.fund("100")
    card, off = monthly(), monthly()
    drafted_only(WEEK_BEFORE)
    switch([off], False, user=user)
    ticked(WEEK_BEFORE)
    assert (b.balance(), len(terms(card)), len(terms(off)), RenewedTerm.objects.count()) == (95, 2, 1, 1)


def test_an_order_that_staff_withdrew_is_not_made_again_that_day(user):
    renews()
    b.fund("100")
    card = monthly()
    order = drafted_only(WEEK_BEFORE)
    with on_day(WEEK_BEFORE):
        orders.withdraw(orders.place(order, user=user), user=user)
    for _ in range(2):
        ticked(WEEK_BEFORE)
    assert (runs(), b.balance(), len(terms(card))) == (
        [("Acme", WEEK_BEFORE, ("withdrawn", Decimal("5.00")), False)],
        100,
        1,
    )
    ticked(WEEK_BEFORE + timedelta(days=1))
    assert (b.balance(), len(terms(card))) == (95, 2)


def test_an_order_that_staff_paid_is_paid_once(user):
    renews()
    b.fund("100")
    card = monthly()
    order = drafted_only(WEEK_BEFORE)
    with on_day(WEEK_BEFORE):
        orders.pay(orders.place(order, user=user), user=user)
    for _ in range(2):
        ticked(WEEK_BEFORE)
    assert (runs(), b.balance(), len(terms(card))) == (
        [("Acme", WEEK_BEFORE, ("fulfilled", Decimal("5.00")), False)],
        95,
        2,
    )


@pytest.mark.once  # many of what runs on PostgreSQL too
def test_ten_thousand_cards_are_checked_and_served_in_the_background(django_assert_max_num_queries):
    renews()
    b.fund("50000")
    b.fleet(10_000, SINCE, plan="M1-100")
    with django_assert_max_num_queries(20):
        ticked(WEEK_BEFORE, serve=False)
    assert (Order.objects.get().state, runs()) == ("draft", [])
    with django_assert_max_num_queries(12):
        ticked(WEEK_BEFORE, serve=False)  # it is still being checked
    with on_day(WEEK_BEFORE):
        kinds.work_off_orders(60)
    with django_assert_max_num_queries(80):
        ticked(WEEK_BEFORE, serve=False)
    assert (Order.objects.get().state, b.balance(), RenewedTerm.objects.count()) == ("paid", 0, 10_000)
    with django_assert_max_num_queries(4):
        ticked(WEEK_BEFORE, serve=False)  # nothing more is due
    ticked(WEEK_BEFORE)
    assert (Order.objects.get().state, b.books()) == ("fulfilled", {"cash": -50_000, "revenue": 50_000})


def test_a_card_is_switched_as_often_as_one_likes(user):
    renews(is_on=False)
    card = monthly()
    for is_on in (True, False, True):
        switch([card], is_on, user=user)
    said = CardRenewal.objects.get()
    assert (said.card, said.customer, said.is_on, said.said_by) == (card, card.customer, True, user)


def test_a_customer_without_an_account_gets_one_when_a_card_is_switched(user):
    card = monthly()
    switch([card], True, user=user)
    assert (account_of(card.customer_id).renews_days_ahead, due_on(WEEK_BEFORE)) == (7, [card.iccid])


def test_a_cancelled_card_and_one_in_stock_are_not_switched(user):
    good, over, stock = monthly(), monthly(), monthly("")
    do("cancel", over, SINCE)
    for card, code in ((over, "cancelled"), (stock, "nobodys_card")):
        with pytest.raises(MoneyRefused) as refused:
            switch([good, fresh(card)], True, user=user)
        assert refused.value.code == code
    assert CardRenewal.objects.count() == 0


def test_a_switch_binds_only_whose_card_it_was(user):
    for name in ("Acme", "Other"):
        renews(name, is_on=False)
    card = monthly()
    switch([card], True, user=user)
    do("assign", card, SINCE, customer="Other")
    assert due_on(WEEK_BEFORE) == []
    renews("Other")
    assert due_on(WEEK_BEFORE) == [card.iccid]


def test_switches_of_cards_that_went_away_are_forgotten(user):
    kept, gone, back, stock, over = (monthly() for _ in range(5))
    switch([kept, gone, back, stock, over], True, user=user)
    b.customer("Other")
    do("suspend", kept, SINCE)
    do("assign", gone, SINCE, customer="Other")
    do("assign", back, SINCE, customer="Other")
    do("assign", back, SINCE, customer="Acme")
    do("unassign", stock, SINCE)
    do("cancel", over, SINCE)
    wait_until(lambda: not forget_what_was_said() and CardRenewal.objects.count() == 2)
    assert set(CardRenewal.objects.values_list("card", flat=True)) == {kept.pk, back.pk}
    switch([fresh(gone)], False, user=user)
    forget_what_was_said()
    assert CardRenewal.objects.get(card=gone).customer.name == "Other"


def switched(client, card, **data):
    response = client.post(f"/console/auto-renewal/{card.iccid}/", data)
    return response.status_code, list(CardRenewal.objects.values_list("card__iccid", "is_on"))


@pytest.mark.once
def test_finance_switches_a_card_in_the_console():
    card, finance = monthly(), of_role("finance")
    assert switched(finance, card, on="1") == (302, [(card.iccid, True)])
    assert switched(finance, card) == (302, [(card.iccid, False)])
    assert switched(finance, monthly(""), on="1") == (302, [(card.iccid, False)])  # nobody would pay


@pytest.mark.once
def test_a_card_that_is_not_there_is_a_404():
    assert of_role("finance").post("/console/auto-renewal/89860000000000000009/").status_code == 404


@pytest.mark.once
@pytest.mark.parametrize("role", ["operations", "support", "auditor", "carrier_desk"])
def test_other_roles_switch_no_card(role):
    assert switched(of_role(role), monthly(), on="1") == (403, [])


@pytest.mark.once
def test_customers_find_no_console():
    assert switched(logged_in(member()), monthly(), on="1") == (404, [])
