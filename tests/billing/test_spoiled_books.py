"""The proof of the books where each kind of fault was put in by hand, behind the database's back: all are found.

The portal is made once, by the actions themselves; each fault is undone with its test.
"""

import re
from datetime import date
from decimal import Decimal
from inspect import getsource

import pytest
from django.db import connection, transaction

from billing import proof
from billing.actions import orders, payments, receipts, refunds
from billing.actions.chargebacks import record_chargeback
from billing.actions.ledger import reverse
from billing.actions.payer_refunds import record_paid_by_bank
from billing.actions.unmatched import return_by_provider
from billing.actions.withdrawals import ask_withdrawal, payee_account, record_transfer
from billing.choices import OrderKind
from billing.models import PayerRefund, Payment, UnmatchedPayment
from billing.not_paid import not_paid
from billing.payments import local
from cards.permissions import SYSTEM
from cards.proof import Proof
from tests.billing import build as b
from tests.billing.test_payments import signed_notification
from tests.build import card_in_use, do, member, on_day, open_card, unguarded, without_constraint

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)

# What the proof has to find, and what does it: the one thing that is changed.
FAULTS = {
    "unbalanced": "UPDATE billing_posting SET amount = amount - 1 WHERE account = 'cash' AND entry_id = '{receipt}'",
    "no_postings": "INSERT INTO billing_entry"
    " (key, kind, customer_id, booked_on, booked_at, actor_kind, actor_name, memo)"
    " SELECT 'alone', kind, customer_id, booked_on, booked_at, actor_kind, actor_name, memo"
    " FROM billing_entry WHERE key = '{receipt}'",
    "no_entry": "DELETE FROM billing_entry WHERE key = '{receipt}'",
    "wallet": "UPDATE billing_customeraccount SET balance = balance + 1",
    "overdrawn": "UPDATE billing_customeraccount SET credit_limit = 29.99 WHERE balance = -30",
    "running_balance": "UPDATE billing_posting SET balance = balance + 1"
    " WHERE id = (SELECT MAX(id) FROM billing_posting WHERE account = 'wallet')",
    "reversal": "UPDATE billing_entry SET reverses_id = NULL WHERE kind = 'reversal'",
    "order_total": "UPDATE billing_order SET total = total + 1 WHERE id = {placed}",
    "order_payment": "UPDATE billing_entry SET kind = 'fulfilment' WHERE key = 'pay:{renewal}'",
    "order_refunded": "UPDATE billing_order SET refunded = refunded - 1 WHERE id = {refunded}",
    "order_owed": "UPDATE billing_posting SET account = 'cash', customer_id = NULL"
    " WHERE account = 'receivables' AND entry_id LIKE 'fulfil:{renewal}:%'",
    "order_earned": "UPDATE billing_posting SET account = 'cash' WHERE account = 'revenue'"
    " AND entry_id LIKE 'fulfil:{renewal}:%'",
    "line_without_service": "UPDATE cards_cardevent SET action = 'suspend' WHERE action = 'top_up'",
    "service_without_line": "UPDATE cards_cardevent SET action = 'top_up', evidence = '{{}}', job_id = {pack_job}"
    " WHERE action = 'suspend'",
    "term_without_record": "UPDATE cards_cardevent SET evidence = '{{}}' WHERE action = 'grant' AND"
    " card_id = {unserved}",
    "term_not_paid": "UPDATE billing_orderline SET seq = 3 WHERE order_id = {refunded}",
    "ordered_term_without_line": "UPDATE billing_order SET kind = 'pack' WHERE id = {placed}",
    "line_without_ordered_term": "DELETE FROM cards_orderedterm",
    "online_not_booked": "UPDATE billing_payment SET amount = amount + 1",
    "online_never_came": "UPDATE billing_entry SET kind = 'online' WHERE key = '{receipt}'",
    "receipt_not_booked": "UPDATE billing_receipt SET amount = amount + 1",
    "receipt_reversal": "UPDATE billing_receipt SET reversed_at = recorded_at",
    "refund_amount": "UPDATE billing_refund SET amount = amount + 1",
    "suspense": "UPDATE billing_unmatchedpayment SET amount = amount + 1 WHERE state = 'waiting'",
    "payback": "UPDATE billing_payerrefund SET amount = amount + 1 WHERE unmatched_id IS NOT NULL",
    "opening_paid_again": "UPDATE billing_orderline SET card_id = {served} WHERE order_id = {another_opening}",
    "withdrawal_not_booked": "UPDATE billing_withdrawal SET customer_id = {other} WHERE proposal_id = {by_bank}",
    "withdrawal_end": "UPDATE billing_withdrawal SET state = 'returned' WHERE proposal_id = {by_bank}",
    "withdrawal_refunds": "UPDATE billing_payerrefund SET withdrawal_id = NULL WHERE state = 'by_bank'",
    "payer_refund_not_booked": "UPDATE billing_payerrefund SET state = 'done' WHERE state = 'by_bank'",
    "chargeback_not_booked": "UPDATE billing_chargeback SET amount = amount - 0.5",
    "given_back_too_much": "UPDATE billing_payerrefund SET payment_id = {charged} WHERE withdrawal_id IS NOT NULL"
    " AND state = 'open'",
    "money_out_of_nothing": "UPDATE billing_entry SET kind = 'withdrawal' WHERE kind = 'chargeback'",
}


@pytest.fixture(scope="module")
def portal(django_db_setup, django_db_blocker):
    """The keys of what stands in the faults, in a portal that has sold everything, given back, and given free."""
    with django_db_blocker.unblock(), on_day(TODAY), transaction.atomic():
        user = b.financier(username="chief")
        for code, amount in (("Y1-30", "30.00"), ("PACK-100", "9.90"), (None, "8.00")):
            b.price(code, amount)
        receipt = b.fund("1000")
        receipts.record(b.customer(), Decimal("7"), "BANK 1", TODAY, user=user)
        reverse(b.fund("5"), actor=SYSTEM, memo="bounced")
        served, opened, waits, unserved = (card_in_use(TODAY, customer="Acme") for _ in range(4))
        do("suspend", served, TODAY)
        online = payments.start_deposit(b.customer(), Decimal("10.00"), user=member())
        payments.receive("local", *local.notification(online, "paid"))
        payments.receive("local", *signed_notification(online, amount="9.99", reference="T1"))
        payments.receive("local", *signed_notification(online, amount="9.98", reference="T2"))
        return_by_provider(UnmatchedPayment.objects.get(reference="T2"), user=user, reason="not ours")
        b.credit("100", "Other")
        b.paid(cards=[card_in_use(TODAY, customer="Other")], user=user, name="Other")
        b.paid(OrderKind.SALE, [open_card()], user=user, plan=None)
        renewal = b.paid(cards=[served], user=user)
        pack = b.paid(OrderKind.PACK, [served], user=user, plan="PACK-100")
        b.paid(OrderKind.OPENING, [served], user=user, plan=None)
        another_opening = b.paid(OrderKind.OPENING, [opened], user=user, plan=None)
        refunded = orders.pay(b.placed(cards=[unserved], user=user), user=user)
        refunds.approve(refunds.request_refund(refunded, user=user, reason="because"), user=user)
        for card in (opened, unserved):
            do("grant", card, TODAY, plan="Y1-30")
        placed = b.placed(cards=[waits], user=user)
        by_bank = money_out(user)
        unguarded()
        keys = {"renewal": renewal, "another_opening": another_opening, "refunded": refunded, "placed": placed}
        keys |= {"by_bank": by_bank, "charged": Payment.objects.latest("pk"), "other": b.customer("Other")}
        keys = {name: thing.pk for name, thing in (keys | {"receipt": receipt, "served": served}).items()}
        yield keys | {"pack_job": pack.job_id, "unserved": unserved.pk}
        transaction.set_rollback(True)


def money_out(user):
    """Withdrawals that were transferred and that go back by two refunds, one of them paid by bank; and a chargeback.

    The request of the first.
    """
    payer = b.customer("Payer")
    for amount in ("10.00", "2.00"):
        pay_in(payer, amount, user)
    by_bank, back = (
        b.approved(ask_withdrawal(payer, amount, way, **how))
        for amount, way, how in (
            (Decimal(4), "bank", {"user": user, "account": payee_account("Bank", "Payer", "62258801")}),
            (Decimal(5), "origin", {"user": user}),
        )
    )
    record_transfer(by_bank.withdrawal, "T 1", user=user)
    refund = back.withdrawal.refunds.get(amount=2)
    PayerRefund.objects.filter(pk=refund.pk).update(state="failed")
    record_paid_by_bank(refund, "T 2", user=user)
    record_chargeback(pay_in(payer, "1.00", user), Decimal(1), "CB 1", user=user, reason="disputed")
    return by_bank


def pay_in(customer, amount, user):
    payment = payments.start_deposit(customer, Decimal(amount), user=user)
    payments.receive("local", *local.notification(payment, "paid"))
    return Payment.objects.get(pk=payment.pk)


def found():
    return [problem.code for problem in proof.problems()]


def test_a_sound_portal_has_no_problem_and_what_is_not_paid_in_it_is_none(portal):
    assert (found(), list(Proof().problems())) == ([], [])
    assert not_paid().count() == 4


@pytest.fixture
def _overdrawing(portal):
    with without_constraint("billing_customeraccount", "wallet_stays_within_its_credit_limit"):
        yield


@pytest.mark.usefixtures("_overdrawing")
@pytest.mark.parametrize(("code", "fault"), FAULTS.items(), ids=FAULTS)
def test_each_fault_is_found_and_no_other(portal, code, fault):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(fault.format(**portal))
        changed = cursor.rowcount
        assert (changed > 0, found()) == (True, [code] * changed)
        transaction.set_rollback(True)


def test_whatever_the_proof_may_find_is_tried():
    said = re.findall(r'"([a-z_]+)",\s*(?:sentence|_\()', getsource(proof))
    assert set(said) == set(FAULTS)
