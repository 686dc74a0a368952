"""What must hold for each provider, against providers of our own: money is booked exactly once, or not at all.

Whatever comes, the books balance, the door never answers 500, and no notification makes the portal call anybody.
"""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse

from billing.actions import orders, payments
from billing.choices import PaymentWay
from billing.errors import MoneyRefused
from billing.models import Notification, Payment, ProviderAccount
from tests.billing import build as b
from tests.payments import lies
from tests.payments.fakes import FAKES
from tests.payments.shop import DAY, NOTHING, PAYER, PRICE, SOLD, WAYS, an_account, stands

# Rows that a protocol cannot have, and why.
NOT_THERE = {
    ("begin", "alipay"): "a payment begins when its payer comes there, without a call",
    ("fresh", "alipay"): "it repeats for a day what was signed once",
}


def of_row(row):
    """The providers that can have this row."""
    return pytest.mark.parametrize("fake", [name for name in FAKES if (row, name) not in NOT_THERE], indirect=True)


def each_of(cases):
    """Every case of every provider, under its own name."""
    return pytest.mark.parametrize(
        ("fake", "case"),
        [pytest.param(name, case, id=f"{name}-{case}") for name in FAKES for case in cases[name]],
        indirect=["fake"],
    )


# paid


def test_row_good(fake, shop):
    payment = shop.begin()
    calls = len(fake.calls)
    fake.pay(payment.key)
    told = fake.tell(payment.key)
    assert (told.is_taken, stands(shop, payment)) == (True, ("paid", "fulfilled", SOLD, ["paid"]))
    assert len(fake.calls) == calls
    payment.refresh_from_db()
    assert (payment.provider_reference, payment.ask_at) == (fake.trade(payment.key).reference, None)


@pytest.mark.parametrize(
    ("fake", "way"),
    [("wechat", "qr"), ("wechat", "wap"), ("wechat", "jsapi"), ("alipay", "page"), ("alipay", "wap")],
    indirect=["fake"],
)
def test_row_good_in_each_way(fake, shop, way):
    payment = shop.begin(way=PaymentWay(way))
    given = {name for name, value in payment.begun.items() if value}
    assert given == {"at", {"qr": "qr", "jsapi": "bridge"}.get(way, "address")}
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


@each_of(lies.SUCCESS)
def test_row_good_in_each_word(fake, shop, case):
    payment = shop.begin()
    fake.pay(payment.key)
    assert fake.tell(payment.key, state=case).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_good_is_a_guest_s_past_any_wallet(fake, shop):
    payment = shop.begin(shop.order(is_guest=True))
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])
    assert not Payment.objects.get(pk=payment.pk).entry.postings.filter(account="wallet").exists()


def test_row_good_into_the_wallet(fake, shop):
    deposit = payments.start_deposit(b.customer(), PRICE, user=shop.owner, provider="pay1", way=WAYS[fake.NAME])
    deposit = payments.begin_payment(deposit, **PAYER)
    shop.open(deposit)
    fake.pay(deposit.key)
    assert [fake.tell(deposit.key).is_taken for _ in range(2)] == [True] * 2
    assert (b.balance(), b.books(), shop.outcomes()) == (
        PRICE,
        {"providers": -PRICE, "wallet": PRICE},
        ["paid", "known"],
    )


def test_row_good_says_nothing_of_whoever_paid(fake, shop):
    shop.paid()
    (kept,) = Notification.objects.values_list("body", flat=True)
    assert not [word for word in ("oUpF8uMuAJO", "2088101117955611", "159****5620", "CMB") if word in str(kept)]


# again


def test_row_doubled_the_same_to_the_letter(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    message = fake.message(payment.key.hex)
    assert [fake.send(message).is_taken for _ in range(3)] == [True] * 3
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_doubled_as_the_provider_repeats(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    message = fake.message(payment.key.hex)
    assert [fake.send(each).is_taken for each in (message, fake.again(message), fake.again(message))] == [True] * 3
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_doubled_under_a_new_name(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    assert [fake.tell(payment.key).is_taken for _ in range(3)] == [True] * 3
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid", "known", "known"])


def test_row_doubled_one_trade_for_two_payments(fake, shop):
    """The provider's number belongs to one payment: what it is said of next waits to be cleared."""
    first, second = shop.paid(), shop.begin()
    reference = fake.trade(first.key).reference
    fake.pay(second.key)
    told = {"wechat": {"reference": reference}, "alipay": {"trade_no": reference}}[fake.NAME]
    assert fake.tell(second.key, **told).is_taken
    assert shop.suspense() == [("used_reference", PRICE)]
    assert shop.stands(second) == ("started", "placed")
    assert b.books() == {"providers": -2 * PRICE, "revenue": PRICE, "suspense": PRICE}


# late


@of_row("fresh")
def test_row_late_one_is_refused_and_its_repeat_taken(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    message = fake.message(payment.key.hex, at=fake.now() - timedelta(minutes=5, seconds=5))
    assert (fake.send(message).is_taken, stands(shop, payment)) == (False, ("started", "placed", NOTHING, []))
    assert fake.send(fake.again(message)).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


@pytest.mark.parametrize("minutes", [-4, 4])
def test_row_late_by_little_is_taken(fake, shop, minutes):
    payment = shop.begin()
    fake.pay(payment.key)
    told = {"at": fake.now() + timedelta(minutes=minutes)} if fake.NAME == "wechat" else {}
    assert fake.tell(payment.key, **told).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


@pytest.mark.parametrize("fake", ["alipay"], indirect=True)
def test_row_late_by_a_day_is_taken_where_it_is_signed_once(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    fake.ahead = -DAY
    message = fake.message(payment.key.hex)
    assert fake.send(message).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_late_when_the_order_is_over_the_money_is_kept(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    orders.withdraw(payment.order, user=shop.owner)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "withdrawn", {"providers": -PRICE, "wallet": PRICE}, ["paid"])


# reordered


def test_row_reordered_closed_before_paid(fake, shop):
    payment = shop.begin()
    assert fake.tell(payment.key, state=lies.CLOSED_STATE[fake.NAME]).is_taken
    assert stands(shop, payment) == ("closed", "placed", NOTHING, ["closed"])
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["closed", "paid"])


def test_row_reordered_paid_before_closed(fake, shop):
    payment = shop.paid()
    assert fake.tell(payment.key, state=lies.CLOSED_STATE[fake.NAME]).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid", "known"])


def test_row_reordered_told_before_it_is_begun(fake, shop):
    """The payer was quicker than the answer that their payment has begun."""
    payment = shop.begin()
    Payment.objects.filter(pk=payment.pk).update(begun={})
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    calls = len(fake.calls)
    payments.begin_payment(payment)
    assert (len(fake.calls), stands(shop, payment)) == (calls, ("paid", "fulfilled", SOLD, ["paid"]))


# not to be believed


@pytest.mark.parametrize("cases", [lies.STRANGERS, lies.SIGNED], ids=["forged", "not_for_us"])
def test_row_not_to_be_believed(fake, shop, cases):
    """Each is refused in the provider's form, writes nothing, and makes nobody call."""
    payment = shop.begin()
    fake.pay(payment.key)
    calls, written, wrong = len(fake.calls), 0, {}
    for name, lie in cases[fake.NAME].items():
        told = fake.send(lie(fake, payment.key))
        is_refused = not told.is_taken and (400 <= told.status < 500 or told.body == b"fail")
        if not is_refused or len(fake.calls) != calls or Notification.objects.count() != written:
            wrong[name] = told
            calls, written = len(fake.calls), Notification.objects.count()
    assert (wrong, shop.suspense()) == ({}, [])
    assert stands(shop, payment) == ("started", "placed", NOTHING, [])
    assert fake.tell(payment.key).is_taken  # and the true one is believed after all of them
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


@pytest.mark.parametrize("amount", lies.ODD_AMOUNTS, ids=str)
def test_row_another_amount_waits_to_be_cleared(fake, shop, amount):
    payment = shop.begin()
    fake.pay(payment.key)
    assert [fake.tell(payment.key, amount=amount).is_taken for _ in range(2)] == [True] * 2
    assert shop.suspense() == [("wrong_amount", amount)]
    books = {"providers": -amount, "suspense": amount}
    assert stands(shop, payment) == ("started", "placed", books, ["wrong_amount"] * 2)


def test_row_unknown_payment_waits_to_be_cleared(fake, shop):
    payment = shop.begin()
    fake.pay(payment.key)
    assert fake.tell(payment.key, out_trade_no="0" * 32).is_taken
    assert shop.suspense() == [("unknown", PRICE)]
    assert shop.stands(payment) == ("started", "placed")


@each_of(lies.UNPAID)
def test_row_unpaid(fake, shop, case):
    payment = shop.begin()
    told = fake.tell(payment.key, state=case)
    assert told.status < 500
    assert (shop.stands(payment)[1], b.books(), shop.suspense()) == ("placed", NOTHING, [])
    assert shop.stands(payment)[0] in ("started", "closed")
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment)[:3] == ("paid", "fulfilled", SOLD)


def test_row_other_account_of_the_same_provider(fake, shop):
    """A notification belongs to the account at whose door it is left, and to no payment of another one."""
    payment = shop.begin()
    fake.pay(payment.key)
    other = an_account(fake, "pay2")
    message = fake.message(payment.key.hex)
    message.url = message.url.replace("pay1", "pay2")
    assert fake.send(message).is_taken
    assert (shop.stands(payment), shop.suspense()) == (("started", "placed"), [("unknown", PRICE)])
    ProviderAccount.objects.filter(pk=other.pk).update(is_on=False)


def test_row_account_that_is_off_still_hears(fake, shop):
    payment = shop.begin()
    ProviderAccount.objects.update(is_on=False)
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_account_whose_secrets_cannot_be_read_hears_again(fake, shop, settings):
    payment, key = shop.begin(), settings.CARRIER_KEY
    fake.pay(payment.key)
    settings.CARRIER_KEY = [Fernet.generate_key().decode()]
    told = fake.tell(payment.key)
    assert (told.status, told.is_taken, shop.stands(payment)) == (503, False, ("started", "placed"))
    settings.CARRIER_KEY = key
    assert fake.tell(payment.key).is_taken
    assert stands(shop, payment) == ("paid", "fulfilled", SOLD, ["paid"])


def test_row_door_is_for_accounts_and_posts(fake, shop, client):
    url = reverse("pay:notify", args=["pay1"])
    assert [client.get(url).status_code, client.post(reverse("pay:notify", args=["pay9"])).status_code] == [405, 404]
    assert (fake.calls, Notification.objects.count()) == ([], 0)


# begun


def refused_to_begin(shop, payment):
    with pytest.raises(MoneyRefused) as refused:
        payments.begin_payment(payment, **PAYER)
    return refused.value.code


@of_row("begin")
@pytest.mark.parametrize("fault", ["drop_before", "500", "html", "garbage", "empty", "busy"])
def test_row_begin_silent_and_then_begun(fake, shop, fault):
    payment = shop.start()
    fake.spoil(fault)
    assert refused_to_begin(shop, payment) == "provider_silent"
    begun = payments.begin_payment(payment, **PAYER)
    assert (begun.begun["qr"][:9], len(fake.trades), fake.kinds()) == ("weixin://", 1, ["begin"] * 2)


@of_row("begin")
@pytest.mark.parametrize("fault", ["drop_after", "unsigned", "signed_by_another", "truncated"])
def test_row_begin_unheard_is_begun_once(fake, shop, fault):
    payment = shop.start()
    fake.spoil(fault)
    assert refused_to_begin(shop, payment) == "provider_silent"
    payments.begin_payment(payment, **PAYER)
    fake.pay(payment.key)
    assert fake.tell(payment.key).is_taken
    assert (len(fake.trades), stands(shop, payment)) == (1, ("paid", "fulfilled", SOLD, ["paid"]))


@of_row("begin")
def test_row_begin_refused_in_the_provider_s_words(fake, shop):
    payment = shop.start()
    fake.spoil("refuse")
    assert refused_to_begin(shop, payment) == "provider_refused"
    assert (Payment.objects.get(pk=payment.pk).words, shop.stands(payment)) == (
        " ".join(fake.REFUSAL[:2]),
        ("started", "placed"),
    )


def test_row_begin_twice_is_once(fake, shop):
    payment = shop.begin()
    calls = len(fake.calls)
    again = payments.begin_payment(payment, **PAYER)
    assert (again.begun, len(fake.calls), len(fake.trades)) == (payment.begun, calls, 1)
