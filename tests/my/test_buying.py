"""Buying as customers do it: prices before, effects after, their own money and nobody else's."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.actions import orders, receipts
from billing.actions.ledger import account_of
from billing.choices import NoticeKind, PriceKind
from billing.models import CardRenewal, Order, Payment
from cards.actions.jobs import engine
from cards.actions.selections import freeze_ids
from cards.models import Card, Customer, Job, Membership, Plan
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, swept, use
from tests.console.pages import logged_in, text
from tests.my.pages import ENGLISH, Phone

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def today():
    b.price("M1-100", "5.00")
    b.price("Y1-30", "30.00")
    b.price("PACK-100", "9.90")
    with on_day(DAY):
        yield


@pytest.fixture
def alice():
    return Phone(logged_in(member("Acme")))


def get(client, path):
    return client.get(path, headers=ENGLISH)


def test_data_that_are_used_up_are_bought_in_three_taps_and_the_card_works_again(alice):
    b.fund("20")
    card = use(card_in_use(customer="Acme"), DAY, 31)
    alice.open(f"/my/cards/{card.iccid}/").press("Buy more data")
    assert "The card works." in alice.text
    alice.press("Buy for ¥9.90").press("Pay ¥9.90 from the wallet")
    order = Order.objects.get()
    assert (alice.url, order.state, b.balance(), fresh(card).state) == (
        f"/my/orders/{order.pk}/",
        "fulfilled",
        Decimal("10.10"),
        "in_use",
    )
    event = card.events.latest("seq")
    assert (event.action, event.actor_kind, event.actor_name) == ("top_up", "customer", "alice")
    assert ("Done" in alice.text, "The card works." in alice.text) == (True, True)
    alice.press("Back to the card")
    assert alice.url == f"/my/cards/{card.iccid}/"


def test_a_pack_does_not_wake_a_card_that_somebody_stopped_and_that_is_said_before(alice):
    b.fund("20")
    card = do("suspend", use(card_in_use(customer="Acme"), DAY, 31), DAY)
    alice.open(f"/my/cards/{card.iccid}/buy/")
    assert "It will still be suspended: requested by you or your dealer." in alice.text
    alice.press("Buy for ¥9.90").press("Pay ¥9.90 from the wallet")
    assert fresh(card).holds == "voluntary"


def test_a_card_that_has_ended_comes_back_by_a_renewal_that_is_paid_online(alice):
    card = swept(card_in_use(customer="Acme", plan="M1-100"), DAY)
    alice.open(f"/my/cards/{card.iccid}/").press("Renew card")
    for last in ("2026-03-31", "2027-02-28"):  # of a month, of a year
        assert f"The card works. It starts on 2026-03-10; its last day is {last}." in alice.text
    alice.press("Buy for ¥5.00")
    assert "The wallet has only ¥0.00 available, which is not enough." in alice.text
    alice.press("Pay ¥5.00 online")
    assert alice.url == f"/pay/{Payment.objects.get().key}/"
    alice.press("Pay ¥5.00")
    assert (fresh(card).state, Order.objects.get().state, b.balance()) == ("in_use", "fulfilled", 0)


def test_a_renewal_before_the_end_queues_and_says_from_when(alice):
    card = card_in_use(customer="Acme")
    alice.open(f"/my/cards/{card.iccid}/").press("Renew or buy data: see the prices")
    assert "It starts on 2027-01-01; its last day is 2027-12-31." in alice.text


def test_each_customer_sees_their_own_prices(alice):
    b.price("Y1-30", "22.00", PriceKind.CUSTOMER, customer=b.customer())
    card = card_in_use(customer="Acme")
    alice.open(f"/my/cards/{card.iccid}/buy/")
    assert ("¥22.00" in alice.text, "¥30.00" in alice.text) == (True, False)
    alice.open("/my/wallet/")
    assert ("¥22.00" in alice.text, "¥30.00" in alice.text) == (True, False)


def test_the_same_form_twice_is_one_order(alice):
    alice.open(f"/my/cards/{card_in_use(customer='Acme').iccid}/buy/")
    form, places = (alice.url, alice.text), set()
    for _ in range(2):
        alice.url, alice.text = form
        places.add(alice.press("Buy for ¥30.00").url)
    order = Order.objects.get()
    assert (places, order.state, order.total) == ({f"/my/orders/{order.pk}/"}, "placed", 30)


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"kind": "sale", "plan": ""},
        {"kind": "opening", "plan": "Y1-30"},
        {"kind": "adjustment", "plan": ""},
        {"kind": "pack", "plan": ""},
        {"kind": "pack", "plan": "Y1-30"},
        {"kind": "renewal", "plan": "nonsense"},
    ],
)
def test_what_is_not_sold_here_is_not_found(posted):
    client, card = logged_in(member("Acme")), card_in_use(customer="Acme")
    assert client.post(f"/my/cards/{card.iccid}/buy/", posted).status_code == 404
    assert Order.objects.count() == 0


def test_a_viewer_looks_and_buys_nothing():
    b.fund("100")
    card, viewer = card_in_use(customer="Acme"), logged_in(member("Acme", "vera", "viewer"))
    order = b.placed(cards=[card])
    assert get(viewer, f"/my/orders/{order.pk}/").status_code == 200
    for path in (
        f"/my/cards/{card.iccid}/buy/",
        f"/my/cards/{card.iccid}/auto-renew/",
        f"/my/orders/{order.pk}/pay/",
        f"/my/orders/{order.pk}/pay-online/",
        f"/my/orders/{order.pk}/withdraw/",
        f"/my/wallet/{card.customer_id}/deposit/",
    ):
        assert viewer.post(path, {"kind": "renewal", "plan": "Y1-30"}).status_code == 403
    assert (b.fresh(order).state, b.balance(), Payment.objects.count()) == ("placed", 100, 0)


def test_of_another_customers_money_nothing_is_there():
    b.fund("100")
    card, bob = card_in_use(customer="Acme"), logged_in(member("Northwind", "bob"))
    order = b.placed(cards=[card])
    for path in (
        f"/my/cards/{card.iccid}/buy/",
        f"/my/orders/{order.pk}/",
        f"/my/orders/{order.pk}/lines.csv",
        f"/my/wallet/{card.customer_id}/statement/",
        f"/my/wallet/{card.customer_id}/statement.csv",
    ):
        assert get(bob, path).status_code == 404
    assert get(bob, "/my/orders/").context["entries"] == []
    assert [wallet["customer"].name for wallet in get(bob, "/my/wallet/").context["wallets"]] == ["Northwind"]
    for step in ("place", "pay", "pay-online", "withdraw"):
        assert bob.post(f"/my/orders/{order.pk}/{step}/", {"total": "30"}).status_code == 404
    assert (b.fresh(order).state, b.balance()) == ("placed", 100)


def test_many_cards_are_renewed_with_who_cannot_and_why(alice):
    b.fund("100")
    good, gone = card_in_use(customer="Acme"), do("cancel", card_in_use(customer="Acme"), DAY)
    anothers = card_in_use(customer="Northwind")
    owner = Card.objects.get(pk=good.pk).customer.memberships.get().user
    selection = freeze_ids([good.pk, gone.pk, anothers.pk], owner=owner, asked={})
    alice.open(f"/my/selections/{selection.pk}/order/").press("Renew each card with its current plan")
    order = Order.objects.select_related("customer").get()
    assert order.customer.name == "Acme"
    alice.open(f"/my/orders/{order.pk}/")
    assert ("1 eligible" in alice.text, "1 not eligible" in alice.text) == (True, True)
    alice.press("Order for ¥30.00").press("Pay ¥30.00 from the wallet")
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", 70)


def test_what_became_of_an_order_for_many_is_told_with_the_way_back_to_just_these(alice):
    b.fund("40")
    good, gone = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    user = User.objects.get(username="alice")
    selection = freeze_ids([good.pk, gone.pk], owner=user, asked={"from": "page"})
    (order,) = orders.draft_for_selection("pack", selection, user=user, plan=Plan.objects.get(code="PACK-100"))
    assert get(alice.client, f"/my/orders/{order.pk}/").context["outcome"] is None
    orders.place(order, user=user)
    do("cancel", gone, DAY)
    orders.pay_and_fulfil(order, user=user)
    page = get(alice.client, f"/my/orders/{order.pk}/")
    outcome = page.context["outcome"]
    assert (outcome.served, outcome.given_back, outcome.waiting, outcome.card) == (1, 1, 0, None)
    assert "1 card has what was bought." in text(page)
    assert "The money for 1 card was given back." in text(page)
    assert f'href="/my/selections/{selection.pk}/"' in text(page)


def test_nothing_is_done_or_worked_on_that_is_not(alice):
    b.fund("40")
    card, user = card_in_use(customer="Acme"), User.objects.get(username="alice")
    failed = orders.pay(b.placed(cards=[card], user=user), user=user)
    Job.objects.filter(pk=failed.job_id).update(status="running")
    engine.fail(failed.job, "a mistake")
    page = text(get(alice.client, f"/my/orders/{failed.pk}/"))
    assert "Paid, but not delivered yet: your dealer has to look at it" in page
    assert ("is working on it" in page, "nothing is lost" in page) == (False, True)
    gone = card_in_use(customer="Acme")
    refused = b.placed(kind="pack", cards=[gone], plan="PACK-100", user=user)
    do("cancel", gone, DAY)
    orders.pay_and_fulfil(refused, user=user)
    page = text(get(alice.client, f"/my/orders/{refused.pk}/"))
    assert "Nothing could be delivered" in page
    assert ("panel is-fine" in page, 'class="said"' in page) == (False, False)


def test_the_wallet_is_filled_online_once_for_each_form():
    client = logged_in(member("Acme"))
    acme = Customer.objects.get(name="Acme")
    posted = {"amount": "50", "key": "8a3b9c52-6a1f-4b8e-9d7a-222222222222"}
    places = {client.post(f"/my/wallet/{acme.pk}/deposit/", posted)["location"] for _ in range(2)}
    payment = Payment.objects.get()
    assert places == {f"/pay/{payment.key}/"}
    client.post(f"/pay/{payment.key}/", {"said": "paid"})
    assert b.balance() == 50
    wrong = client.post(f"/my/wallet/{acme.pk}/deposit/", posted | {"amount": "much"}, headers=ENGLISH)
    assert (wrong.status_code, "“much” is not an amount; write it as 1234.50" in text(wrong)) == (422, True)


def test_the_first_page_asks_what_the_wallets_hold(alice):
    b.fund("20")
    assert text(get(alice.client, "/my/wallet/balance/")) == "Wallet: ¥20.00"
    other = Customer.objects.create(name="<b>Globex</b>")
    Membership.objects.create(customer=other, user=User.objects.get(username="alice"), role="viewer")
    assert text(get(alice.client, "/my/wallet/balance/")) == "Wallet: &lt;b&gt;Globex&lt;/b&gt; ¥0.00, Acme ¥20.00"


def test_renewals_and_notices_are_the_customers_to_decide(alice):
    client, acme = alice.client, Customer.objects.get(name="Acme")
    posted = {"auto_renews": "on", "renews_days_ahead": "5", "low_below": "20", "wanted": ["expiring", "wallet_low"]}
    assert client.post(f"/my/wallet/{acme.pk}/agreement/", posted).status_code == 302
    account = account_of(acme.pk)
    assert (account.auto_renews, account.renews_days_ahead, account.low_below) == (True, 5, 20)
    assert sorted(account.muted) == sorted(set(NoticeKind) - {"expiring", "wallet_low"})
    card = card_in_use(customer="Acme")
    alice.open(f"/my/cards/{card.iccid}/buy/").press("Turn off auto-renew")
    assert CardRenewal.objects.get().is_on is False


def test_a_statement_and_a_receipt_are_for_their_customer(alice):
    receipts.record(Customer.objects.get(name="Acme"), Decimal("100"), "BANK 1", DAY, user=b.financier())
    order = b.placed(cards=[card_in_use(customer="Acme")])
    orders.pay_and_fulfil(order, user=None)
    alice.open("/my/wallet/").follow("Statement")
    assert ("BANK 1" in alice.text, order.number in alice.text, "¥70.00" in alice.text) == (True, True, True)
    alice.open(f"/my/orders/{order.pk}/")
    assert ("Fulfilled" in alice.text, "Print receipt" in alice.text) == (True, True)


def test_a_page_of_what_can_be_bought_costs_few_queries(django_assert_max_num_queries):
    client, card = logged_in(member("Acme")), open_card(customer="Acme")
    with django_assert_max_num_queries(34):
        get(client, f"/my/cards/{card.iccid}/buy/")
    with django_assert_max_num_queries(22):
        get(client, "/my/wallet/")


def test_the_plans_for_many_cards_are_priced_with_as_many_queries_for_many_as_for_one():
    client, card = logged_in(member("Acme")), card_in_use(customer="Acme")
    owner = Customer.objects.get(name="Acme").memberships.get().user
    page = f"/my/selections/{freeze_ids([card.pk], owner=owner, asked={}).pk}/order/"

    def looked_at():
        with CaptureQueriesContext(connection) as queries:
            plans = get(client, page).context["plans"]
        return {plan.code: price and str(price) for plan, price in plans}, len(queries)

    Plan.objects.exclude(code="M1-100").update(is_sold=False)
    looked_at()  # what the portal reads once in its life is read
    one, of_one = looked_at()
    Plan.objects.update(is_sold=True)
    many, of_many = looked_at()
    priced = {"M1-100": "5.00", "Y1-30": "30.00", "PACK-100": "9.90"}
    assert (one, {code: price for code, price in many.items() if price}) == ({"M1-100": "5.00"}, priced)
    assert of_many == of_one
