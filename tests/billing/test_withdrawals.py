"""Money out of a wallet: asked for, approved by a second person, and paid out by bank or back to where it came from."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from billing.actions import orders, payments
from billing.actions.approvals import approve_proposal, decline_proposal, expire_waiting, take_back_withdrawal
from billing.actions.asking import work_on_payments
from billing.actions.payer_refunds import keep_in_wallet, record_paid_by_bank, send_again
from billing.actions.unmatched import return_by_provider
from billing.actions.withdrawals import (
    ask_withdrawal,
    payee_account,
    record_transfer,
    return_to_wallet,
    returnable,
    waiting_withdrawal,
)
from billing.choices import WithdrawalWay
from billing.errors import MoneyRefused
from billing.models import Entry, Notice, PayerRefund, Payment, UnmatchedPayment, Withdrawal
from billing.payments.port import Facts, RefundFacts, RefundSaid, Said
from billing.proof import problems
from cards.calendar import this_moment
from cards.errors import BadInput
from tests.billing import build as b
from tests.billing.test_unmatched import killed_at
from tests.build import member, on_day
from tests.payments.playing import ACCOUNT, due_again, played

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
KEY = UUID("8a3b9c52-6a1f-4b8e-9d7a-444444444444")
BANK = payee_account("招商银行", " 张三 ", "6225 8801-2345 6789")


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield
    assert list(problems()) == []


@pytest.fixture
def owner():
    return member("Acme", "owner", "owner")


@pytest.fixture
def user():
    return b.financier()


def refused(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as error:
        do(*args, **kwargs)
    return error.value.code


def bad_field(do, *args, **kwargs):
    with pytest.raises(BadInput) as error:
        do(*args, **kwargs)
    return error.value.field


def came_online(*amounts, provider=None):
    """Payments into Acme's wallet, in this order, by this account of a provider or by the portal's own page."""
    payer = User.objects.filter(username="payer").first() or member("Acme", "payer", "owner")
    for amount in amounts:
        payment = payments.start_deposit(b.customer(), Decimal(amount), user=payer, provider=provider)
        facts = Facts(f"{payment.key}", payment.key, Said.PAID, payment.amount, f"L{payment.pk}", {})
        payments.believe(payment.provider, facts)
    return list(Payment.objects.order_by("pk"))


def asked(owner, amount, way=WithdrawalWay.BANK, **more):
    account = {"account": BANK} if way == WithdrawalWay.BANK else {}
    return ask_withdrawal(b.customer(), Decimal(amount), way, user=owner, **account, **more)


def withdrawn(owner, user, amount, way=WithdrawalWay.BANK):
    return approve_proposal(asked(owner, amount, way), user=user).withdrawal


def failed(refund):
    PayerRefund.objects.filter(pk=refund.pk).update(state="failed", words="account closed", ask_at=None, tries=3)
    return PayerRefund.objects.get(pk=refund.pk)


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


# asking


def test_what_is_asked_for_moves_nothing_before_a_second_person_approves_it(owner, user):
    b.fund("100")
    proposal = asked(owner, "40", key=KEY)
    assert (asked(owner, "40", key=KEY), waiting_withdrawal(b.customer())) == (proposal, proposal)
    assert (b.balance(), Withdrawal.objects.count()) == (100, 0)
    assert proposal.after == {
        "way": "bank",
        "bank": "招商银行",
        "account_name": "张三",
        "account_number": "6225880123456789",
    }
    withdrawal = approve_proposal(proposal, user=user).withdrawal
    assert approve_proposal(proposal, user=user).withdrawal == withdrawal
    assert (b.balance(), b.books()) == (60, {"wallet": 60, "cash": -100, "payback": 40})
    assert (withdrawal.state, withdrawal.account_number, withdrawal.entry.key) == (
        "approved",
        "6225880123456789",
        f"withdrawal:{proposal.pk}",
    )
    assert fresh(proposal).after == {"way": "bank"}  # the account stands with the withdrawal alone


@pytest.mark.parametrize(("amount", "is_taken"), [("99.99", True), ("100.00", True), ("100.01", False)])
def test_no_more_than_the_balance_and_credit_is_none(owner, amount, is_taken):
    b.fund("100")
    b.credit("500")
    assert (is_taken or refused(asked, owner, amount)) == (is_taken or "not_withdrawable")
    if is_taken:
        assert asked(owner, amount).amount == Decimal(amount)


def test_one_waits_for_each_customer(owner):
    b.fund("100")
    asked(owner, "40")
    assert refused(asked, owner, "1") == "withdrawal_waits"
    b.fund("5", "Other")
    other = member("Other", "theirs", "owner")
    assert ask_withdrawal(b.customer("Other"), Decimal(5), "bank", user=other, account=BANK).waits


@pytest.mark.once
def test_owners_and_finance_ask_and_nobody_else(user):
    b.fund("100")
    others = [member("Acme", "op", "operator"), member("Other", "theirs", "owner"), b.clerk()]
    assert [refused(asked, each, "1") for each in others] == ["forbidden"] * 3
    proposal = asked(user, "1")
    assert refused(approve_proposal, proposal, user=user) == "own_request"
    assert refused(approve_proposal, proposal, user=others[0]) == "forbidden"
    assert decline_proposal(proposal, user=user).state == "declined"


def test_it_takes_a_second_person_whatever_it_comes_to(user):
    b.fund("100")
    assert asked(user, "0.01").waits


@pytest.mark.once
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (("", "张三", "62258801"), "bank"),
        (("招商银行", " ", "62258801"), "account_name"),
        (("招商银行", "张三", ""), "account_number"),
        (("招商银行", "张三", "6225880"), "account_number"),
        (("招商银行", "张三", "6225880x"), "account_number"),
        (("招商银行", "张三", "1" * 31), "account_number"),
    ],
)
def test_a_bank_account_is_whole(typed, field):
    assert bad_field(payee_account, *typed) == field


@pytest.mark.once
def test_a_number_is_kept_in_digits_however_it_is_written():
    assert payee_account("中国银行", "李四", "６２２５ 8801-2345").account_number == "622588012345"


# what becomes of a request


def test_it_is_refused_when_the_money_is_spent_meanwhile(owner, user):
    b.fund("100")
    proposal = asked(owner, "100")
    orders.make_adjustment(b.customer(), Decimal("1"), user=user, note="x")
    assert refused(approve_proposal, proposal, user=user) == "not_withdrawable"
    assert (fresh(proposal).waits, b.balance(), Withdrawal.objects.count()) == (True, 99, 0)


def test_who_asked_takes_it_back_while_it_waits(owner, user):
    b.fund("100")
    proposal = asked(owner, "40")
    assert refused(take_back_withdrawal, proposal, user=member("Other", "theirs", "owner")) == "forbidden"
    assert [take_back_withdrawal(proposal, user=owner).state for _twice in range(2)] == ["declined"] * 2
    assert (fresh(proposal).after, waiting_withdrawal(b.customer())) == ({"way": "bank"}, None)
    again = asked(owner, "40")
    approve_proposal(again, user=user)
    assert refused(take_back_withdrawal, again, user=owner) == "withdrawal_decided"


@pytest.mark.parametrize(("days", "state"), [(6, "asked"), (7, "expired"), (8, "expired")])
def test_it_expires_as_others_do_and_forgets_the_account(owner, days, state):
    b.fund("100")
    proposal = asked(owner, "40")
    expire_waiting(this_moment() + timedelta(days=days))
    assert (fresh(proposal).state, "account_number" in fresh(proposal).after) == (state, state == "asked")


# by bank


def test_a_transfer_is_recorded_once_by_its_reference(owner, user):
    b.fund("100")
    withdrawal = withdrawn(owner, user, "40")
    assert bad_field(record_transfer, withdrawal, " - ", user=user) == "reference"
    done = record_transfer(withdrawal, " T  1 ", user=user)
    assert (record_transfer(withdrawal, "T 1", user=user), b.books()) == (done, {"wallet": 60, "cash": -60})
    assert (done.state, done.bank_reference, done.paid_by, done.end_entry.key) == (
        "done",
        "T 1",
        user,
        f"paid_out:{done.pk}",
    )
    assert refused(record_transfer, withdrawal, "T 2", user=user) == "withdrawal_over"
    assert refused(return_to_wallet, withdrawal, user=user) == "withdrawal_over"
    other = withdrawn(owner, user, "10")
    assert bad_field(record_transfer, other, "t 1", user=user) == "reference"
    assert (fresh(other).state, refused(record_transfer, other, "T 3", user=owner)) == ("approved", "forbidden")


def test_what_could_not_be_transferred_is_back_in_the_wallet_once(owner, user):
    b.fund("100")
    withdrawal = withdrawn(owner, user, "40")
    assert [return_to_wallet(withdrawal, user=user).state for _twice in range(2)] == ["returned"] * 2
    assert (b.balance(), b.books()) == (100, {"wallet": 100, "cash": -100})
    assert refused(record_transfer, withdrawal, "T 1", user=user) == "withdrawal_over"


def test_it_is_back_also_where_money_of_the_same_number_that_fits_nothing_went_back_to_its_payer(owner, user):
    b.fund("100")
    withdrawal = withdrawn(owner, user, "40")
    payments.believe("local", Facts("n", KEY, Said.PAID, Decimal("7.00"), "T1", {}))
    UnmatchedPayment.objects.update(id=withdrawal.pk)
    return_by_provider(UnmatchedPayment.objects.get(), user=user, reason="nobody's")
    return_to_wallet(withdrawal, user=user)
    assert (b.balance(), b.books()) == (100, {"wallet": 100, "cash": -100, "providers": -7, "payback": 7})


# back to where it came from


def test_it_goes_back_through_the_newest_payments_first(owner, user):
    came_online("10.00", "20.00", "30.00")
    b.fund("100")
    assert returnable(b.customer().pk) == 60
    withdrawal = withdrawn(owner, user, "45", WithdrawalWay.ORIGIN)
    parts = list(withdrawal.refunds.order_by("pk").values_list("payment__amount", "amount", "state", "cause"))
    assert parts == [(30, 30, "open", "withdrawal"), (20, 15, "open", "withdrawal")]
    assert (returnable(b.customer().pk), b.books()["payback"]) == (15, 45)
    assert refused(asked, owner, "15.01", WithdrawalWay.ORIGIN) == "origin_short"
    assert withdrawn(owner, user, "15", WithdrawalWay.ORIGIN).refunds.count() == 2


@pytest.mark.parametrize(("days", "most"), [(364, 10), (365, 10), (366, 0)])
def test_what_is_older_than_a_year_goes_back_by_bank_alone(days, most):
    came_online("10.00")
    Payment.objects.update(paid_at=this_moment() - timedelta(days=days) + timedelta(minutes=1))
    assert returnable(b.customer().pk) == most


def test_a_failed_refund_is_sent_again_by_the_same_number(owner, user):
    came_online("10.00")
    refund = failed(withdrawn(owner, user, "10", WithdrawalWay.ORIGIN).refunds.get())
    again = [send_again(refund, user=user) for _twice in range(2)][-1]
    assert (again.key, again.state, again.tries, again.ask_at is None) == (refund.key, "open", 0, False)
    assert refused(keep_in_wallet, again, user=user) == "payer_refund_settled"
    assert refused(send_again, again, user=b.clerk()) == "forbidden"


def test_a_failed_refund_is_paid_by_bank_once(owner, user):
    came_online("10.00")
    withdrawal = withdrawn(owner, user, "10", WithdrawalWay.ORIGIN)
    refund = failed(withdrawal.refunds.get())
    for _twice in range(2):
        done = record_paid_by_bank(refund, "T 1", user=user, note="by phone")
    assert (done.state, done.bank_reference, done.note, done.entry.key) == (
        "by_bank",
        "T 1",
        "by phone",
        f"paid_by_bank:{refund.pk}",
    )
    assert b.books() == {"providers": -10, "cash": 10}
    assert (fresh(withdrawal).state, refused(send_again, refund, user=user)) == ("done", "payer_refund_settled")


def test_a_failed_refund_goes_back_into_the_wallet_and_the_withdrawal_with_its_last(owner, user):
    came_online("10.00", "20.00")
    withdrawal = withdrawn(owner, user, "30", WithdrawalWay.ORIGIN)
    first, second = (failed(refund) for refund in withdrawal.refunds.all())
    assert [keep_in_wallet(first, user=user).state for _twice in range(2)] == ["kept"] * 2
    assert (b.balance(), fresh(withdrawal).state) == (first.amount, "approved")
    keep_in_wallet(second, user=user)
    assert (b.balance(), fresh(withdrawal).state, b.books()) == (30, "returned", {"wallet": 30, "providers": -30})
    assert returnable(b.customer().pk) == 30


def test_one_transfer_pays_one_thing(owner, user):
    came_online("10.00")
    b.fund("100")
    record_transfer(withdrawn(owner, user, "40"), "T 1", user=user)
    refund = failed(withdrawn(owner, user, "10", WithdrawalWay.ORIGIN).refunds.get())
    assert bad_field(record_paid_by_bank, refund, "T 1", user=user) == "reference"
    assert record_paid_by_bank(refund, "T 2", user=user).state == "by_bank"


# by the provider


def test_a_withdrawal_is_over_once_the_provider_has_given_all_of_it_back(owner, user, monkeypatch):
    provider = played(monkeypatch)
    came_online("10.00", "20.00", provider=ACCOUNT)
    withdrawal = withdrawn(owner, user, "25", WithdrawalWay.ORIGIN)
    provider.refunds = RefundFacts(RefundSaid.UNDERWAY)
    work_on_payments(20, until_settled=True)
    assert (fresh(withdrawal).state, b.books()["payback"]) == ("approved", 25)
    for refund in withdrawal.refunds.all():
        due_again(refund)
    work_on_payments(20, until_settled=True)
    assert (fresh(withdrawal).state, b.books()) == ("done", {"wallet": 5, "providers": -5})


def test_the_customer_is_told_of_what_the_provider_does_not_give_back(owner, user, monkeypatch):
    provider = played(monkeypatch)
    came_online("10.00", provider=ACCOUNT)
    withdrawal = withdrawn(owner, user, "10", WithdrawalWay.ORIGIN)
    provider.refunds = RefundFacts(RefundSaid.FAILED, words="account closed")
    work_on_payments(20, until_settled=True)
    (notice,) = Notice.objects.all()
    assert (notice.kind, notice.facts, fresh(withdrawal).state) == ("payment_failed", {"amount": "10.00"}, "approved")
    provider.refunds = RefundFacts(RefundSaid.DONE)
    send_again(withdrawal.refunds.get(), user=user)
    work_on_payments(20, until_settled=True)
    assert (fresh(withdrawal).state, b.books()) == ("done", {})


# killed


@pytest.mark.parametrize("way", list(WithdrawalWay))
def test_killed_at_any_statement_of_the_approval_nothing_is_done_and_again_all_of_it_once(owner, user, way):
    came_online("10.00", "20.00")
    proposal, number, ended = asked(owner, "25", way), 0, False
    while not ended:
        number += 1
        ended = killed_at(number, lambda: approve_proposal(proposal, user=user))
        stands = (b.balance(), Withdrawal.objects.count(), PayerRefund.objects.exists(), fresh(proposal).waits)
        assert ended or stands == (30, 0, False, True)
    assert number > 5
    assert (b.balance(), b.books()["payback"], Entry.objects.filter(kind="withdrawal").count()) == (5, 25, 1)
    assert fresh(proposal).is_approved
