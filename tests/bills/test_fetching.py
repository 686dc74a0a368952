"""Bills are wanted day by day, fetched, tried again, and told of when they do not come; each once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from billing.bills.actions import watching
from billing.bills.actions.fetching import bill_of, fetch_bill, fetch_next, fetch_soon
from billing.bills.actions.reading import read_bill, read_next
from billing.bills.actions.retention import BILL_KINDS
from billing.bills.actions.wanting import want_bills
from billing.bills.models import Bill, BillDocument, BillFee, BillLine
from billing.bills.tasks import fetch_bills
from billing.errors import MoneyRefused
from billing.models import ProviderAccount
from billing.payments.port import Garbled, ProviderRefused
from cards.actions.retention import forget
from cards.calendar import as_of, this_moment
from cards.errors import BadInput, NothingHeard
from tests.billing import build as b
from tests.bills.paper import DAY, account, document, fetched, line, moment, paid, read, started

pytestmark = pytest.mark.django_db

BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


def wanted():
    return sorted(Bill.objects.values_list("day", "kind"))


def at(text, day=AFTER):
    return as_of(moment(text, day))


def test_bills_are_wanted_from_the_hour_on_at_which_they_are_there(paper):
    account()
    started()
    for time, days in (("09:59:59", []), ("10:00:00", [DAY])):
        with at(time):
            want_bills()
            assert wanted() == [(day, kind) for day in days for kind in ("fund", "trade")]
    want_bills()
    assert len(wanted()) == 2


def test_days_that_were_missed_are_made_up_for_within_a_week_and_none_before_the_first_payment(paper):
    account()
    account("never", is_on=True)
    started(day=DAY)
    with at("12:00", DAY + timedelta(days=3)):
        want_bills()
    assert sorted({day for day, _kind in wanted()}) == [DAY, AFTER, AFTER + timedelta(days=1)]
    with at("12:00", DAY + timedelta(days=30)):
        want_bills()
    days = sorted({day for day, _kind in wanted()})[3:]
    assert days == [DAY + timedelta(days=number) for number in range(23, 30)]
    assert set(Bill.objects.values_list("account", flat=True)) == {"paper"}


def test_the_bell_fetches_reads_and_compares(paper):
    account()
    payment = paid("T1")
    paper.says["trade", DAY] = document(line("payment", "T1", payment, fee="0.06"))
    fetch_bills()
    assert [(bill.kind, bill.is_read, bill.line_count) for bill in Bill.objects.order_by("kind")] == [
        ("fund", True, 0),
        ("trade", True, 1),
    ]
    assert (BillLine.objects.get().verdict, BillDocument.objects.count()) == ("matched", 0)
    fetch_bills()
    assert len(paper.asked) == 2


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (NothingHeard("", ""), "silent"),
        (Garbled(), "garbled"),
        (ProviderRefused("NO_AUTH", "not allowed"), "NO_AUTH not allowed"),
    ],
)
def test_what_fails_is_tried_again_later_and_told_after_a_day(paper, failure, words):
    account()
    started()
    paper.says["trade", DAY] = failure
    want_bills()
    assert [fetch_next().kind, fetch_next().kind, read_next(None).kind] == ["trade", "fund", "fund"]
    bill = Bill.objects.get(kind="trade")
    assert (bill.words, bill.is_under_way, bill.next_at - this_moment()) == (words, True, timedelta(minutes=1))
    assert fetch_next() is None  # another worker, or this one before the minute is over
    for hours, overdue in ((23, []), (24, [f"paper {DAY} trade"])):
        with as_of(this_moment() + timedelta(hours=hours)):
            assert fetch_next() == bill
            assert watching.bills_overdue() == overdue
            bill = Bill.objects.get(pk=bill.pk)
    paper.says.clear()
    with as_of(this_moment() + timedelta(hours=30)):
        assert (fetch_next(), read_next(None), watching.bills_overdue()) == (bill, bill, [])


def test_after_a_week_a_bill_is_given_up_unless_somebody_wants_it(paper):
    account()
    started()
    paper.says["trade", DAY] = Garbled()
    want_bills()
    bill = Bill.objects.get(kind="trade")
    with as_of(this_moment() + timedelta(days=7)):
        assert fetch_bill(bill).has_failed
        fetch_soon(bill, user=User.objects.create_superuser("boss"))
        assert Bill.objects.get(pk=bill.pk).has_failed is False
    with pytest.raises(MoneyRefused):
        fetch_soon(bill, user=b.clerk())


def test_two_workers_fetch_each_bill_once(paper):
    account()
    started()
    want_bills()
    seen = []

    def ask(call, merchant, kind, day):
        seen.append(kind)
        assert fetch_next() is None or len(seen) < 3  # the other one, at this moment
        return b""

    paper.bill = ask
    while fetch_next():
        pass
    assert sorted(seen) == ["fund", "trade"]


def test_a_bill_of_an_account_that_is_gone_or_cannot_be_read_says_why(paper):
    row = account()
    bill = bill_of("paper", DAY, "trade")
    Bill.objects.update(state="wanted")
    ProviderAccount.objects.filter(pk=row.pk).update(secrets="not by our key")
    assert fetch_bill(bill).words == "no_secrets"
    row.delete()
    assert fetch_bill(bill).words == "no_account"


def test_a_document_that_is_none_fails_and_what_it_said_is_not_kept(paper):
    account()
    started()
    paper.says["trade", DAY] = b"nonsense"
    want_bills()
    bill = fetched()
    assert (bill.has_failed, bill.words, BillDocument.objects.count()) == (True, "Line 1 is none.", 0)
    paper.says["trade", DAY] = document(line("other", "X1"))
    assert fetched().is_read


def test_a_bill_fetched_again_that_fails_stays_as_it_was_read(paper):
    account()
    paper.says["trade", DAY] = document(line("other", "X1"))
    bill_of("paper", DAY, "trade")
    assert fetched().is_read
    paper.says["trade", DAY] = NothingHeard("", "")
    assert (fetched().is_read, fetched().words) == (True, "")


def test_lines_are_forgotten_after_thirteen_months_and_what_was_posted_of_them_stays(paper):
    account()
    read(line("fee", "S2", amount="0.00"), line("fee", "S1", fee="1.00"))
    read(line("payout", "P1"), kind="fund")
    read(line("refund", "R1"), kind="trade", day=BEFORE)  # open
    books = b.books()
    for day, left in ((DAY.replace(year=2027, month=4, day=1), 4), (DAY.replace(year=2027, month=4), 1)):
        with as_of(moment("12:00", day)):
            forget(BILL_KINDS, 5)
        assert BillLine.objects.count() == left
    assert (b.books(), BillFee.objects.count(), Bill.objects.count()) == (books, 1, 3)


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("payment,T1,,9999999999.99,0,2026-03-02T12:00:00+08:00", True),
        ("payment,T1,,10000000000.00,0,2026-03-02T12:00:00+08:00", False),
        ("payment,T1,,1.00,-10000000000.00,2026-03-02T12:00:00+08:00", False),
        ("payment,T1\0,,1.00,0,2026-03-02T12:00:00+08:00", False),
        ("payment,T1,\0,1.00,0,2026-03-02T12:00:00+08:00", False),
        ("payment,T1,,1.00,0,0001-01-01T00:00:00+08:00", False),
    ],
)
def test_a_line_that_no_database_keeps_is_none(paper, text, is_taken):
    account()
    if is_taken:
        assert read(text).line_count == 1
        return
    with pytest.raises(BadInput, match="2"):
        read(line("payment", "T0"), text)
    paper.says["trade", DAY] = document(text)
    bill = Bill.objects.get()
    assert read_bill(fetch_bill(bill)).has_failed
