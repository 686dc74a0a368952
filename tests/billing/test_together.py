"""Orders drafted together for many customers: one table, and each step for all or some of them, each by itself."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.actions import orders
from billing.actions.kinds import work_off_orders
from billing.choices import OrderKind
from billing.models import Order, Price
from cards.actions.selections import freeze
from cards.models import Card, Membership, Plan
from cards.pages.selecting import MOST_CHECKED
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _priced():
    with on_day(TODAY):
        b.price("Y1-30", "30.00")
        yield


def in_english(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def chief():
    """Somebody who may do what operations and finance do."""
    return in_english(logged_in(b.financier(username="chief")))


def by_role(role):
    return in_english(of_role(role))


def together(*names, username="chief"):
    """The address of a renewal of one card of each of these customers, drafted together by this person."""
    for name in names:
        card_in_use(customer=name)
    user = User.objects.get(username=username)
    selection = freeze(Card.objects.all(), owner=user, asked={})
    orders.draft_for_selection(OrderKind.RENEWAL, selection, user=user, plan=Plan.objects.get(code="Y1-30"))
    return f"/console/orders/together/{selection.pk}/"


def order_of(name):
    return Order.objects.get(customer__name=name)


def state_of(name):
    return order_of(name).state


def table(page):
    """Each row of the page: customer, state, cards, those that cannot by reason, total, wallet, what is short."""
    return [
        (
            row.order.customer.name,
            row.badge.label,
            row.cards,
            [(group.count, group.code) for group in row.groups],
            row.total,
            row.account.balance,
            row.short,
        )
        for row in page.context["rows"]
    ]


def form_of(client, url, *names):
    """What the page's form sends as it stands, or with the orders of these customers checked."""
    sent = {"ids": []}
    for row in client.get(url).context["rows"]:
        order = row.order
        if order.customer.name in names if names else row.is_chosen:
            sent["ids"].append(order.pk)
        if row.shown:
            sent |= {f"total-{order.pk}": str(row.total), f"terms-{order.pk}": row.shown.terms}
    return sent


def take(client, url, step, *names, form=None):
    """What is said when a step was taken."""
    response = client.post(f"{url}{step}/", form or form_of(client, url, *names), follow=True)
    return [(message.level_tag, str(message)) for message in response.context["messages"]]


def test_one_table_says_what_each_order_needs(chief):
    b.fund("100", "Acme")
    b.credit("25", "Beta")
    do("cancel", card_in_use(customer="Acme"), TODAY)
    url = together("Acme", "Beta", "Gamma")
    page = chief.get(url)
    assert table(page) == [
        ("Acme", "Draft", 1, [(1, "cancelled")], Decimal("30.00"), 100, 0),
        ("Beta", "Draft", 1, [], Decimal("30.00"), 0, 5),
        ("Gamma", "Draft", 1, [], Decimal("30.00"), 0, 30),
    ]
    assert page.context["sums"] == {"cards": 3, "total": 90, "short": 35}
    assert page.context["steps"] == {"place-and-pay", "place", "discard"}
    assert [row.tax for row in page.context["rows"]] == [Decimal("1.70")] * 3
    shown = text(page)
    assert ("The card has been cancelled" in shown or "cancelled" in shown, shown.count(" checked ")) == (True, 3)


def test_all_are_placed_and_paid_in_one_click_and_what_is_short_is_told(chief):
    b.fund("100", "Acme")
    b.credit("30", "Beta")
    url = together("Acme", "Beta", "Gamma")
    assert take(chief, url, "place-and-pay") == [
        ("success", "Fulfilled: 2 orders."),
        ("success", "Placed: 1 order."),
        (
            "error",
            f"Gamma, order {order_of('Gamma').number}: ¥30.00 is needed, but the wallet has only ¥0.00 available. "
            "Add money to the wallet first.",
        ),
    ]
    page = chief.get(url)
    assert table(page) == [
        ("Acme", "Fulfilled", 1, [], 30, 70, 0),
        ("Beta", "Fulfilled", 1, [], 30, -30, 0),
        ("Gamma", "Placed", 1, [], 30, 0, 30),
    ]
    assert page.context["steps"] == {"pay", "discard"}
    b.fund("30", "Gamma")
    assert take(chief, url, "pay") == [("success", "Fulfilled: 1 order.")]
    assert chief.get(url).context["steps"] == set()


def test_the_same_form_twice_is_done_once(chief):
    b.fund("100", "Acme")
    url = together("Acme", "Beta")
    form = form_of(chief, url, "Acme")
    said = [take(chief, url, "place-and-pay", form=form) for _ in range(2)]
    assert said == [
        [("success", "Fulfilled: 1 order.")],
        [("info", "1 order is as it was: there was nothing left to do.")],
    ]
    assert (b.balance("Acme"), state_of("Acme"), state_of("Beta")) == (70, "fulfilled", "draft")


def test_what_was_broken_off_half_way_is_finished_by_the_same_click(chief):
    for name in ("Acme", "Beta", "Gamma"):
        b.fund("30", name)
    url = together("Acme", "Beta", "Gamma")
    form = form_of(chief, url)
    user = User.objects.get(username="chief")
    orders.place(order_of("Acme"), user=user)
    orders.pay_and_fulfil(orders.place(order_of("Beta"), user=user), user=user)
    assert take(chief, url, "place-and-pay", form=form) == [
        ("success", "Fulfilled: 2 orders."),
        ("info", "1 order is as it was: there was nothing left to do."),
    ]
    assert [b.balance(name) for name in ("Acme", "Beta", "Gamma")] == [0, 0, 0]


def test_who_may_only_place_is_offered_no_payment_and_finance_pays_what_was_placed():
    ops, finance, auditor = map(by_role, ("operations", "finance", "auditor"))
    for name in ("Acme", "Beta"):
        b.fund("30", name)
    url = together("Acme", "Beta", username="operations")
    form = form_of(ops, url)
    offered = [client.get(url).context["steps"] for client in (ops, finance, auditor)]
    assert offered == [{"place", "discard"}, set(), set()]
    refused = [
        (client, step)
        for client, steps in (
            (ops, ("pay", "place-and-pay")),
            (finance, ("place", "place-and-pay", "discard")),
            (auditor, ("place", "pay", "discard")),
        )
        for step in steps
    ]
    assert {client.post(f"{url}{step}/", form).status_code for client, step in refused} == {403}
    assert take(ops, url, "place") == [("success", "Placed: 2 orders.")]
    assert [client.get(url).context["steps"] for client in (ops, finance)] == [{"discard"}, {"pay"}]
    assert take(finance, url, "pay") == [("success", "Fulfilled: 2 orders.")]


def test_a_choice_is_discarded_and_what_is_placed_is_cancelled(chief):
    url = together("Acme", "Beta", "Gamma")
    take(chief, url, "place", "Beta")
    assert take(chief, url, "discard", "Acme", "Beta") == [
        ("success", "Cancelled: 1 order."),
        ("success", "1 draft was discarded."),
    ]
    assert [(row[0], row[1]) for row in table(chief.get(url))] == [("Beta", "Cancelled"), ("Gamma", "Draft")]
    assert take(chief, url, "place", form={"ids": []}) == [
        ("error", "No orders are selected: there is nothing to do yet.")
    ]


def test_whoever_comes_too_late_is_told_so(chief):
    url = together("Acme", "Beta")
    form = form_of(chief, url)
    colleague = by_role("operations")
    take(colleague, url, "discard", "Acme")
    assert take(chief, url, "place", form=form) == [
        ("success", "Placed: 1 order."),
        ("warning", "1 draft is no longer there: it has been discarded."),
    ]
    take(colleague, url, "discard")
    sentence = "This is not possible while the order is “Cancelled”. Reload the order to see its current state."
    assert take(chief, url, "pay", form=form) == [
        ("warning", "1 draft is no longer there: it has been discarded."),
        ("error", f"Beta, order {order_of('Beta').number}: {sentence}"),
    ]


def test_once_nothing_is_left_the_way_leads_to_the_list(chief):
    url = together("Acme", "Beta")
    assert chief.post(f"{url}discard/", form_of(chief, url))["location"] == "/console/orders/"
    assert (Order.objects.count(), chief.get(url).status_code) == (0, 404)


def test_what_costs_something_else_by_now_is_refused_alone(chief):
    url = together("Acme", "Beta")
    form = form_of(chief, url)
    Price.objects.create(plan=Plan.objects.get(code="Y1-30"), customer=b.customer("Beta"), kind="customer",
                         amount="25.00", valid_from=TODAY)  # fmt: skip
    assert take(chief, url, "place", form=form) == [
        ("success", "Placed: 1 order."),
        (
            "error",
            f"Beta, order {order_of('Beta').number}: The total is now ¥25.00, not ¥30.00. "
            "Review the order again, then place it.",
        ),
    ]
    assert [(row[1], row[4]) for row in table(chief.get(url))] == [("Placed", 30), ("Draft", 25)]


def test_drafts_are_shown_at_the_prices_of_today(chief):
    url = together("Acme", "Beta")
    Price.objects.filter(customer=None).update(amount="31.00")
    assert [row[4] for row in table(chief.get(url))] == [31, 31]


def test_of_many_cards_the_rest_is_placed_and_paid_in_the_background(chief, monkeypatch):
    monkeypatch.setattr(orders, "ORDERED_AT_ONCE", 1)
    for name in ("Acme", "Beta"):
        b.fund("30", name)
    url = together("Acme", "Beta")
    work_off_orders(5)
    said = take(chief, url, "place-and-pay")
    assert (said[0], len(said), state_of("Acme"), state_of("Beta")) == (
        ("success", "Fulfilled: 1 order."), 2, "fulfilled", "draft",
    )  # fmt: skip
    assert take(chief, url, "place-and-pay", "Beta") == [
        ("info", "1 order is as it was: there was nothing left to do.")
    ]
    work_off_orders(5)
    assert (state_of("Beta"), b.balance("Beta")) == ("fulfilled", 0)


def test_the_page_costs_the_same_for_many_customers(chief):
    def queries(*names):
        url = together(*names)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            chief.get(url)
        return len(asked)

    assert queries("A", "B") == queries("C", "D", "E", "F", "G")


def test_each_order_leads_to_the_others(chief):
    url = together("Acme", "Beta")
    page = text(chief.get(f"/console/orders/{order_of('Acme').pk}/"))
    assert (f'href="{url}"' in page, "1 of 2 orders" in page) == (True, True)
    take(chief, url, "discard", "Beta")
    assert f'href="{url}"' not in text(chief.get(f"/console/orders/{order_of('Acme').pk}/"))


@pytest.mark.parametrize("sent", [{"ids": ["x"]}, {"ids": range(1, MOST_CHECKED + 2)}])
def test_what_no_page_of_ours_sends_is_refused(chief, sent):
    url = together("Acme", "Beta")
    assert chief.post(f"{url}place/", sent).status_code == 400
    forged = {"ids": [order_of("Acme").pk], f"terms-{order_of('Acme').pk}": "x"}
    assert [chief.post(f"{url}{step}/", forged).status_code for step in ("place", "lose")] == [404, 404]
    assert chief.get("/console/orders/together/999/").status_code == 404
    assert state_of("Acme") == "draft"


# customers


def test_a_member_of_several_customers_places_and_pays_them_together():
    user = member("Acme", "alice")
    Membership.objects.create(customer=b.customer("Beta"), user=user, role="owner")
    alice = in_english(logged_in(user))
    b.fund("30", "Acme")
    cards = [card_in_use(customer=name) for name in ("Acme", "Beta")]
    selection = freeze(Card.objects.filter(pk__in=[card.pk for card in cards]), owner=user, asked={})
    asked = {"kind": "renewal", "plan": "", "key": str(uuid.uuid4())}
    url = alice.post(f"/my/selections/{selection.pk}/order/", asked)["location"]
    assert url == f"/my/orders/together/{selection.pk}/"
    assert take(alice, url, "place-and-pay")[:2] == [
        ("success", "Fulfilled: 1 order."),
        ("success", "Placed: 1 order."),
    ]
    assert f'href="{url}"' in text(alice.get(f"/my/orders/{order_of('Beta').pk}/"))
    for role, status in (("viewer", 403), (None, 404)):
        other = User.objects.create_user(f"other {role}", password="demo")
        if role:
            Membership.objects.create(customer=b.customer("Beta"), user=other, role=role)
        client = in_english(logged_in(other))
        answer = client.post(f"{url}discard/", {"ids": [order_of("Beta").pk]})
        assert (client.get(url).status_code, answer.status_code) == (200 if role else 404, status)
    assert state_of("Beta") == "placed"


def test_of_a_selection_of_staff_a_member_sees_their_own_order_alone(chief):
    url = together("Acme", "Beta").replace("/console/", "/my/")
    alice = in_english(logged_in(member("Acme", "alice")))
    assert [row[0] for row in table(alice.get(url))] == ["Acme"]
    assert take(alice, url, "discard", form={"ids": [order_of("Beta").pk]})[0][0] == "warning"
    assert state_of("Beta") == "draft"
    assert logged_in(member("Acme", "bob")).get(url.replace("/my/", "/console/")).status_code == 404
