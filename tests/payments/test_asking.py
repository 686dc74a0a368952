"""What providers did not say is asked for; refunds are made and followed; nothing happens twice or is lost."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from billing import proof
from billing.actions import payments
from billing.actions.approvals import approve_proposal
from billing.actions.asking import BETWEEN, work_on_payments
from billing.actions.payer_refunds import record_paid_by_bank, send_again
from billing.actions.unmatched import return_by_provider
from billing.actions.withdrawals import ask_withdrawal
from billing.choices import WithdrawalWay
from billing.models import Notice, Notification, PayerRefund, Payment, ProviderAccount, UnmatchedPayment
from billing.payments.port import Facts, Garbled, ProviderRefused, RefundFacts, RefundSaid, Said
from billing.tasks import ask_providers
from cards.calendar import this_moment
from cards.errors import NothingHeard
from simportal.health import state as state_of_parts
from tests.billing import build as b
from tests.build import card_in_use, member, on_day
from tests.commands.calls import run
from tests.payments.playing import ACCOUNT, due_again, guest_order, played

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
NOTHING = [NothingHeard(), Garbled("?")]


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def provider(monkeypatch):
    return played(monkeypatch)


@pytest.fixture
def payment(provider):
    """A deposit of ¥10.00 that is under way, and due to be asked about."""
    return due_again(payments.start_deposit(b.customer(), Decimal("10.00"), user=member(), provider=ACCOUNT))


def work():
    return work_on_payments(20, until_settled=True)


def state(row):
    return type(row).objects.get(pk=row.pk).state


def wait_of(row):
    """How long until its next turn, to ten seconds; None where it has none."""
    row = type(row).objects.get(pk=row.pk)
    return row.ask_at and timedelta(seconds=round((row.ask_at - this_moment()).total_seconds(), -1))


def asked_to_the_end(payment, provider):
    """What the provider was asked at each turn of a payment, to the last before it waits in vain."""
    said = []
    for _turn in range(len(BETWEEN) + 1):
        provider.calls.clear()
        due_again(payment)
        work()
        said.append(list(provider.calls))
    return said


# payments


def test_a_payment_is_asked_about_after_a_minute_and_not_before(provider, payment):
    fresh = payments.start_deposit(b.customer(), Decimal("20.00"), user=member(username="bob"), provider=ACCOUNT)
    assert wait_of(fresh) == timedelta(minutes=1)
    assert (work(), provider.calls, wait_of(payment)) == (1, ["ask"], timedelta(minutes=4))
    assert (work(), state(payment), Notification.objects.count()) == (0, "started", 0)


def test_lost_notifications_are_found_by_asking_and_booked_once(provider, payment):
    provider.said = Said.PAID
    ask_providers()
    assert (state(payment), b.balance(), wait_of(payment)) == ("paid", 10, None)
    assert b.books() == {"providers": -10, "wallet": 10}
    paid = Payment.objects.get(pk=payment.pk)
    late = Facts("n" * 100, payment.key, Said.PAID, payment.amount, paid.provider_reference, {})
    assert payments.believe(ACCOUNT, late).outcome == "known"
    assert (work(), b.balance(), list(proof.problems())) == (0, 10, [])


def test_at_its_end_it_is_closed_at_the_provider_and_then_here(provider, payment):
    assert asked_to_the_end(payment, provider) == [["ask"], ["ask"], ["ask"], ["ask", "close"]]
    assert (state(payment), wait_of(payment), b.books()) == ("closed", None, {})


def test_one_that_is_paid_at_the_last_moment_is_booked_and_not_closed(provider, payment):
    Payment.objects.update(asked=len(BETWEEN))
    provider.said = Said.PAID
    work()
    assert (provider.calls, state(payment), b.balance()) == (["ask"], "paid", 10)


def test_one_that_the_provider_does_not_close_is_asked_about_again(provider, payment):
    provider.closes = ProviderRefused("ORDERPAID", "it is being paid")
    asked_to_the_end(payment, provider)
    assert (state(payment), wait_of(payment)) == ("started", timedelta(minutes=10))
    assert Payment.objects.get().words == "ORDERPAID it is being paid"
    provider.said, payment = Said.PAID, due_again(payment)
    work()
    assert (state(payment), b.balance()) == ("paid", 10)


def test_what_the_provider_calls_over_is_closed_here(provider, payment):
    provider.said = Said.CLOSED
    work()
    assert (provider.calls, state(payment)) == (["ask"], "closed")


@pytest.mark.parametrize("nothing", NOTHING)
def test_a_provider_that_says_nothing_is_asked_again_later_and_nothing_is_closed(provider, payment, nothing):
    provider.said = nothing
    asked_to_the_end(payment, provider)
    waits = []
    for _turn in range(5):
        due_again(payment)
        work()
        waits.append(wait_of(payment))
    assert (state(payment), waits) == (
        "started",
        [timedelta(hours=1), timedelta(hours=6), *[timedelta(days=1)] * 3],
    )


def test_of_a_silent_provider_one_thing_is_asked_and_the_others_go_on(provider, payment):
    ProviderAccount.objects.create(name="played-2", protocol="played", is_on=True)
    other = payments.start_deposit(b.customer(), Decimal("20.00"), user=member(username="bob"), provider=ACCOUNT)
    due_again(other)
    Payment.objects.filter(pk=payment.pk).update(provider="gone")
    assert work() == 2
    assert (provider.calls, wait_of(payment)) == (["ask"], timedelta(minutes=4))


def test_two_workers_do_not_ask_about_the_same_payment(provider, payment):
    """The other worker comes while the first one is asking."""
    ask, turns = provider.ask, []

    def and_meanwhile(*asked):
        turns.append(work())
        return ask(*asked)

    provider.ask = and_meanwhile
    assert (work(), turns, provider.calls) == (1, [0], ["ask"])


def test_killed_while_it_asks_its_turn_comes_again(provider, payment):
    provider.said = KeyboardInterrupt()
    provider._answer = lambda what, answer: (_ for _ in ()).throw(answer)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert (state(payment), wait_of(payment)) == ("started", timedelta(minutes=4))


# refunds


@pytest.fixture
def refund(provider):
    """¥10.00 that came for nothing, and goes back to the payer."""
    payments.believe(ACCOUNT, Facts("n1", uuid.uuid4(), Said.PAID, Decimal("10.00"), "T1", {}))
    return_by_provider(UnmatchedPayment.objects.get(), user=b.financier(), reason="not ours")
    return PayerRefund.objects.get()


def owed():
    return b.books().get("payback", 0)


def test_a_refund_is_made_once_and_leaves_the_books(provider, refund):
    assert (owed(), work(), work()) == (10, 1, 0)
    assert (provider.calls, state(refund), b.books()) == (["refund"], "done", {})
    refund = PayerRefund.objects.get()
    assert (refund.reference, refund.entry_id, refund.is_over) == ("R1", f"paid_back:{refund.pk}", True)
    assert (provider.wanted.key, provider.wanted.reference, provider.wanted.total) == (refund.key, "T1", 10)
    assert list(proof.problems()) == []


def test_one_that_takes_its_time_is_asked_about_until_it_is_done(provider, refund):
    provider.refunds = provider.of_refunds = RefundFacts(RefundSaid.UNDERWAY, "R1")
    waits = []
    for _turn in range(7):
        due_again(refund)
        work()
        waits.append(wait_of(refund))
    assert (state(refund), owed()) == ("sent", 10)
    assert waits == [
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(hours=6),
        *[timedelta(days=1)] * 2,
    ]
    provider.of_refunds = RefundFacts(RefundSaid.DONE, "R1")
    due_again(refund)
    work()
    assert (provider.calls, state(refund), owed()) == (["refund", *["ask_refund"] * 7], "done", 0)


@pytest.mark.parametrize("nothing", NOTHING)
def test_of_one_whose_outcome_nobody_knows_is_asked_before_it_is_made_again(provider, refund, nothing):
    provider.refunds = nothing
    assert (work(), state(refund), owed()) == (1, "open", 10)
    key = provider.wanted.key
    due_again(refund)
    provider.of_refunds, provider.refunds = RefundFacts(RefundSaid.UNKNOWN), RefundFacts(RefundSaid.DONE, "R2")
    work()
    assert (provider.calls, state(refund), owed()) == (["refund", "ask_refund", "refund"], "done", 0)
    assert provider.wanted.key == key


def test_one_that_was_made_though_nobody_heard_is_not_made_again(provider, refund):
    provider.refunds = NothingHeard()
    work()
    due_again(refund)
    work()
    assert (provider.calls, state(refund), owed()) == (["refund", "ask_refund"], "done", 0)


def test_a_question_that_is_refused_says_nothing_of_the_refund(provider, refund):
    provider.refunds, provider.of_refunds = NothingHeard(), ProviderRefused("BUSY", "later")
    work()
    due_again(refund)
    work()
    assert (state(refund), owed(), wait_of(refund)) == ("open", 10, timedelta(minutes=2))


@pytest.mark.parametrize(
    "failed", [RefundFacts(RefundSaid.FAILED, "R1", "account closed"), ProviderRefused("", "account closed")]
)
def test_one_that_fails_is_owed_until_a_person_decides(provider, refund, failed):
    provider.refunds = failed
    assert (work(), work(), state(refund), owed()) == (1, 0, "failed", 10)
    refund = PayerRefund.objects.get()
    assert (refund.words, refund.is_over, list(proof.problems())) == ("account closed", False, [])
    assert not Notice.objects.exists()  # it is nobody's whom the portal knows


def test_one_that_has_failed_is_asked_about_and_not_made_again(provider, refund):
    """A bill has it have asked about (`ask_what_became`), while a person decides."""
    provider.refunds = ProviderRefused("", "account closed")
    provider.of_refunds = RefundFacts(RefundSaid.UNKNOWN)
    work()
    due_again(refund)
    assert (work(), provider.calls, state(refund)) == (1, ["refund", "ask_refund"], "failed")
    assert (work(), wait_of(refund)) == (0, None)
    provider.of_refunds = RefundFacts(RefundSaid.DONE, "R1")
    due_again(refund)
    assert (work(), provider.calls[2:], state(refund), owed()) == (1, ["ask_refund"], "done", 0)


def test_one_that_is_paid_by_bank_while_it_is_asked_about_is_not_made(provider, refund):
    provider.refunds = ProviderRefused("", "account closed")
    work()
    due_again(PayerRefund.objects.get())
    ask_refund = provider.ask_refund

    def and_meanwhile(*asked):
        record_paid_by_bank(refund, "T 1", user=User.objects.get(username="finance"))
        return ask_refund(*asked)

    provider.ask_refund, provider.of_refunds = and_meanwhile, RefundFacts(RefundSaid.UNKNOWN)
    work()
    assert (provider.calls, state(refund), wait_of(refund)) == (["refund", "ask_refund"], "by_bank", None)


def test_one_that_its_provider_has_closed_is_sent_again_by_another_number(provider, refund):
    provider.refunds = RefundFacts(RefundSaid.FAILED, "R1", "CLOSED", is_closed=True)
    work()
    send_again(refund, user=User.objects.get(username="finance"))
    provider.refunds = RefundFacts(RefundSaid.FAILED, "R1", "ABNORMAL")
    work()
    second = provider.wanted.key
    assert (second == refund.key, PayerRefund.objects.get().key) == (False, second)
    send_again(refund, user=User.objects.get(username="finance"))
    work()
    assert (provider.wanted.key, provider.calls, owed()) == (second, ["refund"] * 3, 10)


def test_what_is_said_late_of_a_number_that_it_has_no_more_changes_nothing(provider, refund):
    """Another worker hears that it is closed, and a person sends it again, while the first one is asking."""
    refund_at = provider.refund

    def and_meanwhile(*asked):
        provider.refund = refund_at
        provider.refunds = RefundFacts(RefundSaid.FAILED, "R1", "CLOSED", is_closed=True)
        provider.of_refunds = RefundFacts(RefundSaid.UNKNOWN)
        due_again(refund)
        work()
        send_again(refund, user=User.objects.get(username="finance"))
        provider.refunds = RefundFacts(RefundSaid.UNDERWAY, "R2")
        work()
        return RefundFacts(RefundSaid.FAILED, "R1", "CLOSED", is_closed=True)

    provider.refund = and_meanwhile
    work()
    assert (state(refund), PayerRefund.objects.get().reference, owed()) == ("sent", "R2", 10)


def test_of_a_withdrawal_that_fails_the_customer_is_told(provider, payment):
    provider.said = Said.PAID
    work()
    proposal = ask_withdrawal(b.customer(), Decimal("4.00"), WithdrawalWay.ORIGIN, user=User.objects.get())
    approve_proposal(proposal, user=b.financier())
    provider.refunds = ProviderRefused("", "account closed")
    assert (work(), work(), PayerRefund.objects.get().state) == (1, 0, "failed")
    due_again(PayerRefund.objects.get())
    provider.of_refunds = RefundFacts(RefundSaid.FAILED, words="account closed")
    work()
    notice = Notice.objects.get()
    assert (notice.customer.name, notice.kind, notice.facts) == ("Acme", "payment_failed", {"amount": "4.00"})


def test_where_the_account_is_gone_a_person_decides(provider, refund):
    ProviderAccount.objects.all().delete()
    work()
    assert (provider.calls, state(refund), PayerRefund.objects.get().words) == (
        [],
        "failed",
        f"账户 {ACCOUNT} 已不存在。",
    )


# guests, trials


def test_what_a_guest_paid_too_late_goes_back_to_whoever_paid(provider):
    b.price("Y1-30", "30.00")
    order = guest_order([card_in_use(customer="Acme")])
    payment = payments.start_guest_payment(order, provider=ACCOUNT)
    facts = [Facts(f"n{n}", payment.key, Said.PAID, payment.amount, f"T{n}", {}) for n in range(2)]
    assert payments.believe(ACCOUNT, facts[0]).outcome == "paid"
    assert (b.fresh(order).state, b.books()) == ("fulfilled", {"providers": -30, "revenue": 30})
    payments.believe(ACCOUNT, facts[1])
    assert (PayerRefund.objects.get().cause, b.books()) == (
        "not_needed",
        {"providers": -60, "revenue": 30, "payback": 30},
    )
    work()
    assert (provider.wanted.reference, b.books()) == ("T1", {"providers": -30, "revenue": 30})
    assert list(proof.problems()) == []


def test_a_trial_goes_back_by_itself(provider):
    account = ProviderAccount.objects.get()
    trial = payments.start_trial(account, user=b.financier(), way="page")
    payments.believe(ACCOUNT, Facts("n1", trial.key, Said.PAID, Decimal("0.01"), "T1", {}))
    assert (state(trial), b.books()) == ("paid", {"providers": Decimal("-0.01"), "payback": Decimal("0.01")})
    work()
    assert (PayerRefund.objects.get().state, b.books(), list(proof.problems())) == ("done", {}, [])


# what waits too long


def test_what_waits_too_long_rings_and_not_a_moment_before(provider, payment, refund):
    def waiting():
        return state_of_parts(is_full=True)["online_money"]

    assert waiting() == {"ok": True, "unasked": 0, "failed_refunds": 0, "to_clear": 0}
    due_again(payment, timedelta(minutes=14))
    assert waiting()["ok"]
    due_again(payment, timedelta(minutes=15))
    due_again(refund, timedelta(minutes=15))
    assert waiting() == {"ok": False, "unasked": 2, "failed_refunds": 0, "to_clear": 0}
    provider.refunds = ProviderRefused("X")
    work()
    payments.believe(ACCOUNT, Facts("n9", uuid.uuid4(), Said.PAID, Decimal("9.00"), "T9", {}))
    assert waiting() == {"ok": False, "unasked": 0, "failed_refunds": 1, "to_clear": 0}
    UnmatchedPayment.objects.update(came_at=timezone.now() - timedelta(days=1))
    assert waiting() == {"ok": False, "unasked": 0, "failed_refunds": 1, "to_clear": 1}


# the command


def test_the_command_says_what_is_under_way_and_asks(provider, payment):
    document = run("payments", "list", "--json").document
    assert [(each["payment"], each["provider"], each["amount"]) for each in document] == [
        (str(payment.key), ACCOUNT, "10.00")
    ]
    provider.said = Said.PAID
    assert run("payments", "work", "--until-settled", "--json").document == {"turns": 1, "failed_refunds": 0}
    assert (run("payments", "list", "--json").document, b.balance()) == ([], 10)


def test_the_command_ends_with_1_where_a_refund_failed(provider, refund):
    provider.refunds = ProviderRefused("NOTENOUGH", "no balance")
    ended = run("payments", "work", "--json")
    assert (ended.code, ended.document) == (1, {"turns": 1, "failed_refunds": 1})
    assert "no balance" in run("payments", "list").out
