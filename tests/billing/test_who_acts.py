"""Who answers for an order: who placed it for what it does to cards, who paid for the money, each at that moment."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from billing.actions import kinds, orders, payments, refunds
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, Entry, Order, Refund
from billing.payments import local
from cards.models import CardEvent
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, open_card

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
EVERYTHING = (
    *("renew_card", "top_up_card", "assign_card", "unrenew_card"),
    *("place_order", "pay_order", "refund_order", "adjust_order"),
)


@pytest.fixture(autouse=True)
def _clock():
    b.price("Y1-30", "30.00")
    b.price("PACK-100", "9.90")
    b.price(None, "8.00")
    b.fund("5000")
    with on_day(TODAY):
        yield


def person(username, *may):
    return b.financier(*may, username=username)


def leave(user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.user_permissions.clear()


def refusal(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as refused:
        do(*args, **kwargs)
    return str(refused.value)


def signed(order):
    """(action, who signed) of what was done to the order's cards, and (kind, who signed) of its entries."""
    events = CardEvent.objects.filter(job__in=[order.job, *order.refunds.values_list("job", flat=True)], rule="")
    entries = Entry.objects.filter(order=order).order_by("booked_at")
    return list(events.order_by("pk").values_list("action", "actor_name")), list(
        entries.values_list("kind", "actor_name")
    )


def test_who_placed_an_order_signs_its_records_and_who_paid_its_entries():
    placer, payer = person("placer", "place_order", "renew_card"), person("payer", "pay_order")
    drafter = person("drafter", "place_order")
    order = orders.place(b.drafted(cards=[card_in_use(customer="Acme")], user=drafter), user=placer)
    order = orders.pay_and_fulfil(order, user=payer)
    assert (order.created_by, order.placed_by, order.paid_by) == (drafter, placer, payer)
    assert signed(order) == ([("renew", "placer")], [("payment", "payer"), ("fulfilment", "payer")])
    assert [(step.step, step.by) for step in order.job.steps.all()] == [("started", payer)]


def test_what_could_not_be_served_goes_back_in_the_name_of_who_paid():
    placer, payer = person("placer", "place_order", "renew_card"), person("payer", "pay_order")
    card = card_in_use(customer="Acme")
    order = b.placed(cards=[card], user=placer)
    do("assign", card, card.changed_on, customer=b.customer("Other").name)
    assert signed(orders.pay_and_fulfil(order, user=payer)) == ([], [("payment", "payer"), ("refund", "payer")])


KINDS = {
    OrderKind.RENEWAL: ("renew_card", "Y1-30", lambda: card_in_use(customer="Acme")),
    OrderKind.PACK: ("top_up_card", "PACK-100", lambda: card_in_use(customer="Acme")),
    OrderKind.SALE: ("assign_card", None, open_card),
}


@pytest.mark.parametrize("kind", KINDS)
def test_staff_place_only_what_they_may_do_to_the_cards(kind):
    codename, plan, card = KINDS[kind]
    order = b.drafted(kind, [card()], plan=plan)
    others = person("others", *(set(EVERYTHING) - {codename}))
    assert refusal(orders.place, order, user=others).startswith("others ")
    assert refusal(orders.place, order, user=person("cards_only", codename)).startswith("cards_only ")
    assert (b.fresh(order).state, b.fresh(order).placed_by) == ("draft", None)
    may = person("may", codename, "place_order")
    assert (orders.place(order, user=may).state, b.fresh(order).placed_by) == ("placed", may)


def test_an_opening_plan_does_nothing_to_the_card_and_takes_no_more_than_to_order():
    order = b.drafted(OrderKind.OPENING, [open_card(customer="Acme")])
    assert orders.place(order, user=person("may", "place_order")).is_placed


@pytest.mark.parametrize(
    ("username", "role", "customer", "code"),
    [
        ("owner", "owner", "Acme", "placed"),
        ("operator", "operator", "Acme", "placed"),
        ("viewer", "viewer", "Acme", "draft"),
        ("stranger", "owner", "Other", "draft"),
    ],
)
def test_members_place_and_pay_for_their_own_cards(username, role, customer, code):
    user, card = member(customer, username, role), card_in_use(customer="Acme")
    order = b.drafted(cards=[card])
    if code == "draft":
        assert refusal(orders.place, order, user=user).startswith(username)
        assert refusal(orders.pay, b.placed(cards=[card]), user=user).startswith(username)
        return
    order = orders.pay_and_fulfil(orders.place(order, user=user), user=user)
    assert signed(order) == ([("renew", username)], [("payment", username), ("fulfilment", username)])
    assert card.events.latest("seq").actor_kind == "customer"


def test_members_do_not_sell_themselves_cards_out_of_stock():
    order = b.drafted(OrderKind.SALE, [open_card()], plan=None, user=person("ops"))
    assert refusal(orders.place, order, user=member()).startswith("alice ")


def test_only_who_may_move_money_pays_and_no_adjustment_is_paid_like_an_order():
    order = b.placed(cards=[card_in_use(customer="Acme")])
    others = person("others", *(set(EVERYTHING) - {"pay_order"}))
    assert refusal(orders.pay, order, user=others).startswith("others ")
    assert refusal(payments.start_payment, order, user=others).startswith("others ")
    assert (b.fresh(order).state, b.balance()) == ("placed", 5000)
    finance = person("finance")
    waiting = orders.make_adjustment(b.customer(), Decimal("1000.01"), user=finance, note="router")
    assert refusal(orders.pay, waiting, user=person("second")).startswith("second ")
    assert b.fresh(waiting).state == "placed"


def test_only_who_may_order_takes_an_order_back_or_works_on_it_again():
    order = b.placed(cards=[card_in_use(customer="Acme")], user=person("placer", "place_order", "renew_card"))
    payer, again = person("payer", "pay_order"), person("again", "place_order")
    assert refusal(orders.withdraw, order, user=payer).startswith("payer ")
    assert refusal(orders.resume_order, order, user=payer).startswith("payer ")
    assert (b.fresh(order).state, orders.resume_order(order, user=again).state) == ("placed", "placed")
    assert orders.withdraw(order, user=again).state == "withdrawn"


def test_only_who_may_adjust_does_and_the_second_person_signs_the_entries():
    others = person("others", *(set(EVERYTHING) - {"adjust_order"}))
    first, second = person("first", "adjust_order"), person("second", "adjust_order")
    assert refusal(orders.make_adjustment, b.customer(), Decimal("1"), user=others, note="x").startswith("others ")
    order = orders.make_adjustment(b.customer(), Decimal("1000.01"), user=first, note="router")
    assert refusal(orders.approve_adjustment, order, user=others).startswith("others ")
    orders.approve_adjustment(order, user=second)
    assert (b.fresh(order).placed_by, signed(b.fresh(order))[1]) == (
        first,
        [("payment", "second"), ("fulfilment", "second")],
    )


def test_a_paid_order_is_served_whoever_has_left_since():
    placer, payer = person("placer", "place_order", "renew_card"), person("payer", "pay_order")
    order = orders.pay(b.placed(cards=[card_in_use(customer="Acme")], user=placer), user=payer)
    leave(placer), leave(payer)
    kinds.work_off_order(order.job)
    order = b.fresh(order)
    assert (order.state, signed(order)) == (
        "fulfilled",
        ([("renew", "placer")], [("payment", "payer"), ("fulfilment", "payer")]),
    )


def test_a_placed_order_of_somebody_who_left_is_still_paid_by_who_may():
    placer, payer = person("placer", "place_order", "renew_card"), person("payer", "pay_order")
    order = b.placed(cards=[card_in_use(customer="Acme")], user=placer)
    leave(placer)
    assert orders.pay_and_fulfil(order, user=payer).state == "fulfilled"
    assert refusal(orders.pay, b.placed(cards=[card_in_use(customer="Acme")]), user=placer).startswith("placer ")


def test_money_that_comes_online_pays_the_order_though_who_started_the_payment_has_left():
    alice = member()
    order = b.placed(cards=[card_in_use(customer="Acme")], user=alice)
    payment = payments.start_payment(order, user=alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    payments.receive("local", *local.notification(payment, "paid"))
    assert (b.fresh(order).state, signed(order)[0]) == ("fulfilled", [("renew", "alice")])


def test_an_order_placed_before_that_was_kept_is_signed_by_who_drafted_it():
    drafter, payer = person("drafter", "place_order", "renew_card"), person("payer", "pay_order")
    order = b.placed(cards=[card_in_use(customer="Acme")], user=drafter)
    Order.objects.update(placed_by=None)
    assert signed(orders.pay_and_fulfil(order, user=payer))[0] == [("renew", "drafter")]


def test_what_renews_itself_is_signed_by_nobody():
    b.price("M1-100", "5.00")
    CustomerAccount.objects.update(auto_renews=True)
    card_in_use(TODAY, plan="M1-100", customer="Acme")
    with on_day(date(2026, 3, 27)):
        b.renew_for(date(2026, 3, 27), 60)
        order = Order.objects.get()
        kinds.work_off_order(order.job)
    assert (order.created_by, order.placed_by, order.paid_by) == (None, None, None)
    assert signed(order) == ([("renew", "auto_renew")], [("payment", "auto_renew"), ("fulfilment", "auto_renew")])
    assert [(step.step, step.by) for step in order.job.steps.all()] == [("started", None)]


# refunds


def renewed():
    """A renewal that still waits in its queue, placed and paid by two who have left since."""
    placer, payer = person("placer", "place_order", "renew_card"), person("payer", "pay_order")
    order = orders.pay_and_fulfil(b.placed(cards=[card_in_use(customer="Acme")], user=placer), user=payer)
    leave(placer), leave(payer)
    return order


def test_who_asked_for_a_refund_signs_its_records_and_who_approved_its_entries():
    order, asker, approver = renewed(), person("asker", "place_order", "unrenew_card"), person("fin", "refund_order")
    refund = refunds.approve(refunds.request_refund(order, user=asker, reason="wrong card"), user=approver)
    assert refund.state == "done"
    events, entries = signed(order)
    assert (events[1:], entries[2:]) == ([("unrenew", "asker")], [("refund", "fin")])
    assert [(step.step, step.by) for step in refund.job.steps.all()] == [("started", approver)]


def test_a_refund_that_was_approved_is_done_whoever_has_left_since():
    order, asker, approver = renewed(), person("asker", "place_order", "unrenew_card"), person("fin", "refund_order")
    refund = refunds.request_refund(order, user=asker, reason="wrong card")
    leave(asker)
    assert refunds.approve(refund, user=approver).state == "done"
    assert signed(order)[0][1:] == [("unrenew", "asker")]


def test_only_who_may_take_it_from_the_cards_asks_and_only_who_may_give_money_back_approves():
    order = renewed()
    no_cards = person("no_cards", *(set(EVERYTHING) - {"unrenew_card"}))
    no_orders = person("no_orders", *(set(EVERYTHING) - {"place_order"}))
    no_money = person("no_money", *(set(EVERYTHING) - {"refund_order"}))
    for user in (no_cards, no_orders, member()):
        assert refusal(refunds.request_refund, order, user=user, reason="x").startswith(user.username)
    refund = refunds.request_refund(order, user=no_money, reason="x")
    for step in (refunds.approve, refunds.decline):
        assert refusal(step, refund, user=no_money).startswith("no_money ")
    assert Refund.objects.get().state == "asked"
    assert refunds.decline(refund, user=no_orders).state == "declined"
    assert [(step.step, step.by) for step in refund.job.steps.all()] == [("discarded", no_orders)]
