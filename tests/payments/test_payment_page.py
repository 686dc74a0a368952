"""The page of a payment: for whom it is, how it is paid in each browser, and where it stands; without JavaScript."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.actions import payments
from billing.actions.paying_back import pay_back
from billing.models import PayerRefund, Payment, ProviderAccount
from billing.payments import PROVIDERS, wechat
from billing.payments.port import Begun, Facts, ProviderRefused, Said
from cards.actions.throttle import BEGINNINGS_OF_PAYMENT
from cards.errors import NothingHeard
from tests.billing import build as b
from tests.build import card_in_use, member, on_day
from tests.console.pages import logged_in, of_role, text
from tests.my.pages import ENGLISH, Reader
from tests.payments.playing import ACCOUNT, guest_order, played

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TODAY = date(2026, 3, 2)
IN_WECHAT = {"user-agent": "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0"}
ON_PHONE = {"user-agent": "Mozilla/5.0 (iPhone) Mobile Safari"}


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def provider(monkeypatch, settings):
    settings.PORTAL_URL = "https://portal.example"
    return played(monkeypatch)


@pytest.fixture
def order():
    b.price("Y1-30", "30.00")
    return b.placed(cards=[card_in_use(customer="Acme")], user=member())


@pytest.fixture
def guest_payment(provider):
    b.price("Y1-30", "30.00")
    order = guest_order([card_in_use(customer="Acme")])
    return payments.start_guest_payment(order, provider=ACCOUNT)


def address_of(payment):
    return f"/pay/{payment.key}/"


def seen(client, payment, query="", **headers):
    return client.get(f"{address_of(payment)}{query}", headers=ENGLISH | headers)


def refresh_of(response):
    """After how many seconds the page leads where; None where it stays."""
    found = re.findall(r'<meta http-equiv="refresh" content="([^"]+)">', text(response))
    return found[0] if found else None


def pay_online(order, provider=ACCOUNT, headers=()):
    alice = logged_in(order.created_by)
    posted = {"provider": provider} if provider else {}
    response = alice.post(f"/my/orders/{order.pk}/pay-online/", posted, headers=ENGLISH | dict(headers))
    return alice, response


def test_a_button_leads_to_the_provider_once_by_itself_and_then_by_a_link(order, provider):
    alice, response = pay_online(order)
    payment = Payment.objects.get()
    assert (response["location"], provider.calls) == (address_of(payment), ["begin"])
    assert [refresh_of(seen(alice, payment)) for _ in range(2)] == ["0;url=https://pay.example/1", "5"]
    page = seen(alice, payment)
    assert ("Pay ¥30.00", "https://pay.example/1") in Reader(text(page)).links
    assert "form-action 'self'" in page["content-security-policy"]
    assert (page["referrer-policy"], page["cache-control"]) == ("strict-origin", "no-store")
    assert provider.calls == ["begin"]


def test_a_look_from_afar_does_not_use_up_the_way_there(order, provider):
    alice, _response = pay_online(order)
    payment = Payment.objects.get()
    assert alice.head(address_of(payment)).status_code == 200
    assert refresh_of(seen(alice, payment)) == "0;url=https://pay.example/1"


def test_an_old_address_is_made_anew_of_the_same_payment(order, provider):
    alice, _response = pay_online(order)
    payment = Payment.objects.get()
    at = payments.this_moment() - timedelta(minutes=4)
    Payment.objects.update(begun=payment.begun | {"at": at.isoformat(), "followed": True})
    page = seen(alice, payment)
    assert ("https://pay.example" in text(page), refresh_of(page)) == (False, "5")
    alice.post(f"{address_of(payment)}begin/")
    assert (provider.calls, refresh_of(seen(alice, payment))) == (["begin", "begin"], "0;url=https://pay.example/1")


def test_a_code_is_drawn_for_a_provider_that_has_one(order, provider):
    provider.began = Begun(qr="weixin://wxpay/bizpayurl?pr=1")
    alice, _response = pay_online(order)
    page = seen(alice, Payment.objects.get())
    assert ("<svg" in text(page), "Scan this code with the app of Played." in text(page), refresh_of(page)) == (
        True,
        True,
        "5",
    )


@pytest.mark.parametrize("problem", [NothingHeard(), ProviderRefused("X", "no such merchant")])
def test_where_the_provider_does_not_take_it_there_is_a_button_to_try_again(order, provider, problem):
    provider.began = problem
    alice, _response = pay_online(order)
    payment = Payment.objects.get()
    page = seen(alice, payment)
    assert [word in text(page) for word in ("Try again", "Played")] == [True, True]
    assert (refresh_of(page), Payment.objects.get().begun) == (None, {})
    provider.began = Begun(address="https://pay.example/2")
    assert alice.post(f"{address_of(payment)}begin/")["location"] == address_of(payment)
    assert refresh_of(seen(alice, payment)) == "0;url=https://pay.example/2"


def test_so_many_times_an_hour_it_is_tried(guest_payment, provider):
    """Whoever knows the address of a guest's payment does not make us call without end."""
    provider.began = NothingHeard()
    before, payment = len(provider.calls), Payment.objects.get()
    for _try in range(40):
        Client().post(reverse("pay:begin", args=[payment.key]))
    assert len(provider.calls) - before <= BEGINNINGS_OF_PAYMENT.most
    shown = Client().post(reverse("pay:begin", args=[payment.key]), headers=ENGLISH, follow=True)
    assert "This payment was begun too often, and was not paid." in text(shown)


def test_what_a_withdrawal_gives_back_of_it_was_paid_all_the_same(order, provider):
    payment = payments.start_deposit(order.customer, Decimal("10.00"), user=member(username="bob"), provider=ACCOUNT)
    payments.believe(ACCOUNT, Facts("n1", payment.key, Said.PAID, Decimal("10.00"), "T1", {}))
    pay_back(payment, Decimal("4.00"), "withdrawal", "withdrawal:1:1")
    shown = text(logged_in(payment.started_by).get(reverse("pay:page", args=[payment.key]), headers=ENGLISH))
    assert ("Nothing was due any more" in shown, "The money is in the wallet." in shown) == (False, True)


def test_the_page_says_by_itself_how_it_ended(order, provider):
    alice, _response = pay_online(order)
    payment = Payment.objects.get()
    payments.believe(ACCOUNT, Facts("n1", payment.key, Said.CLOSED, payment.amount, "", {}))
    assert Payment.objects.get().begun == {}  # what nobody needs any more is not kept
    closed = seen(alice, payment)
    assert ("nothing was taken" in text(closed), refresh_of(closed)) == (True, None)
    payments.believe(ACCOUNT, Facts("n2", payment.key, Said.PAID, payment.amount, "T1", {}))
    paid = seen(alice, payment)
    assert ("Paid. Thank you." in text(paid), refresh_of(paid)) == (True, None)
    assert ("Back to order", f"/my/orders/{order.pk}/") in Reader(text(paid)).links


def test_several_providers_have_a_button_each_and_one_that_there_is_not_starts_nothing(order, provider):
    alice = logged_in(order.created_by)
    page = text(alice.get(f"/my/orders/{order.pk}/", headers=ENGLISH))
    assert [f"Pay ¥30.00 with {name}" in page for name in ("Played", "Local payment page")] == [True, True]
    wallet = text(alice.get("/my/wallet/", headers=ENGLISH))
    assert [f"Top up with {name}" in wallet for name in ("Played", "Local payment page")] == [True, True]
    _alice, response = pay_online(order, "another")
    assert (response["location"], Payment.objects.count()) == (f"/my/orders/{order.pk}/", 0)


@pytest.mark.parametrize(("headers", "way"), [(ON_PHONE, "wap"), ({}, "page"), (IN_WECHAT, "jsapi")])
def test_the_way_is_that_of_the_browser(order, provider, headers, way):
    pay_online(order, headers=headers)
    assert Payment.objects.get().way == way


def test_within_wechat_what_it_does_not_open_is_told(order, provider, settings):
    settings.LOCAL_PAYMENTS, provider.ways = False, ("page", "wap")
    alice = logged_in(order.created_by)
    page = text(alice.get(f"/my/orders/{order.pk}/", headers=ENGLISH | IN_WECHAT))
    assert ("To pay with Played, open this page in your phone" in page, "pay-online" in page) == (True, False)
    assert "To pay with Played, open" in text(alice.get("/my/wallet/", headers=ENGLISH | IN_WECHAT))


# within WeChat


@pytest.fixture
def in_wechat(order, provider):
    """A payment within WeChat of a provider that needs to know who pays, and its payer."""
    provider.needs_openid, provider.began = True, Begun(bridge={"appId": "wx1", "package": "prepay_id=1"})
    alice, _response = pay_online(order, headers=IN_WECHAT)
    return Payment.objects.get(), alice


def test_within_wechat_it_is_asked_who_pays_and_then_handed_to_its_browser(in_wechat, provider):
    payment, alice = in_wechat
    page = seen(alice, payment)
    there = refresh_of(page).replace("&amp;", "&")
    assert there.startswith("0;url=https://open.example/?back=https://portal.example/pay/")
    assert (refresh_of(seen(alice, payment, "?stay")), provider.calls) == (None, [])
    state = there.partition("state=")[2]
    back = alice.get(f"{address_of(payment)}openid/?code=c1&state={state}")
    assert (back["location"], provider.calls) == (f"{address_of(payment)}?stay", ["openid", "begin"])
    assert provider.wanted_payment.openid == "openid of c1"
    page = text(seen(alice, payment))
    assert ("data-wechat-pay=" in page, "wechat_pay.js" in page, "<noscript>" in page) == (True, True, True)
    alice.get(f"{address_of(payment)}openid/?code=c1&state={state}")
    assert provider.calls == ["openid", "begin"]


def test_who_comes_back_without_what_we_signed_starts_no_call(in_wechat, provider, monkeypatch):
    payment, alice = in_wechat
    there = refresh_of(seen(alice, payment)).partition("state=")[2]
    for state in ("", "x", there[:-1], "0" + there, there.replace("x", "y")):
        alice.get(f"{address_of(payment)}openid/?code=c1&state={state}")
    alice.head(f"{address_of(payment)}openid/?code=c1&state={there}")
    now = payments.time.time()
    monkeypatch.setattr(payments.time, "time", lambda: now + 601)
    response = alice.get(f"{address_of(payment)}openid/?code=c1&state={there}", headers=ENGLISH, follow=True)
    assert "it took too long" in text(response)
    assert provider.calls == []


def test_wechat_itself_needs_to_know_who_pays():
    assert [name for name, provider in PROVIDERS.items() if provider.needs_openid] == ["wechat"]
    assert wechat.PROVIDER.needs_openid


# the door of providers


def test_where_the_secrets_cannot_be_read_the_provider_is_to_come_again(order, provider):
    pay_online(order)
    url = reverse("pay:notify", args=[ACCOUNT])
    assert Client(enforce_csrf_checks=True).post(url, b"paid", content_type="text/plain").status_code == 200
    ProviderAccount.objects.update(secrets="1:nonsense")
    assert Client().post(url, b"paid", content_type="text/plain").status_code == 503
    assert Client().post("/pay/nobody/notify/").status_code == 404
    page = text(logged_in(order.created_by).get(f"/my/orders/{order.pk}/", headers=ENGLISH))
    assert ("Pay ¥30.00 online" in page, "Played" in page) == (True, False)


# somebody without an account


def test_a_guest_needs_the_address_alone_and_reads_nothing_of_the_customer(guest_payment, provider):
    payments.begin_payment(guest_payment)
    page = seen(Client(), guest_payment)
    order = guest_payment.order
    assert [word in text(page) for word in ("¥30.00", "Renewal", "Acme", order.number)] == [True, True, False, False]
    code = Payment.objects.get().code
    assert f"{code[:4]}-{code[4:8]}-{code[8:]}" in text(page)
    assert (page["x-robots-tag"], 'name="robots"' in text(page)) == ("noindex, nofollow", True)
    assert len(page.content) < 8_000


def test_a_guest_pays_on_the_local_page_and_what_comes_too_late_goes_back(provider):
    b.price("Y1-30", "30.00")
    order = guest_order([card_in_use(customer="Acme")])
    first, second = (payments.start_guest_payment(order, provider="local") for _ in range(2))
    guest = Client()
    for payment in (first, second):
        assert guest.post(address_of(payment), {"said": "paid"})["location"] == address_of(payment)
    assert "Paid. Thank you." in text(seen(guest, first))
    assert "the money goes back to whoever paid" in text(seen(guest, second))
    assert (PayerRefund.objects.get().payment, b.fresh(order).state) == (second, "fulfilled")


def test_a_guest_whose_payment_is_closed_is_led_to_another_one(provider):
    b.price("Y1-30", "30.00")
    payment = payments.start_guest_payment(guest_order([card_in_use(customer="Acme")]), provider="local")
    guest = Client()
    assert 'href="/c/"' not in text(seen(guest, payment))
    guest.post(address_of(payment), {"said": "closed"})
    assert 'href="/c/"' in text(seen(guest, payment))


def test_of_a_members_payment_a_stranger_learns_nothing(order, provider):
    pay_online(order)
    payment, stranger = Payment.objects.get(), Client()
    assert seen(stranger, payment)["location"].startswith("/admin/login/")
    for path in ("begin/", "openid/"):
        assert stranger.get(f"{address_of(payment)}{path}").status_code in (302, 405)
    calls = len(provider.calls)
    stranger.post(f"{address_of(payment)}begin/")
    assert (len(provider.calls), seen(logged_in(member("Other", "carol")), payment).status_code) == (calls, 404)


def test_a_trial_is_finances_and_leads_back_to_its_account(provider):
    finance = of_role("finance")
    trial = payments.start_trial(ProviderAccount.objects.get(), user=b.financier(username="f"), way="page")
    payments.begin_payment(trial)
    page = seen(finance, trial, "?stay")
    assert ("Trial payment" in text(page), "Back to the account" in text(page)) == (True, True)
    assert seen(logged_in(member()), trial).status_code == 404
    assert Decimal("0.01") == Payment.objects.get().amount
