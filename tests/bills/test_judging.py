"""What lines of a bill come to beside our books, each verdict with what follows from it; and the same bill again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import proof
from billing.actions import unmatched
from billing.bills.actions.fetching import bring_bill
from billing.bills.actions.following import follow
from billing.bills.actions.reading import read_bill
from billing.bills.models import Bill, BillFee, BillLine, Payout
from billing.models import Entry, PayerRefund, Payment, UnmatchedPayment
from cards.calendar import as_of
from cards.errors import BadInput
from tests.billing import build as b
from tests.bills.paper import (
    DAY,
    account,
    document,
    is_asked,
    line,
    moment,
    paid,
    queue,
    read,
    refund_of,
    said,
    started,
    verdicts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("paper")]

BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _account(paper):
    account()


def sums(bill):
    bill = Bill.objects.get(pk=bill.pk)
    return bill.line_count, bill.takings, bill.refunds, bill.fees, bill.payouts


# payments


def test_a_payment_that_agrees_leaves_nothing_to_do():
    payment = paid("T1")
    bill = read(line("payment", "T1", payment, fee="0.06"))
    assert (verdicts(bill), queue()) == ([("T1", "matched", False)], [])
    assert (sums(bill), BillLine.objects.get().payment) == ((1, 10, 0, Decimal("0.06"), 0), payment)
    assert (list(proof.problems()), is_asked(payment)) == ([], False)


def test_a_payment_that_we_have_not_heard_of_is_asked_about_and_agrees_once_it_is_booked():
    payment = started()
    bill = read(line("payment", "T1", payment))
    assert (verdicts(bill), is_asked(payment)) == ([("T1", "missing_here", True)], True)
    assert (b.books(), UnmatchedPayment.objects.count()) == ({}, 0)  # the provider's own word books it
    assert said(payment, "T1") == "paid"
    follow()
    assert (verdicts(bill), queue()) == ([("T1", "matched", False)], [])
    assert b.books() == {"providers": -10, "wallet": 10}


def test_money_of_which_we_know_nothing_stands_in_suspense_once():
    foreign = line("payment", "T9", "ORDER-of-another-system", amount="8.00")
    bill = read(foreign)
    kept = UnmatchedPayment.objects.get()
    assert (queue(), b.books()) == ([("missing_here", "T9", 8)], {"providers": -8, "suspense": 8})
    follow()
    read(foreign, line("payment", "T8", "another", amount="1.00"))
    assert b.books() == {"providers": -9, "suspense": 9}
    assert BillLine.objects.get(reference="T9").unmatched == kept
    unmatched.assign_to(kept, b.customer(), user=b.financier(), reason="theirs")
    follow()
    assert [each for each in verdicts(bill) if each[0] == "T9"] == [("T9", "missing_here", False)]
    assert list(proof.problems()) == []


def test_what_a_late_notification_says_of_the_same_money_changes_nothing():
    payment = started()
    lost = Payment(key=payment.key, provider="paper", amount=payment.amount)
    payment.delete()
    read(line("payment", "T1", lost))
    assert said(lost, "T1") == "unknown"
    assert (UnmatchedPayment.objects.count(), b.books()) == (1, {"providers": -10, "suspense": 10})


def test_money_in_suspense_that_a_bill_tells_of_agrees():
    payment = started()
    assert said(payment, "T1", Decimal("9.00")) == "wrong_amount"
    bill = read(line("payment", "T1", payment, amount="9.00"))
    assert (verdicts(bill), queue()) == ([("T1", "matched", False)], [])
    assert b.books() == {"providers": -9, "suspense": 9}


def test_another_amount_that_the_provider_then_tells_of_stands_in_suspense_and_leaves_the_queue_when_cleared():
    payment = started()
    read(line("payment", "T1", payment, amount="9.00"))
    assert (queue(), is_asked(payment)) == ([("other_amount", "T1", 9)], True)
    assert said(payment, "T1", Decimal("9.00")) == "wrong_amount"
    follow()
    kept = UnmatchedPayment.objects.get()
    assert (BillLine.objects.get().unmatched, len(queue())) == (kept, 1)
    unmatched.assign_to(kept, b.customer(), user=b.financier(), reason="theirs")
    follow()
    assert (queue(), b.books()) == ([], {"providers": -9, "wallet": 9})


@pytest.mark.parametrize("amount", ["9.99", "10.01"])
def test_another_amount_waits_for_somebody(amount):
    bill = read(line("payment", "T1", paid("T1"), amount=amount), line("payment", "T2", started(), amount=amount))
    assert verdicts(bill) == [("T1", "other_amount", True), ("T2", "other_amount", True)]
    assert b.books() == {"providers": -10, "wallet": 10}


def test_a_payment_of_another_account_is_none_of_this_one():
    account("other")
    payment = paid("T1", provider="other")
    read(line("payment", "T1", payment))
    assert (queue(), b.books()["suspense"]) == ([("missing_here", "T1", 10)], 10)


def test_money_that_came_twice_for_a_payment_is_booked_twice():
    payment = paid("T1")
    bill = read(line("payment", "T1", payment), line("payment", "T2", payment))
    follow()
    assert (verdicts(bill), b.balance()) == ([("T1", "matched", False), ("T2", "matched", False)], 20)
    assert list(proof.problems()) == []


def test_nobody_puts_money_into_a_wallet_by_a_file():
    payment, user = paid("T1"), b.financier()
    user.user_permissions.add(Permission.objects.get(codename="settle_bill"))
    read(line("payment", "T1", payment), line("payment", "T2", payment), user=user)
    assert (b.balance(), b.books()["suspense"], queue()) == (10, 10, [("missing_here", "T2", 10)])
    assert (said(payment, "T2"), b.balance(), list(proof.problems())) == ("known", 10, [])


# refunds


def test_a_refund_that_is_done_agrees_and_one_under_way_is_asked_about():
    payment = paid("T1")
    done, under_way = refund_of(payment, "3.00"), refund_of(payment, "2.00", "refund:2")
    PayerRefund.objects.filter(pk=done.pk).update(state="done", ended_at=moment("13:00"), reference="R1")
    PayerRefund.objects.filter(pk=under_way.pk).update(state="sent", ask_at=moment("23:00", AFTER))
    lines = [line("refund", "R1", done, amount="3.00"), line("refund", "R2", under_way, amount="2.00", fee="-0.01")]
    bill = read(line("payment", "T1", payment, fee="0.06"), *lines)
    assert verdicts(bill)[1:] == [("R1", "matched", False), ("R2", "missing_here", True)]
    assert (is_asked(under_way), sums(bill)) == (True, (3, 10, 5, Decimal("0.05"), 0))
    PayerRefund.objects.filter(pk=under_way.pk).update(state="done", ended_at=moment("12:00", AFTER))
    follow()
    assert queue() == []


@pytest.mark.parametrize(
    ("state", "amount", "verdict"),
    [("done", "2.99", "other_amount"), ("by_bank", "3.00", "missing_here"), ("failed", "3.00", "missing_here")],
)
def test_a_refund_that_went_otherwise_waits_for_somebody(state, amount, verdict):
    payment = paid("T1")
    refund = refund_of(payment, "3.00")
    PayerRefund.objects.filter(pk=refund.pk).update(state=state, ended_at=moment("13:00"))
    read(line("payment", "T1", payment), line("refund", "R1", refund, amount=amount))
    assert queue() == [(verdict, "R1", Decimal(amount))]


def test_a_refund_that_nobody_here_has_asked_for_waits_for_somebody_and_moves_nothing():
    payment = paid("T1")
    before = b.books()
    read(line("payment", "T1", payment), line("refund", "R1", "by hand at the provider", amount="10.00"))
    assert (queue(), b.books()) == ([("missing_here", "R1", 10)], before)


# what no bill has


def test_what_we_booked_and_the_bill_has_not_waits_for_somebody():
    there, missing = paid("T1"), paid("T2", "7.00")
    refund = refund_of(there, "3.00")
    PayerRefund.objects.filter(pk=refund.pk).update(state="done", ended_at=moment("13:00"), reference="R1")
    bill = read(line("payment", "T1", there))
    assert queue() == [("missing_there", "T2", 7), ("missing_there", "R1", 3)]
    assert BillLine.objects.open().first().payment == missing
    follow()
    assert (len(queue()), sums(bill)) == (2, (1, 10, 0, 0, 0))


def test_a_day_without_anything_says_so_too():
    paid("T1")
    assert (sums(read()), queue()) == ((0, 0, 0, 0, 0), [("missing_there", "T1", 10)])


def test_a_bill_of_payouts_says_nothing_of_payments():
    paid("T1")
    read(line("payout", "P1", amount="1.00"), kind="fund")
    assert queue() == []


@pytest.mark.parametrize(
    ("at", "day", "bill_day", "found"),
    [
        ("00:00:00", DAY, DAY, True),
        ("23:44:59", DAY, DAY, True),
        ("23:45:00", DAY, DAY, False),  # it may stand in the bill of the next day
        ("23:59:59", BEFORE, DAY, False),
        ("00:00:00", AFTER, DAY, False),
    ],
)
def test_what_is_looked_for_in_the_bill_of_a_day(at, day, bill_day, found):
    paid("T1", at=at, day=day)
    read(day=bill_day)
    assert queue() == ([("missing_there", "T1", 10)] if found else [])


def test_what_was_booked_at_midnight_is_looked_for_in_both_bills():
    late, missing = paid("T1", at="23:59:59"), paid("T2", at="23:59:59")
    read()
    with as_of(moment("12:00", AFTER + timedelta(days=1))):
        read(line("payment", "T1", late, at="00:00:01", day=AFTER), day=AFTER)
        assert (queue(), BillLine.objects.open().get().payment) == ([("missing_there", "T2", 10)], missing)


def test_what_we_heard_after_midnight_stands_in_the_bill_of_the_day_before():
    payment = paid("T1", at="00:30", day=AFTER)
    read(line("payment", "T1", payment, at="23:50"))
    with as_of(moment("12:00", AFTER + timedelta(days=1))):
        read(day=AFTER)
    assert queue() == []


def test_while_the_bill_of_the_day_before_is_still_to_come_nothing_is_missed():
    payment = paid("T1", at="00:30")
    Bill.objects.create(account="paper", day=BEFORE, kind="trade")
    read()
    assert queue() == []
    read(line("payment", "T1", payment, at="23:59", day=BEFORE), day=BEFORE)
    assert queue() == []


def test_where_the_bill_of_the_next_day_does_not_come_it_is_not_waited_for():
    paid("T1", at="23:59:59")
    read()
    for days, found in ((2, []), (3, [("missing_there", "T1", 10)])):
        with as_of(moment("12:00", DAY + timedelta(days=days))):
            follow()
            assert queue() == found


# twice, corrected, two at once


def test_the_same_bill_again_changes_nothing():
    lines = [line("payment", "T1", paid("T1"), fee="0.06"), line("payment", "T9", amount="1.00", fee="0.01")]
    bill = read(*lines)
    kept = list(BillLine.objects.values()), b.books(), Bill.objects.values().get()
    assert read(*lines) == bill
    assert (list(BillLine.objects.values()), b.books(), Bill.objects.values().get()) == kept


def test_a_corrected_bill_is_compared_anew_and_what_was_decided_holds():
    one, two, three = paid("T1"), paid("T2"), paid("T3")
    bill = read(line("payment", "T1", one, fee="0.06"), line("payment", "T2", two, amount="9.00", fee="0.05"))
    assert [each[1] for each in queue()] == ["T2", "T3"]
    corrected = [line("payment", "T3", three, fee="0.06"), line("payment", "T2", two, fee="0.06")]
    again = read(*corrected, line("payment", "T1", one, fee="0.06"))
    assert (again.pk, again.is_corrected, queue()) == (bill.pk, True, [])
    assert sorted(verdicts(again), key=str) == [
        ("T1", "matched", False),
        ("T2", "matched", False),
        ("T2", "retracted", False),
        ("T3", "matched", False),  # which we had missed there
        ("T3", "matched", False),
    ]
    assert sums(again) == (3, 30, 0, Decimal("0.18"), 0)
    assert [fee.amount for fee in BillFee.objects.order_by("edition")] == [Decimal("0.11"), Decimal("0.07")]
    assert b.books() == {"providers": Decimal("-29.82"), "wallet": 30, "fees": Decimal("-0.18")}


def test_what_a_correction_leaves_out_is_missed_there():
    one, two = paid("T1"), paid("T2")
    read(line("payment", "T1", one), line("payment", "T2", two))
    read(line("payment", "T1", one))
    assert queue() == [("missing_there", "T2", 10)]


def test_a_bill_is_read_on_where_a_worker_left_it(monkeypatch):
    monkeypatch.setattr("billing.bills.actions.reading.LINES_AT_ONCE", 2)
    texts = [line("payment", f"T{number}", amount="1.00", fee="0.01") for number in range(5)]
    bill = bring_bill("paper", DAY, "trade", document(*texts))
    other = Bill.objects.get(pk=bill.pk)
    assert (read_bill(bill, until=0).read_through, BillLine.objects.count()) == (2, 2)
    assert read_bill(other).is_read is False  # it stood elsewhere when this one began, and loses it
    assert read_bill(Bill.objects.get(pk=bill.pk)).is_read
    assert read_bill(other).is_read  # nothing is left of it
    assert (sums(bill), BillLine.objects.count()) == ((5, 5, 0, Decimal("0.05"), 0), 5)


def test_a_line_that_stands_twice_is_one_and_lines_without_a_reference_are_told_apart():
    payment = paid("T1")
    twice, bare = line("payment", "T1", payment), line("other", "", amount="5.00")
    assert sums(read(twice, bare, twice, bare))[:2] == (3, 10)


def test_what_is_no_bill_is_kept_nowhere():
    with pytest.raises(BadInput, match=r"Line 2 is none\."):
        read(line("payment", "T1"), "nonsense")
    assert (BillLine.objects.count(), Bill.objects.get().digest) == (0, "")


@pytest.mark.parametrize(
    ("name", "kind", "day"), [("nobody", "trade", DAY), ("paper", "bank", DAY), ("paper", "trade", AFTER)]
)
def test_a_bill_that_there_cannot_be_is_refused(name, kind, day):
    with pytest.raises(BadInput):
        read(kind=kind, day=day, name=name)
    assert Bill.objects.count() == 0


# fees and payouts


def test_fees_of_payments_and_fees_by_themselves_are_posted_and_those_given_back_taken_off():
    payment = paid("T1")
    read(line("payment", "T1", payment, fee="0.06"))
    lines = [line("fee", "S1", amount="2.00", fee="2.00"), line("fee", "S2", amount="0.50", fee="-0.50")]
    bill = read(*lines, line("other", "X1", amount="7.00", fee="0.00"), kind="fund")
    assert verdicts(bill) == [("S1", "posted", False), ("S2", "posted", False), ("X1", "ignored", True)]
    assert b.books() == {"providers": Decimal("-8.44"), "wallet": 10, "fees": Decimal("-1.56")}
    entries = Entry.objects.filter(kind="fee")
    assert {(entry.actor_name, entry.customer) for entry in entries} == {("paper", None)}


def test_a_payout_is_posted_once_whatever_bill_it_stands_in():
    paid("T1", "50.00")
    payout = line("payout", "P1", amount="30.00", at="23:59")
    first = read(payout, kind="fund")
    with as_of(moment("12:00", AFTER + timedelta(days=1))):
        second = read(payout, line("payout", "P2", amount="5.00", day=AFTER), kind="fund", day=AFTER)
        third = read(line("payout", "P1", amount="31.00"), kind="fund", day=BEFORE)
    assert verdicts(first) == [("P1", "posted", False)]
    assert verdicts(second) == [("P1", "matched", False), ("P2", "posted", False)]
    assert verdicts(third) == [("P1", "other_amount", True)]
    assert b.books() == {"providers": -15, "wallet": 50, "cash": -35}
    assert [(each.reference, each.paid_on, each.entry_id) for each in Payout.objects.order_by("pk")] == [
        ("P1", DAY, "payout:paper:P1"),
        ("P2", AFTER, "payout:paper:P2"),
    ]


def test_a_payout_that_a_correction_leaves_out_waits_for_somebody():
    bill = read(line("payout", "P1", amount="30.00"), kind="fund")
    read(line("payout", "P2", amount="30.00"), kind="fund")
    assert queue() == [("retracted", "P1", 30)]
    assert sums(bill)[4] == 30


# many


def test_many_lines_cost_a_few_looks_for_each_some_hundred(django_assert_max_num_queries):
    texts = [line("payment", f"T{number}", str(number), fee="0.01") for number in range(2_000)]
    with CaptureQueriesContext(connection) as few:
        read_bill(bring_bill("paper", DAY, "trade", document(*texts[:500])))
    bill = bring_bill("paper", AFTER - timedelta(days=9), "trade", document(*texts))
    with django_assert_max_num_queries(4 * len(few)):
        read_bill(bill)
