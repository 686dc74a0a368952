"""What a provider takes back of a payment: the wallet bears it as far as its balance goes, and then the dealer."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions import orders, payments, refunds
from billing.actions.approvals import approve_proposal, decline_proposal
from billing.actions.chargebacks import record_chargeback, record_won
from billing.actions.second_person import sum_alone
from billing.choices import OrderKind
from billing.models import Chargeback, Entry, MoneyRules, PayerRefund, Payment, Proposal
from billing.payments import local
from billing.proof import problems
from tests.billing import build as b
from tests.billing.test_withdrawals import bad_field, came_online, refused, withdrawn
from tests.build import card_in_use, member, on_day

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield
    assert list(problems()) == []


@pytest.fixture
def user():
    return b.financier()


def charge_back(payment, amount, reference="CB 1", *, user):
    return record_chargeback(payment, Decimal(amount), reference, user=user, reason="disputed")


def guests_payment():
    """The payment of a guest's order of a pack, paid and served."""
    b.price("PACK-100", "9.90")
    order = b.placed(OrderKind.PACK, [card_in_use(customer="Acme")], plan="PACK-100", is_guest=True)
    payment = payments.start_guest_payment(order)
    payments.receive(local.NAME, *local.notification(payment, "paid"))
    return Payment.objects.get(pk=payment.pk)


@pytest.mark.parametrize(("spent", "borne", "lost"), [("0", 10, 0), ("4", 6, 4), ("10", 0, 10), ("12", 0, 10)], ids=str)
def test_the_wallet_bears_it_as_far_as_its_balance_goes_and_never_on_credit(user, spent, borne, lost):
    (payment,) = came_online("10.00")
    b.credit("50")
    if Decimal(spent):
        orders.make_adjustment(b.customer(), Decimal(spent), user=user, note="x")
    before = b.balance()
    chargeback = charge_back(payment, "10", user=user)
    moved = dict(chargeback.entry.postings.values_list("account", "amount"))
    expected = {"wallet": -borne, "losses": -lost, "providers": 10}
    assert moved == {account: amount for account, amount in expected.items() if amount}
    assert (before - b.balance(), chargeback.entry.kind, sum_alone(user, b.customer())) == (
        borne,
        "chargeback",
        10 + Decimal(spent),
    )


def test_once_for_each_reference_however_it_is_written(user):
    (payment,) = came_online("10.00")
    first = charge_back(payment, "4", "CB-1", user=user)
    assert charge_back(payment, "4", " cb 1 ", user=user) == first
    assert refused(charge_back, payment, "3", "CB-1", user=user) == "charged_back_already"
    assert bad_field(charge_back, payment, "3", " - ", user=user) == "reference"
    charge_back(payment, "6", "CB-2", user=user)
    assert (Chargeback.objects.count(), b.balance()) == (2, 0)


@pytest.mark.parametrize(("amount", "is_taken"), [("5.99", True), ("6.00", True), ("6.01", False)])
def test_no_more_than_the_payment_less_what_went_back(user, amount, is_taken):
    (payment,) = came_online("10.00")
    withdrawn(member("Acme", "owner", "owner"), user, "4", "origin")
    assert (is_taken or refused(charge_back, payment, amount, user=user)) == (is_taken or "charged_back_too_much")
    if is_taken:
        charge_back(payment, amount, user=user)


def test_what_was_not_paid_is_not_taken_back_and_only_finance_says_so(user):
    payment = payments.start_deposit(b.customer(), Decimal(10), user=user)
    assert refused(charge_back, payment, "1", user=user) == "not_paid_online"
    assert refused(charge_back, *came_online("10.00")[1:], "1", user=b.clerk()) == "forbidden"


def test_a_guests_is_the_dealers_loss_and_touches_no_wallet(user):
    b.fund("100")
    chargeback = charge_back(guests_payment(), "9.90", user=user)
    assert (b.balance(), b.books()["losses"]) == (100, Decimal("-9.90"))
    record_won(chargeback, user=user, reason="won")
    assert (b.balance(), b.books().get("losses")) == (100, None)


def test_what_a_guest_has_back_by_the_bank_is_refunded_to_nobody(user):
    b.price("Y1-30", "30.00")
    order = b.placed(OrderKind.RENEWAL, [card_in_use(TODAY, customer="Acme")], is_guest=True)
    payment = payments.start_guest_payment(order)
    payments.receive(local.NAME, *local.notification(payment, "paid"))
    refund = refunds.request_refund(b.fresh(order), user=user, reason="asked for")
    chargeback = charge_back(payment, "0.01", user=user)
    assert (refused(refunds.approve, refund, user=user), PayerRefund.objects.count()) == ("charged_back_too_much", 0)
    record_won(chargeback, user=user, reason="won")
    refunds.approve(refund, user=user)
    assert (b.fresh(order).state, PayerRefund.objects.get().amount) == ("refunded", 30)


def test_what_is_won_back_is_reversed_once_and_can_be_taken_back_anew(user):
    (payment,) = came_online("10.00")
    orders.make_adjustment(b.customer(), Decimal(4), user=user, note="x")
    chargeback = charge_back(payment, "10", user=user)
    assert [record_won(chargeback, user=user, reason="won").is_won for _twice in range(2)] == [True, True]
    assert (b.balance(), Entry.objects.filter(kind="reversal").count()) == (6, 1)
    assert charge_back(payment, "10", "CB 2", user=user).amount == 10


def test_above_the_amount_a_second_person_approves_it(user):
    MoneyRules.objects.update(second_person_above=Decimal(9))
    (payment,) = came_online("10.00")
    proposal = charge_back(payment, "9.01", user=user)
    assert (isinstance(proposal, Proposal), b.balance()) == (True, 10)
    assert refused(charge_back, payment, "9.01", user=user) == "waits_already"
    assert refused(approve_proposal, proposal, user=user) == "own_request"
    boss = b.financier(username="boss")
    approve_proposal(proposal, user=boss)
    chargeback = Chargeback.objects.get()
    assert (b.balance(), chargeback.recorded_by, chargeback.entry.actor_name) == (Decimal("0.99"), user, "boss")
    assert sum_alone(user, b.customer()) == 0
    record_won(chargeback, user=user, reason="won")
    declined = charge_back(payment, "9.50", "CB 2", user=user)
    assert (decline_proposal(declined, user=boss).state, b.balance()) == ("declined", 10)
