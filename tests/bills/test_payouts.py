"""Payouts by hand beside those of bills, lines that somebody settles, and the proof of what was posted."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User

from billing.bills.actions.payouts import record_payout
from billing.bills.actions.settling import ask_about, settle_line
from billing.bills.models import Bill, BillFee, BillLine, Payout
from billing.bills.proof import BILL_PARTS
from billing.errors import MoneyRefused
from billing.models import Posting
from cards.errors import BadInput
from cards.proof import Proof
from tests.billing import build as b
from tests.bills.paper import DAY, account, is_asked, line, paid, queue, read, started, verdicts
from tests.build import unguarded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("paper")]


@pytest.fixture(autouse=True)
def _account(paper):
    account()


@pytest.fixture
def user():
    user = b.financier()
    user.user_permissions.add(Permission.objects.get(codename="settle_bill"))
    return User.objects.get(pk=user.pk)


def recorded(user, reference="B1", amount="30.00", paid_on=DAY, name="paper"):
    return record_payout(name, reference, Decimal(amount), paid_on, user=user)


def test_a_payout_by_the_banks_statement_is_posted_once(user):
    assert recorded(user) == recorded(user)
    assert b.books() == {"cash": -30, "providers": 30}
    with pytest.raises(BadInput, match="reference"):
        recorded(user, amount="30.01")
    with pytest.raises(BadInput, match="paid_on"):
        recorded(user, "B2", paid_on=DAY + timedelta(days=2))
    with pytest.raises(BadInput, match="account"):
        recorded(user, "B2", name="nobody")
    with pytest.raises(MoneyRefused):
        recorded(b.clerk(), "B2")
    assert Payout.objects.count() == 1


@pytest.mark.parametrize(("days", "amount", "posted"), [(3, "30.00", -30), (4, "30.00", -60), (0, "30.01", -60.01)])
def test_a_line_about_what_was_recorded_by_hand_is_that_payout(user, days, amount, posted):
    recorded(user, paid_on=DAY - timedelta(days=days))
    read(line("payout", "P1", amount=amount), kind="fund")
    assert float(b.books()["cash"]) == posted
    assert (queue(), proofs()) == ([], [])


def test_what_a_bill_told_is_not_recorded_by_hand(user):
    bill = read(line("payout", "P1", amount="30.00"), kind="fund")
    with pytest.raises(BadInput, match="P1"):
        recorded(user)
    assert recorded(user, "P1").line.bill == bill
    assert b.books() == {"cash": -30, "providers": 30}


def test_a_line_is_settled_once_with_a_note(user):
    bill = read(line("refund", "R1"))
    row = BillLine.objects.get()
    with pytest.raises(BadInput, match="note"):
        settle_line(row, user=user, note=" ")
    with pytest.raises(MoneyRefused):
        settle_line(row, user=b.clerk(), note="by hand")
    settle_line(row, user=user, note="by hand")
    settle_line(row, user=user, note="again")
    row = BillLine.objects.get()
    assert (row.note, row.decided_by, queue()) == ("by hand", user, [])
    again = read(line("refund", "R1"), line("refund", "R2"))
    assert (bill, verdicts(again)) == (again, [("R1", "missing_here", False), ("R2", "missing_here", True)])


def test_the_provider_is_asked_about_what_is_ours_and_not_booked(user):
    payment = started()
    read(line("payment", "T1", payment), line("refund", "R1"), line("payment", "T2", paid("T2"), amount="1.00"))
    type(payment).objects.update(ask_at=None)
    asked = [ask_about(row, user=user) for row in BillLine.objects.order_by("number")]
    assert (asked, is_asked(payment)) == ([True, False, False], True)


def proofs():
    return [problem.code for problem in Proof().problems(parts=BILL_PARTS)]


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (lambda: BillFee.objects.update(amount="0.07"), ["fee_not_booked", "bill_fees"]),
        (lambda: Bill.objects.filter(kind="trade").update(fees="0.05"), ["bill_fees"]),
        (lambda: BillFee.objects.all().delete(), ["fee_never_told", "bill_fees"]),
        (lambda: Payout.objects.update(amount="31.00"), ["payout_not_booked"]),
        (lambda: Payout.objects.all().delete(), ["payout_never_told"]),
        (lambda: Posting.objects.filter(account="cash").update(account="refunds"), ["payout_not_booked"]),
    ],
)
def test_the_proof_finds_fees_and_payouts_that_are_not_what_was_told(spoil, codes):
    read(line("payment", "T1", paid("T1"), fee="0.06"))
    read(line("payout", "P1", amount="30.00"), kind="fund")
    assert proofs() == []
    unguarded()
    spoil()
    assert proofs() == codes
