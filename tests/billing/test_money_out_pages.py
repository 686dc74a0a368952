"""The pages of withdrawals, of refunds to payers and of chargebacks: who sees what, and what each button does."""

import html
import re
import uuid
from datetime import date

import pytest

from billing.actions.approvals import approve_proposal, decline_proposal
from billing.models import Chargeback, PayerRefund, Proposal, Withdrawal
from billing.proof import problems
from tests.billing import build as b
from tests.billing.test_chargebacks import charge_back, guests_payment
from tests.billing.test_withdrawals import asked, came_online, failed, withdrawn
from tests.build import member, on_day
from tests.console.pages import logged_in, of_role
from tests.my.pages import ENGLISH

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TODAY = date(2026, 3, 2)
ACCOUNT = {"bank": "招商银行", "account_name": "张三", "account_number": "6225 8801 2345 6789"}


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield
    assert list(problems()) == []


@pytest.fixture
def owner():
    return member("Acme", "owner", "owner")


@pytest.fixture
def finance():
    return of_role("finance")


@pytest.fixture
def chief():
    return b.financier(username="chief")


def typed(amount="40", way="bank", **more):
    return {"key": str(uuid.uuid4()), "amount": amount, "way": way} | ACCOUNT | more


def page(client, path, status=200):
    response = client.get(path, headers=ENGLISH)
    assert response.status_code == status
    return words(response)


def words(response):
    """What people read of a page, with a blank between any two words."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def posted(client, path, data=None):
    """(status, where it leads or what the page says)."""
    response = client.post(path, data or {}, headers=ENGLISH)
    return response.status_code, response.get("location") or words(response)


def path_of_wallet(action="withdraw"):
    return f"/my/wallet/{b.customer().pk}/{action}/"


# as customers see it


def test_an_owner_asks_and_sees_in_the_wallet_how_far_it_is(owner, chief):
    b.fund("100")
    client, form = logged_in(owner), typed()
    assert "Can go back to where it came from ¥0.00" in page(client, path_of_wallet())
    assert [posted(client, path_of_wallet(), form) for _twice in range(2)] == [(302, "/my/wallet/")] * 2
    proposal = Proposal.objects.get()
    assert "¥40.00 Pending Bank transfer ending in 6789" in page(client, "/my/wallet/")
    assert "already waits for approval" in page(client, path_of_wallet())
    approve_proposal(proposal, user=chief)
    seen = page(client, "/my/wallet/")
    assert "¥40.00 Being paid out Bank transfer ending in 6789" in seen
    assert f"Withdrawal W{proposal.withdrawal.pk}" in seen
    assert "6225880123456789" not in seen


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": "100.01"}, "¥100.01 cannot be withdrawn: the balance is ¥100.00. Credit is not paid out."),
        ({"amount": "0"}, "the amount must be at least ¥0.01"),
        ({"way": "origin"}, "Only ¥0.00 can go back to where it came from; ¥40.00 is asked for."),
        ({"account_number": "12"}, "A bank account number has 8 to 30 digits and no letters."),
        ({"bank": ""}, "a bank transfer needs the bank, the account name and the number"),
        ({"way": "by foot"}, "Select a valid choice."),
    ],
)
def test_what_makes_no_sense_is_said_at_once_and_nothing_is_asked_for(owner, changed, said):
    b.fund("100")
    status, answer = posted(logged_in(owner), path_of_wallet(), typed() | changed)
    assert (status, said in answer, Proposal.objects.count()) == (422, True, 0)


def test_only_owners_of_the_customer_ask(owner):
    b.fund("100")
    others = [member("Acme", "op", "operator"), member("Acme", "looks", "viewer"), member("Other", "o", "owner")]
    assert [posted(logged_in(each), path_of_wallet(), typed())[0] for each in others] == [403, 403, 404]
    assert "Withdraw money" not in page(logged_in(others[0]), "/my/wallet/")
    assert Proposal.objects.count() == 0


def test_it_is_taken_back_while_it_waits_and_no_longer(owner, chief):
    b.fund("100")
    proposal = asked(owner, "40")
    path = f"/my/wallet/withdrawals/{proposal.pk}/take-back/"
    assert posted(logged_in(member("Other", "o", "owner")), path)[0] == 404
    assert posted(logged_in(owner), path) == (302, "/my/wallet/")
    assert "¥40.00 Declined" in page(logged_in(owner), "/my/wallet/")
    again = asked(owner, "40")
    approve_proposal(again, user=chief)
    client = logged_in(owner)
    posted(client, f"/my/wallet/withdrawals/{again.pk}/take-back/")
    assert "The withdrawal is already decided." in page(client, "/my/wallet/")


def test_what_came_back_is_told_on_the_statement(owner, chief):
    came_online("10.00")
    refund = failed(withdrawn(owner, chief, "10", "origin").refunds.get())
    posted(logged_in(chief), f"/console/payer-refunds/{refund.pk}/keep/")
    said = page(logged_in(owner), f"/my/wallet/{b.customer().pk}/statement/")
    assert "could not be paid out" in said
    assert "¥10.00 ¥10.00" in said


# in the console


def test_finance_asks_for_a_customer_and_a_colleague_approves(finance, chief):
    b.fund("100")
    b.credit("50")
    path = f"/console/customers/{b.customer().pk}/withdraw/"
    assert posted(of_role("support"), path, typed())[0] == 403
    status, where = posted(finance, path, typed())
    proposal = Proposal.objects.get()
    assert (status, where) == (302, f"/console/approvals/{proposal.pk}/")
    seen = page(logged_in(chief), where)
    assert [part for part in ("招商银行", "6225880123456789", "Balance ¥100.00") if part not in seen] == []
    assert posted(finance, f"{where}approve/")[0] == 302
    assert Withdrawal.objects.count() == 0
    posted(logged_in(chief), f"{where}approve/")
    withdrawal = Withdrawal.objects.get()
    assert f"{withdrawal} Being paid out" in page(logged_in(chief), where)
    assert f"Withdrawal {withdrawal}" in page(finance, f"/console/customers/{b.customer().pk}/")
    assert str(withdrawal) in page(finance, "/console/withdrawals/")


def test_the_page_of_a_request_shows_what_was_paid_in(owner, chief):
    came_online("10.00", "20.00")
    proposal = asked(owner, "25", "origin")
    seen = page(logged_in(chief), f"/console/approvals/{proposal.pk}/")
    assert "Can go back to where it came from ¥30.00" in seen
    assert "Paid in online" in seen
    decline_proposal(proposal, user=chief)
    assert page(logged_in(chief), f"/console/approvals/{proposal.pk}/")


def test_a_transfer_is_recorded_on_its_page_or_put_back(owner, chief, finance):
    b.fund("100")
    first, second = (withdrawn(owner, chief, amount) for amount in ("40", "10"))
    assert posted(of_role("support"), f"/console/withdrawals/{first.pk}/paid/", {"reference": "T 1"})[0] == 403
    form = {"key": str(uuid.uuid4()), "reference": "T 1"}
    where = f"/console/withdrawals/{first.pk}/"
    assert [posted(finance, f"{where}paid/", form) for _twice in range(2)] == [(302, where)] * 2
    status, said = posted(finance, f"/console/withdrawals/{second.pk}/paid/", form)
    assert (status, "something else was paid by this transfer" in said) == (422, True)
    assert posted(finance, f"/console/withdrawals/{second.pk}/back/")[0] == 302
    ended = page(finance, "/console/withdrawals/?show=ended")
    assert (f"{first} ¥40.00 Paid out" in ended, f"{second} ¥10.00 Back in the wallet" in ended) == (True, True)
    assert page(finance, "/console/withdrawals/?show=nonsense", 404)


def test_the_first_page_has_what_waits_of_money_out_for_who_sees_to_it(owner, chief, finance):
    tiles = ("1 Failed refunds to payers", "1 Withdrawals to transfer")
    b.fund("100")
    came_online("100.00")
    assert "to transfer" not in page(finance, "/console/")
    withdrawn(owner, chief, "40")
    failed(withdrawn(owner, chief, "30", "origin").refunds.get())
    seen = [page(client, "/console/") for client in (finance, of_role("support"))]
    assert [[tile in home for tile in tiles] for home in seen] == [[True, True], [False, False]]


def test_the_queue_of_refunds_to_payers_and_what_is_done_about_one_that_failed(owner, chief, finance):
    came_online("10.00", "20.00")
    refunds = [failed(each) for each in withdrawn(owner, chief, "30", "origin").refunds.order_by("pk")]
    queue, first, second = page(finance, "/console/payer-refunds/?show=failed"), *refunds
    assert ("Failed: a decision is needed 2" in queue, queue.count("account closed")) == (True, 2)
    auditor = of_role("auditor")
    assert "Nothing here." in page(auditor, "/console/payer-refunds/?show=ended")
    where = f"/console/payer-refunds/{first.pk}/"
    assert posted(auditor, f"{where}again/")[0] == 403
    assert posted(finance, f"{where}again/") == (302, where)
    assert "Queued" in page(finance, where)
    form = {"key": str(uuid.uuid4()), "reference": "T 1", "note": "called"}
    where = f"/console/payer-refunds/{second.pk}/"
    assert [posted(finance, f"{where}by-bank/", form) for _twice in range(2)] == [(302, where)] * 2
    assert "Paid back by bank transfer" in page(finance, where)
    lines = b"".join(finance.get("/console/payer-refunds.csv?show=ended", headers=ENGLISH).streaming_content).decode()
    assert [line.split(",")[1:3] for line in lines.strip().splitlines()[1:]] == [
        ["Paid back by bank transfer", str(second.amount)]
    ]
    assert page(finance, "/console/payer-refunds/?cause=nonsense", 400)


def test_a_guests_refund_never_goes_into_a_wallet(finance):
    payment = guests_payment()
    refund = failed(PayerRefund.objects.create(provider="local", payment=payment, amount=1, cause="refund"))
    where = f"/console/payer-refunds/{refund.pk}/"
    assert "Put it back into the wallet" not in page(finance, where)
    posted(finance, f"{where}keep/")
    assert "This money was never in a wallet" in page(finance, where)
    PayerRefund.objects.all().delete()


def test_a_chargeback_is_recorded_on_the_page_of_its_payment_and_won_back(finance, chief):
    (payment,) = came_online("10.00")
    where = f"/console/online-payments/{payment.pk}/"
    assert where in finance.get(f"/console/customers/{b.customer().pk}/").content.decode()
    form = {"key": str(uuid.uuid4()), "amount": "10", "reference": "CB 1", "reason": "disputed"}
    assert posted(of_role("support"), f"{where}charged-back/", form)[0] == 403
    assert posted(finance, f"{where}charged-back/", form | {"amount": "10.01"})[0] == 422
    assert [posted(finance, f"{where}charged-back/", form) for _twice in range(2)] == [(302, where)] * 2
    chargeback = Chargeback.objects.get()
    assert "¥10.00 CB 1 disputed" in page(finance, where)
    assert posted(finance, f"/console/chargebacks/{chargeback.pk}/won/", {"key": uuid.uuid4()})[0] == 302
    assert b.balance() == 0
    posted(finance, f"/console/chargebacks/{chargeback.pk}/won/", {"key": uuid.uuid4(), "reason": "won"})
    assert ("Won back" in page(finance, where), b.balance()) == (True, 10)


def test_the_page_of_an_order_says_what_to_do_about_a_chargeback(finance, chief):
    payment = guests_payment()
    charge_back(payment, "9.90", user=chief)
    seen = page(finance, f"/console/orders/{payment.order_id}/")
    assert "Nothing happens to the cards by itself. To stop their service, suspend them. Suspend the card…" in seen


def test_a_chargeback_above_the_amount_waits_for_a_colleague(finance):
    (payment,) = came_online("2000.00")
    form = {"key": str(uuid.uuid4()), "amount": "2000", "reference": "CB 1", "reason": "disputed"}
    _status, where = posted(finance, f"/console/online-payments/{payment.pk}/charged-back/", form)
    assert where == f"/console/approvals/{Proposal.objects.get().pk}/"
    assert "Reference of the chargeback CB 1" in page(finance, where)
