"""Buying without an account: paid online alone, for exactly that card, and never out of the owner's wallet."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from billing.actions import payments
from billing.actions.ledger import account_of
from billing.choices import Account, LineState, OrderState
from billing.models import CustomerAccount, Notice, Order, PayerRefund, Payment
from billing.payments import local
from billing.statements import statement
from cards.models import CardEvent, Tries
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, use
from tests.console.pages import logged_in, of_role, text
from tests.guest.build import DAY, ENGLISH, PACK, PLAN, buy, form_of, page, priced, said, token_of

pytestmark = pytest.mark.django_db

IN_WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/8.0"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def card():
    """A stopped card: its data is used up."""
    priced()
    b.fund("100.00")
    return use(card_in_use(customer="Acme"), DAY, 30)


def pay(payment):
    return payments.receive(local.NAME, *local.notification(payment, "paid"))


def test_a_pack_is_ordered_paid_and_served_past_the_wallet(card):
    answer = buy(card)
    payment = Payment.objects.get()
    order = payment.order
    assert (answer.status_code, answer["Location"]) == (302, f"/pay/{payment.key}/")
    assert (order.is_guest, order.customer, order.created_by, order.state) == (True, card.customer, None, "placed")
    assert (payment.amount, payment.started_by, len(payment.code)) == (Decimal("5.00"), None, 12)
    pay(payment)
    assert (b.fresh(order).state, b.balance()) == (OrderState.FULFILLED, Decimal("100.00"))
    assert b.books("Acme")[Account.WALLET] == Decimal("100.00")
    assert fresh(card).shown == "in_use"
    last = CardEvent.objects.filter(card=card, action="top_up").get()
    assert (last.actor_kind, last.actor_name) == ("guest", "guest")


def test_the_statement_of_the_wallet_knows_nothing_of_it(card):
    buy(card)
    pay(Payment.objects.get())
    found = statement(card.customer_id, DAY.replace(day=1))
    assert (found.money_in, found.money_out, found.served) == (Decimal("100.00"), 0, 0)


def test_a_renewal_is_one_more_term_also_of_a_card_that_is_renewed_already(card):
    for _time in range(2):
        buy(card, PLAN)
        pay(Payment.objects.latest("pk"))
    assert fresh(card).terms.filter(starts_on=None).count() == 2


def test_the_same_form_twice_is_one_order_and_one_payment(card):
    client, path = Client(), f"/c/{token_of(card)}"
    form = form_of(page(path, client), PACK)
    answers = [client.post(path, form)["Location"] for _time in range(3)]
    pay(Payment.objects.get())
    answers.append(client.post(path, form)["Location"])
    assert (len(set(answers)), Order.objects.count(), Payment.objects.count()) == (1, 1, 1)


def test_what_is_shown_is_what_is_paid(card):
    path = f"/c/{token_of(card)}"
    form = form_of(page(path), PACK)
    b.price(PACK, "6.00", since=DAY)
    answer = Client().post(path, form, headers=ENGLISH)
    assert (answer.status_code, Order.objects.count()) == (409, 0)
    assert "has changed since this page was opened. Look at it again, then pay." in said(answer)
    assert "¥6.00" in said(answer)


@pytest.mark.once
@pytest.mark.parametrize(
    ("otherwise", "status"),
    [
        ({"offer": ""}, 409),
        ({"offer": "NONE 5.00 x"}, 404),
        ({"offer": "PACK-100 x x"}, 404),
        ({"offer": "PACK-100"}, 404),
        ({"offer": "PACK-100 0.01 0000"}, 409),
        ({"offer": "PACK-100 1" + "0" * 400 + " x"}, 404),
        ({"provider": ""}, 409),
        ({"provider": "wechat"}, 409),
        ({"key": "x"}, 302),
        ({"key": ""}, 302),
    ],
)
def test_what_was_made_up_buys_nothing_and_is_no_mistake(card, otherwise, status):
    path = f"/c/{token_of(card)}"
    form = form_of(page(path), PACK) | otherwise
    assert Client().post(path, form).status_code == status
    assert Order.objects.count() == (status == 302)


def test_a_customer_who_has_switched_it_off_meanwhile_is_heard(card):
    path = f"/c/{token_of(card)}"
    form = form_of(page(path), PACK)
    account_of(card.customer_id)
    CustomerAccount.objects.update(guests_may_pay=False)
    answer = Client().post(path, form, headers=ENGLISH)
    assert (answer.status_code, Order.objects.count()) == (409, 0)
    assert "This card cannot be paid for here without an account." in said(answer)


def test_a_label_that_was_replaced_meanwhile_buys_nothing(card):
    path = f"/c/{token_of(card)}"
    form = form_of(page(path), PACK)
    do("unassign", card, DAY)
    assert Client().post(path, form).status_code == 404
    assert not Order.objects.exists()


def test_too_many_orders_are_refused_per_card_and_per_address(card):
    path = f"/c/{token_of(card)}"
    answers = [Client().post(path, form_of(page(path), PACK), REMOTE_ADDR=f"192.0.2.{n}") for n in range(21)]
    assert [answer.status_code for answer in answers] == [302] * 20 + [409]
    assert Order.objects.count() == 20
    Tries.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert buy(card).status_code == 302


@pytest.mark.once
def test_in_wechat_another_browser_is_told_of_and_not_offered(card, monkeypatch):
    monkeypatch.setattr(local.Local, "ways", ("page", "wap"))
    answer = Client().get(f"/c/{token_of(card)}", headers=ENGLISH | {"user-agent": IN_WECHAT})
    assert "To pay with Local payment page, open this page in your phone's browser" in said(answer)
    assert 'name="provider"' not in text(answer)


def test_money_for_what_cannot_be_served_any_more_goes_back_to_who_paid_it_and_not_into_the_wallet(card):
    buy(card)
    payment = Payment.objects.get()
    do("cancel", card, DAY)
    pay(payment)
    line, refund = payment.order.lines.get(), PayerRefund.objects.get()
    assert (line.state, refund.amount, refund.cause) == (LineState.REFUNDED, Decimal("5.00"), "unserved")
    assert (b.balance(), b.books()[Account.PAYBACK]) == (Decimal("100.00"), Decimal("5.00"))


def test_the_owner_is_told_once_of_each_payment_unless_they_do_not_want_to_hear_of_it(card):
    buy(card)
    payment = Payment.objects.get()
    assert not Notice.objects.exists()
    for _time in range(2):
        pay(payment)
    (notice,) = Notice.objects.all()
    assert (notice.kind, notice.customer, notice.card, notice.on) == ("guest_paid", card.customer, card, DAY)
    assert notice.facts == {"amount": "5.00", "order": payment.order.number, "what": PACK}
    buy(card, PLAN)
    pay(Payment.objects.latest("pk"))
    assert Notice.objects.count() == 2
    CustomerAccount.objects.update(muted=["guest_paid"])
    buy(card, PLAN)
    pay(Payment.objects.latest("pk"))
    assert Notice.objects.count() == 2


@pytest.mark.once
def test_the_order_says_on_every_page_that_somebody_without_an_account_bought_it(card):
    buy(card)
    pay(Payment.objects.get())
    pk, alice, ops = Order.objects.get().pk, logged_in(member()), of_role("operations")
    assert "Paid by someone without an account" in text(page("/my/orders/", alice))
    for path, client in ((f"/my/orders/{pk}/", alice), (f"/console/orders/{pk}/", ops), ("/console/orders/", ops)):
        assert "someone without an account" in text(page(path, client))
    assert "someone without an account" in text(page(f"/my/cards/{card.iccid}/", alice))


def test_the_owner_sees_no_order_until_it_is_paid_and_cannot_pay_it(card):
    buy(card)
    order, alice = Order.objects.get(), logged_in(member())
    assert alice.get(f"/my/orders/{order.pk}/").status_code == 404
    pay(Payment.objects.get())
    assert alice.get(f"/my/orders/{order.pk}/").status_code == 200


@pytest.mark.once
def test_forms_need_the_cookie_that_came_with_the_page_and_no_session(card):
    client, path = Client(enforce_csrf_checks=True), f"/c/{token_of(card)}"
    answer = page(path, client)
    form = form_of(answer, PACK)
    assert client.post(path, form).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text(answer))[1]
    assert client.post(path, form | {"csrfmiddlewaretoken": token}).status_code == 302
    assert "sessionid" not in client.cookies
