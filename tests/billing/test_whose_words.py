"""What stands beside an amount, and for whom: names and notes of the staff for staff, a reason for the customer."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.utils.translation import override

from billing.actions import orders, receipts, refunds
from billing.models import Order, Refund
from billing.pages.statement import statement_file
from billing.pages.wallet_lines import wallet_line
from billing.permissions import AUTO_RENEWAL
from billing.statements import wallet_of
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze_ids
from cards.pages.frames import CONSOLE, MY
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, staff
from tests.console.pages import logged_in, of_role

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _today():
    b.price("Y1-30", "30.00")
    with on_day(DAY), override("en"):
        yield


def lines_for(frame, to_staff):
    """(what, reference, told, memo, by) of each line of the wallet, the oldest first."""
    with override("en"):  # whatever was asked for before
        found = [wallet_line(posting, frame, to_staff) for posting in wallet_of(b.customer().pk)]
    return [(line.what, line.reference, line.told, line.memo, line.by) for line in found]


def test_staff_read_names_and_notes_and_customers_what_was_written_for_them():
    acme, finance, alice = b.customer(), b.financier(), member("Acme")
    card, lost = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    receipts.record(acme, Decimal("100"), "BANK 1", DAY, user=finance, note="from the boss")
    wrong = receipts.record(acme, Decimal("7"), "BANK 2", DAY, user=finance)
    receipts.reverse_receipt(wrong, user=finance, reason="whose?")
    mine = b.paid(cards=[card], user=alice)
    refund = refunds.request_refund(mine, user=finance, reason="they threaten", told="Ordered by mistake")
    refunds.approve(refund, user=finance)
    theirs = b.paid(cards=[card], user=finance)
    by_rule = b.placed(cards=[lost])
    do("cancel", lost, DAY)
    orders.pay_and_fulfil(by_rule, user=None)
    given = orders.make_adjustment(acme, Decimal("-5"), user=finance, note="keep them calm", told="Network outage")
    charged = orders.make_adjustment(acme, Decimal("3"), user=finance, note="router")
    old = refunds.request_refund(theirs, user=finance, reason="x")
    refunds.approve(old, user=finance)
    assert lines_for(CONSOLE, to_staff=True) == [
        ("Bank receipt", "BANK 1", "", "from the boss", "finance"),
        ("Bank receipt", "BANK 2", "", "", "finance"),
        ("Reversal", "BANK 2", "", "whose?", "finance"),
        ("Order payment", mine.number, "", "", "alice"),
        ("Refund", mine.number, "Ordered by mistake", "", "finance"),
        ("Order payment", theirs.number, "", "", "finance"),
        ("Order payment", by_rule.number, "", "", "Auto-renewal"),
        ("Refund", by_rule.number, "could not be delivered", "", "Auto-renewal"),
        ("Adjustment", given.number, "Network outage", "", "finance"),
        ("Adjustment", charged.number, "", "", "finance"),
        ("Refund", theirs.number, "", "", "finance"),
    ]
    assert lines_for(MY, to_staff=False) == [
        (what, reference, told, "", {"finance": "your dealer"}.get(by, by))
        for what, reference, told, _memo, by in lines_for(CONSOLE, to_staff=True)
    ]
    assert lines_for(CONSOLE, to_staff=False) == lines_for(MY, to_staff=False), "a statement is the customer's"
    file = b"".join(statement_file(acme, DAY.replace(day=1), CONSOLE, by=finance).streaming_content).decode()
    assert ("Network outage" in file, "keep them calm" in file, "finance" in file) == (True, False, False)


def test_who_is_called_as_the_rule_is_is_no_rule():
    """The portal signs as a rule; a colleague with the name of one is a colleague."""
    b.fund("100")
    b.paid(cards=[card_in_use(customer="Acme")], user=b.financier(username=AUTO_RENEWAL.name))
    assert [line[-1] for line in lines_for(MY, to_staff=False)][1:] == ["your dealer"]
    assert [line[-1] for line in lines_for(CONSOLE, to_staff=True)][1:] == ["auto_renew"]


def test_a_credit_needs_a_text_for_the_customer_and_a_charge_may_have_one():
    finance, acme = of_role("finance"), b.customer()
    path = f"/console/customers/{acme.pk}/adjust/"
    posted = {"amount": "5", "note": "internal", "key": "8a3b9c52-6a1f-4b8e-9d7a-666666666661"}
    response = finance.post(path, posted | {"gives": "1", "told": "  "}, headers={"accept-language": "en"})
    assert (response.status_code, response.context["adjustment"].errors, Order.objects.count()) == (
        422,
        {"told": ["Tell the customer why they are credited."]},
        0,
    )
    finance.post(path, posted | {"gives": "1", "told": "Network outage"})
    finance.post(path, posted | {"gives": "0", "key": "8a3b9c52-6a1f-4b8e-9d7a-666666666662"})
    made = Order.objects.order_by("pk").values_list("total", "note", "told")
    assert list(made) == [(Decimal("-5"), "internal", "Network outage"), (Decimal("5"), "internal", "")]


@pytest.mark.parametrize(("typed", "told"), [("Ordered twice", "Ordered twice"), ("", "Refund of order {number}")])
def test_a_refund_says_at_least_of_which_order_it_is(typed, told):
    b.fund("100")
    chief = logged_in(b.financier())
    order = b.paid(cards=[card_in_use(customer="Acme")], user=User.objects.get(username="finance"))
    page = chief.get(f"/console/orders/{order.pk}/", headers={"accept-language": "en"})
    assert f'value="Refund of order {order.number}"' in page.content.decode()
    posted = {"all": "1", "reason": "internal", "told": typed, "key": "8a3b9c52-6a1f-4b8e-9d7a-666666666663"}
    chief.post(f"/console/orders/{order.pk}/refund/", posted, headers={"accept-language": "en"})
    refund = Refund.objects.get()
    assert (refund.reason, refund.told) == ("internal", told.format(number=order.number))
    chief.post(f"/console/refunds/{refund.pk}/let-go/")
    assert lines_for(MY, to_staff=False)[-1][:3] == ("Refund", order.number, refund.told)


def test_an_adjustment_is_the_staffs_alone_until_it_is_made():
    finance, alice = b.financier(), member("Acme")
    made, waiting, not_made = (
        orders.make_adjustment(b.customer(), Decimal(amount), user=finance, note="x") for amount in (-5, -5000, -6000)
    )
    orders.withdraw(not_made, user=finance)
    assert set(Order.objects.visible_to(alice)) == {made}
    assert set(Order.objects.visible_to(finance)) == {made, waiting, not_made}
    orders.approve_adjustment(waiting, user=b.financier(username="second"))
    assert set(Order.objects.visible_to(alice)) == {made, waiting}


def test_a_job_of_a_members_that_staff_started_names_nobody_of_them():
    alice, mallory = member("Acme"), staff("suspend", username="mallory")
    card = card_in_use(customer="Acme")
    chosen = freeze_ids([card.pk], owner=alice, asked={"from": "page"})
    job = control.start(control.draft(chosen, "suspend", user=alice), user=mallory, reason="they owe us")
    mallory.user_permissions.remove(Permission.objects.get(codename="suspend_card"))
    client = logged_in(alice)
    job = worker.work_off(job)
    english = {"accept-language": "en"}
    page = client.get(f"/my/jobs/{job.pk}/", headers=english).content.decode()
    file = b"".join(client.get(f"/my/jobs/{job.pk}/failures.csv", headers=english).streaming_content).decode()
    for said in (page, file):
        assert ("Whoever started this is not allowed to do it: Suspend." in said, "mallory" in said) == (True, False)
    assert (
        "mallory is not allowed to do this: Suspend."
        in logged_in(mallory).get(f"/console/jobs/{job.pk}/", headers=english).content.decode()
    )
    assert control.retry(job, user=alice).reason == ""
    assert control.retry(job, user=mallory).reason == "they owe us"
