"""Payments by their pages, in a browser: whoever pays is led to the provider, and nobody else makes us call it."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Payment
from tests.billing import build as b
from tests.console.pages import logged_in, text
from tests.payments.shop import NOTHING, SOLD, stands

pytestmark = pytest.mark.once

COMPUTER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "accept-language": "en"}


IN_WECHAT = {"user-agent": "Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.50"}


def press_pay(shop, order, headers=COMPUTER):
    """The owner presses the button of an order: where they are led, and what they are told there."""
    answer = logged_in(shop.owner).post(
        reverse("buying:order-pay-online", args=[order.pk]), {"provider": "pay1"}, headers=headers, follow=True
    )
    assert answer.status_code == 200
    return answer


def test_row_page_is_a_member_s_to_pay_on(fake, shop):
    order = shop.order()
    shown = press_pay(shop, order)
    payment = Payment.objects.get()
    assert shown.redirect_chain[0][0] == reverse("pay:page", args=[payment.key])
    shop.open(payment)
    calls = len(fake.calls)
    owner = logged_in(shop.owner)
    assert [owner.get(shown.redirect_chain[0][0]).status_code for _ in range(3)] == [200] * 3
    assert len(fake.calls) == calls  # looking at it asks nobody
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert "Paid" in text(owner.get(shown.redirect_chain[0][0], headers=COMPUTER))
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


@pytest.mark.parametrize("fake", ["wechat"], indirect=True)
@pytest.mark.parametrize("fault", ["drop_before", "500", "garbage", "unsigned", "refuse"])
def test_row_page_says_where_the_provider_does_not_take_it(fake, shop, fault):
    fake.spoil(fault)
    shown = press_pay(shop, shop.order())
    payment = Payment.objects.get()
    assert [str(message) for message in shown.context["messages"]]
    assert stands(shop, payment) == ("started", "placed", NOTHING, [])
    again = logged_in(shop.owner).post(reverse("pay:begin", args=[payment.key]), headers=COMPUTER)
    assert (again.status_code, bool(Payment.objects.get().begun)) == (302, True)


def test_row_page_makes_nobody_call_who_only_knows_the_address(fake, shop):
    """Nor whoever does not know it; and nothing they send is an error of ours."""
    of_guest, of_member = shop.begin(shop.order(is_guest=True)), shop.begin()
    calls, stranger, answers = len(fake.calls), Client(), []
    for key in (of_guest.key, of_member.key, uuid.uuid4()):
        page, begin, openid = (reverse(f"pay:{name}", args=[key]) for name in ("page", "begin", "openid"))
        answers += [stranger.get(page), stranger.head(page), stranger.post(page, {"said": "paid"})]
        answers += [stranger.post(begin), stranger.get(openid, {"code": "021abc", "state": "x"}), stranger.get(openid)]
    for name in ("pay1", "pay2", "local", "wechat"):
        answers.append(stranger.post(reverse("pay:notify", args=[name]), b"{}", content_type="application/json"))
    assert (len(fake.calls), {answer.status_code // 100 for answer in answers} <= {2, 3, 4}) == (calls, True)
    assert [shop.stands(payment) for payment in (of_guest, of_member)] == [("started", "placed")] * 2
    assert b.books() == NOTHING


@pytest.mark.parametrize("fake", ["wechat"], indirect=True)
def test_row_page_within_wechat_begins_for_whoever_comes_back_from_there(fake, shop):
    shown = press_pay(shop, shop.order(), IN_WECHAT)
    payment = Payment.objects.get()
    assert (fake.calls, payment.begun) == ([], {})
    state = re.search(r"connect/oauth2/authorize\?[^\"]*state=([\w.:%-]+)", shown.text)[1]
    owner, back = logged_in(shop.owner), reverse("pay:openid", args=[payment.key])

    def come_back(code, state):
        assert owner.get(f"{back}?code={code}&state={state}", headers=IN_WECHAT).status_code == 302
        return fake.kinds()

    assert come_back(fake.log_in(), "x") == []  # we did not send them
    assert come_back("021forged", state) == ["openid"]
    assert come_back(fake.log_in(), state) == ["openid", "openid", "begin"]
    payment.refresh_from_db()
    assert sorted(payment.begun["bridge"]) == ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])
