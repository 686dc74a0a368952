"""Many who pay at the same moment, each with a connection of its own: what may happen happens, once, and no more."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from billing import proof
from billing.actions import orders, payments, receipts
from billing.actions.approvals import approve_proposal
from billing.actions.chargebacks import record_chargeback
from billing.actions.kinds import work_off_order, work_off_orders
from billing.actions.ledger import account_of, wallet_locked
from billing.actions.paying_back import pay_back
from billing.actions.placing import why_not_placed
from billing.actions.shown import shown_by_check
from billing.actions.unmatched import assign_to, mark_returned
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import Entry, Notification, Order, Payment, Receipt, RenewalRun, UnmatchedPayment
from billing.payments import local
from cards.actions.jobs import control
from cards.actions.selections import freeze_ids
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.models import CancellingRules, Job, OrderedTerm
from tests.billing import build as b
from tests.build import card_in_use, member, on_day, open_card, staff

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="SQLite has one writer at a time, and in tests all threads share its connection",
    ),
]

PAYERS = 20
AFFORDABLE = 7
TIMES = 50


def at_once(calls):
    """What each of these calls returned or was refused with, all of them started at the same moment."""
    gate = Barrier(len(calls))

    def answer(call):
        try:
            gate.wait()
            return call()
        except (MoneyRefused, BadInput) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(answer, calls))


def placed_order():
    return b.placed(cards=[card_in_use(customer="Acme")])


def test_of_twenty_payments_of_a_wallet_that_covers_seven_exactly_seven_succeed():
    b.price("Y1-30", "30.00")
    waiting = [placed_order() for _ in range(PAYERS)]
    b.fund("239.99")
    answers = at_once([lambda order=order: orders.pay(order, user=None) for order in waiting])
    assert sorted(getattr(answer, "code", "paid") for answer in answers) == ["paid"] * 7 + ["short"] * 13
    assert Order.objects.filter(paid_at__isnull=False).count() == AFFORDABLE
    assert (b.balance(), Entry.objects.filter(kind="payment").count()) == (Decimal("29.99"), AFFORDABLE)
    assert list(proof.problems()) == []


def test_the_same_notification_fifty_times_at_once_is_one_entry():
    b.price("Y1-30", "30.00")
    payment = payments.start_payment(placed_order(), user=member())
    notification = local.notification(payment, "paid")
    answers = at_once([lambda: payments.receive("local", *notification)] * TIMES)
    assert {(answer.pk, answer.outcome) for answer in answers} == {(Notification.objects.get().pk, "paid")}
    assert_paid_once(payment)


def test_fifty_notifications_of_one_payment_at_once_are_one_entry():
    b.price("Y1-30", "30.00")
    payment = payments.start_payment(placed_order(), user=member())
    signed = [local.notification(payment, "paid") for _ in range(TIMES)]
    answers = at_once([lambda each=each: payments.receive("local", *each) for each in signed])
    assert sorted(answer.outcome for answer in answers) == ["known"] * (TIMES - 1) + ["paid"]
    assert_paid_once(payment)


def test_a_payment_that_comes_while_the_order_is_paid_from_the_wallet_leaves_its_money_there():
    b.price("Y1-30", "30.00")
    b.fund("30.00")
    order, payer = placed_order(), member()
    payment = payments.start_payment(order, user=payer)
    notification = local.notification(payment, "paid")
    at_once([lambda: payments.receive("local", *notification), lambda: orders.pay_and_fulfil(order, user=payer)])
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", 30)
    assert list(proof.problems()) == []


def told_by(payment, **changes):
    """A notification of the provider with something else in its body."""
    body, _headers = local.notification(payment, "paid")
    return local.signed(json.dumps(json.loads(body) | changes).encode())


def received_at_once(notifications):
    """How often each outcome came of these notifications, all of them told at the same moment."""
    answers = at_once([lambda each=each: payments.receive("local", *each) for each in notifications])
    return Counter(answer.outcome for answer in answers)


def test_a_payment_told_by_two_references_at_once_is_two_and_pays_its_order_once():
    b.price("Y1-30", "30.00")
    payment = payments.start_payment(placed_order(), user=member())
    assert received_at_once([told_by(payment, reference=f"R{n % 2}") for n in range(10)]) == {"paid": 2, "known": 8}
    assert (b.fresh(payment.order).state, b.balance(), Payment.objects.count()) == ("fulfilled", 30, 2)
    assert list(proof.problems()) == []


def test_a_reference_told_of_two_payments_at_once_pays_one_and_waits_to_be_cleared_for_the_other():
    payer = member()
    started = [payments.start_deposit(b.customer(), Decimal(amount), user=payer) for amount in ("10", "20")]
    both = [told_by(payment, reference="R") for payment in started]
    assert received_at_once(both) == {"paid": 1, "used_reference": 1}
    paid, waiting = Payment.objects.get(state="paid"), UnmatchedPayment.objects.get()
    assert (b.balance(), waiting.amount) == (paid.amount, 30 - paid.amount)


def test_a_payment_goes_back_while_somebody_waits_to_record_its_chargeback():
    """They have the payment and wait for the wallet; the wallet's holder gives the payment back."""
    finance, payment = b.financier(), payments.start_deposit(b.customer(), Decimal("10"), user=member())
    payments.receive("local", *local.notification(payment, "paid"))
    told = {"user": finance, "reason": "x"}

    def charge_back():
        return at_once([lambda: record_chargeback(payment, Decimal("10"), "CB 1", **told)])

    with ThreadPoolExecutor(1) as threads, wallet_locked(payment.customer_id):
        waits = threads.submit(charge_back)
        time.sleep(1)
        pay_back(payment, Decimal("4"), "withdrawal", "withdrawal:1:1")
    assert [refused.code for refused in waits.result()] == ["charged_back_too_much"]


def test_money_told_twenty_times_at_once_that_fits_nothing_waits_once():
    payment = payments.start_deposit(b.customer(), Decimal("10"), user=member())
    assert received_at_once([told_by(payment, amount="9.99") for _ in range(20)]) == {"wrong_amount": 20}
    assert UnmatchedPayment.objects.get().amount == Decimal("9.99")


def test_of_two_who_decide_at_once_whose_money_it_is_one_does():
    payments.receive("local", *told_by(payments.start_deposit(b.customer(), Decimal("10"), user=member()), amount="9"))
    row, users = UnmatchedPayment.objects.get(), [b.financier(), b.financier(username="other")]
    decide = [
        lambda: assign_to(row, b.customer("Acme"), user=users[0], reason="x"),
        lambda: assign_to(row, b.customer("Other"), user=users[1], reason="x"),
        lambda: mark_returned(row, user=users[1], reason="x"),
    ]
    answers = at_once(decide * 3)
    made = UnmatchedPayment.objects.get()
    assert Counter(getattr(answer, "code", "decided") for answer in answers) == {"cleared_already": 6, "decided": 3}
    assert sum(account_of(b.customer(name).pk).balance for name in ("Acme", "Other")) == (9 if made.customer else 0)
    assert Entry.objects.count() == 2  # that it came, and what was decided
    assert b.books() == ({"providers": -9, "wallet": 9} if made.customer else {})


def test_an_order_sent_to_the_payment_page_twice_at_once_has_one_payment():
    b.price("Y1-30", "30.00")
    order, payer = placed_order(), member()
    answers = at_once([lambda: payments.start_payment(order, user=payer)] * 10)
    assert {answer.pk for answer in answers} == {Payment.objects.get().pk}


def test_of_two_orders_that_renew_one_card_at_once_one_is_placed_and_the_other_names_it():
    b.price("Y1-30", "30.00")
    for _ in range(5):
        drafts = [b.drafted(cards=[card], user=None) for card in [card_in_use(customer="Acme")] for _twice in range(2)]
        answers = at_once([lambda draft=draft: orders.place(draft, user=None) for draft in drafts])
        refused, placed = sorted(answers, key=lambda answer: isinstance(answer, Order))
        assert (refused.code, refused.facts["order"], placed.state) == ("ordered_already", placed.number, "placed")
    assert list(proof.problems()) == []


@pytest.fixture
def _small_is_large(monkeypatch):
    """What has more than one line is placed by its job, and two cards are a chunk."""
    monkeypatch.setattr(orders, "ORDERED_AT_ONCE", 1)
    monkeypatch.setattr(orders, "chunked", partial(chunked, size=2))


def placed_by_its_job(cards, user):
    """An order for these cards that waits for workers to place it."""
    order = b.drafted(cards=cards, user=user)
    work_off_order(order.job)
    return orders.place_as_shown(order, user=user, shown=shown_by_check(order.job), pays=False)


@pytest.mark.usefixtures("_small_is_large")
def test_of_two_large_orders_for_the_same_cards_placed_at_once_by_two_workers_each_one_is():
    b.price("Y1-30", "30.00")
    user = b.financier()
    for _ in range(3):
        cards = [card_in_use(customer="Acme") for _ in range(7)]
        both = [placed_by_its_job(cards, user) for _ in range(2)]
        at_once([lambda order=order: work_off_order(order.job) for order in both * 2])
        left, placed = sorted(map(b.fresh, both), key=lambda order: order.state)
        assert (placed.state, placed.lines.count(), placed.total) == ("placed", 7, 210)
        assert (left.state, left.lines.count(), why_not_placed(left).code) == ("draft", 0, "renewed_meanwhile")
    assert list(proof.problems()) == []


@pytest.mark.usefixtures("_small_is_large")
def test_a_large_order_that_is_discarded_while_two_workers_place_it_leaves_no_line_or_is_withdrawn():
    b.price("Y1-30", "30.00")
    user = b.financier()
    for _ in range(5):
        order = placed_by_its_job([card_in_use(customer="Acme") for _ in range(7)], user)
        place, discard = (
            lambda order=order: work_off_order(order.job),
            lambda order=order: orders.withdraw(order, user=user),
        )
        at_once([place, place, discard])
        found = Order.objects.filter(pk=order.pk).values_list("state", "size", "total")
        assert list(found) in ([], [("withdrawn", 7, 210)])
        assert (order.lines.count(), OrderedTerm.objects.count()) == (7 * len(found), 0)
    assert list(proof.problems()) == []


def test_an_automatic_renewal_and_an_order_by_hand_at_once_pay_for_one_term():
    b.price("Y1-30", "30.00")
    for number in range(5):
        name = f"Customer {number}"
        b.agree(name, auto_renews=True, renews_days_ahead=30)
        b.fund("60.00", name)
        card = card_in_use(customer=name)
        day = card.service_until - timedelta(days=1)
        with on_day(day):
            by_hand = b.drafted(cards=[card], user=None, name=name)
            run = RenewalRun.objects.create(customer=b.customer(name), day=day)  # as far as a worker had come
            orders.draft_order(OrderKind.RENEWAL, run.customer, [card.pk], user=None, key=run.key)
            at_once(
                [
                    lambda order=by_hand: orders.pay_and_fulfil(orders.place(order, user=None), user=None),
                    lambda day=day: b.renew_for(day, 60),
                ]
            )
            b.renew_for(day, 60)
            work_off_orders(60)
        assert (card.terms.count(), b.balance(name)) == (2, 30)
    assert list(proof.problems()) == []


def test_one_transfer_recorded_for_two_customers_at_once_is_recorded_for_one():
    finance, customers = b.financier(), [b.customer("Acme"), b.customer("Other")]
    today, written = civil_today(), ("BANK 1", "bank－1")
    answers = at_once(
        [
            lambda each=each, text=text: receipts.record(each, Decimal("10"), text, today, user=finance)
            for each, text in zip(customers, written, strict=True)
        ]
    )
    receipt = Receipt.objects.get()
    assert [getattr(answer, "field", answer) for answer in answers] in ([receipt, "reference"], ["reference", receipt])
    assert sorted(account_of(customer.pk).balance for customer in customers) == [0, 10]


def test_of_two_halves_recorded_by_one_person_at_once_the_second_waits_for_a_colleague():
    finance, today = b.financier(), civil_today()
    halves = [lambda reference=each: record_half(reference, finance, today) for each in ("BANK 1", "BANK 2")]
    answers = at_once(halves)
    assert sorted(type(answer).__name__ for answer in answers) == ["Proposal", "Receipt"]
    assert b.balance() == 600


def test_two_colleagues_who_approve_at_once_do_it_once():
    finance, today = b.financier(), civil_today()
    waiting = receipts.record(b.customer(), Decimal("2000"), "BANK 1", today, user=finance)
    deciders = [b.financier(username=name) for name in ("one", "two")]
    answers = at_once([lambda each=each: approve_proposal(waiting, user=each) for each in deciders])
    assert [answer.state for answer in answers] == ["approved"] * 2
    assert (b.balance(), Receipt.objects.count()) == (2000, 1)


def test_of_two_jobs_that_one_person_starts_at_once_the_second_waits_for_a_colleague():
    CancellingRules.objects.update(most_alone=3)
    ops = staff("cancel")
    jobs = [control.draft(chosen(ops, 2), "cancel", user=ops) for _ in range(2)]
    at_once([lambda job=each: control.start(job, user=ops, reason="lost", count=2) for each in jobs])
    assert sorted(Job.objects.values_list("status", flat=True)) == ["ready", "running"]


def chosen(user, count):
    return freeze_ids([open_card().pk for _ in range(count)], owner=user, asked={"from": "page"})


def record_half(reference, user, day):
    return receipts.record(b.customer(), Decimal("600"), reference, day, user=user)


def assert_paid_once(payment):
    payment = Payment.objects.select_related("order").get(pk=payment.pk)
    assert (payment.state, payment.order.state, b.balance()) == ("paid", "fulfilled", 0)
    assert list(Entry.objects.order_by("key").values_list("kind", flat=True)) == ["fulfilment", "online", "payment"]
    assert list(proof.problems()) == []
