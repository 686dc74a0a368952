"""Service without money: which cards are not paid, why and since when, what that is worth, and what leads out of it."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest

from billing.actions import orders, refunds
from billing.actions.kinds import work_off_order
from billing.choices import OrderKind, PriceKind
from billing.models import Order
from billing.not_paid import not_paid, opening_groups, owing
from cards.models import Job, Plan, Selection
from tests.billing import build as b
from tests.build import card_in_use, correct, do, on_day, open_card, swept
from tests.commands.calls import result, run
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

TODAY, OPENED = date(2026, 3, 2), date(2026, 1, 15)
IN_SERVICE = {"state": "in_use", "activated_on": "2026-01-20", "service_until": "2027-01-01"}
ENGLISH = {"accept-language": "en"}
PAGE = "/console/not-paid/"


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        b.price("Y1-30", "30.00")
        b.fund("1000")
        yield


@pytest.fixture
def chief():
    return b.financier(username="chief")


@pytest.fixture
def ops():
    return of_role("operations")


def found():
    """(last digit of the ICCID, why, since) of the cards that are not paid, in the order in which they came in."""
    return [(int(card.iccid[-1]), card.why, card.since) for card in not_paid().order_by("pk")]


def owed():
    """(customer, cards, value, without a price) of each customer."""
    return [(o.customer.name, o.cards, o.value, o.unpriced) for o in owing(opening_groups(not_paid()), TODAY)]


def opening(cards, user, name="Acme"):
    return b.placed(OrderKind.OPENING, cards, user=user, plan=None, name=name)


def refunded(order, user):
    refunds.approve(refunds.request_refund(order, user=user, reason="because"), user=user)


# which cards, why and since when


def test_a_card_is_not_paid_until_the_money_for_its_opening_has_moved(chief):
    card = open_card(customer="Acme")
    not_ordered, ordered = [(1, "not_ordered", OPENED)], [(1, "ordered", OPENED)]
    assert found() == not_ordered
    order = b.drafted(OrderKind.OPENING, [card], user=chief, plan=None)
    assert found() == not_ordered
    order = orders.place(order, user=chief)
    assert found() == ordered
    orders.withdraw(order, user=chief)
    assert found() == not_ordered
    orders.expire_unpaid(opening([card], chief).expires_at)
    assert found() == not_ordered
    order = orders.pay(opening([card], chief), user=chief)
    assert found() == []
    work_off_order(order.job)
    assert (b.fresh(order).state, found()) == ("fulfilled", [])


def test_it_is_not_paid_again_from_the_day_of_the_refund_on_and_works_all_the_same(chief):
    card = open_card(customer="Acme")
    order = orders.pay_and_fulfil(opening([card], chief), user=chief)
    with on_day(TODAY + timedelta(days=3)):
        refunded(order, chief)
        do("activate", card, TODAY + timedelta(days=4))
        assert found() == [(1, "refunded", TODAY + timedelta(days=3))]
        again = opening([card], chief)
        assert found() == [(1, "ordered", TODAY + timedelta(days=3))]
        orders.pay_and_fulfil(again, user=chief)
        assert found() == []


def test_an_opening_that_waits_to_be_paid_is_not_ordered_again_and_of_two_the_first_one_paid_counts(chief):
    card = open_card(customer="Acme")
    second = b.drafted(OrderKind.OPENING, [card], user=chief, plan=None)
    first = opening([card], chief)
    third = b.drafted(OrderKind.OPENING, [card], user=chief, plan=None)
    assert list(third.job.chunks.get().check_result["reasons"]) == [f"opening_ordered:{first.number}"]
    second = orders.place(second, user=chief)  # it was checked before there was the first
    for order in (first, second):
        orders.pay_and_fulfil(order, user=chief)
    assert [b.fresh(order).state for order in (first, second)] == ["fulfilled", "refunded"]
    assert (b.balance(), found()) == (970, [])


def test_cards_of_customers_that_serve_or_wait_to():
    open_card(customer="Acme", test_months=3, test_quota_mb=10)
    open_card(customer="Acme")
    card_in_use(OPENED, customer="Acme")
    do("suspend", card_in_use(OPENED, customer="Acme"), OPENED)
    swept(card_in_use(OPENED, customer="Acme", plan="M1-100"), date(2026, 2, 1))  # has ended
    do("cancel", open_card(customer="Acme"), TODAY)
    open_card()  # in stock
    states = not_paid().order_by("pk").values_list("state", flat=True)
    assert list(states) == ["testing", "unused", "in_use", "suspended"]


def test_who_took_cards_over_was_not_the_one_to_be_paid_for_opening_them():
    open_card(customer="Acme", **IN_SERVICE)
    open_card(customer="Acme", state="unused")
    opened, taken = open_card(customer="Acme"), open_card(customer="Acme", **IN_SERVICE)
    assert found() == [(3, "not_ordered", OPENED)]
    correct(opened, **IN_SERVICE)  # a file says later that it was in service already
    assert found() == []
    assert taken.anew_seq is None


def test_renewing_or_giving_a_term_pays_for_no_opening(chief):
    card = card_in_use(OPENED, customer="Acme")
    b.paid(cards=[card], user=chief)
    do("renew", card, TODAY, plan="Y1-30")
    assert found() == [(1, "not_ordered", OPENED)]


def test_an_opening_is_paid_once_whoever_has_the_card_now(chief):
    """What the customer before left unpaid is not the present one's order, and counts since they got the card."""
    paid, waits = open_card(customer="Acme"), open_card(customer="Acme")
    orders.pay_and_fulfil(opening([paid], chief), user=chief)
    opening([waits], chief)
    b.customer("Other")
    for card in (paid, waits):
        do("assign", card, date(2026, 2, 20), customer="Other")
    assert found() == [(2, "not_ordered", date(2026, 2, 20))]


def test_who_pays_nothing_by_agreement_orders_it_for_nothing(chief):
    b.price("Y1-30", "0.00", PriceKind.CUSTOMER, customer=b.customer())
    card = open_card(customer="Acme")
    assert owed() == [("Acme", 1, Decimal("0.00"), 0)]
    orders.pay_and_fulfil(opening([card], chief), user=chief)
    assert (found(), b.balance()) == ([], 1000)


def test_the_opening_of_a_plan_that_was_retired_can_be_ordered_still_and_nothing_else_of_it(chief):
    card = open_card(customer="Acme")
    Plan.objects.filter(code="Y1-30").update(is_sold=False)
    orders.pay_and_fulfil(opening([card], chief), user=chief)
    assert found() == []
    renewal = b.drafted(cards=[card], user=chief, plan=None)
    assert list(renewal.job.chunks.get().check_result["reasons"]) == ["not_on_sale"]


# what it comes to


def test_each_customer_owes_the_price_that_is_theirs_today():
    b.price("Y1-30", "28.00", PriceKind.CUSTOMER, customer=b.customer(), since=TODAY)
    b.price("Y1-30", "1.00", PriceKind.CUSTOMER, customer=b.customer(), since=TODAY + timedelta(days=1))
    for name, plan in (
        ("Acme", "Y1-30"),
        ("Acme", "Y1-30"),
        ("Acme", "M1-100"),
        ("Other", "Y1-30"),
        ("Priceless", "M1-100"),
    ):
        open_card(customer=name, plan=plan)
    assert owed() == [
        ("Acme", 3, Decimal("56.00"), 1),
        ("Other", 1, Decimal("30.00"), 0),
        ("Priceless", 1, Decimal(0), 1),
    ]
    assert result("verify")["not_ordered"] == {"cards": 5, "value": "86.00"}
    assert run("verify").out.splitlines()[1:] == [
        "Cards whose opening is not paid: 5, of customers: 3, worth at today's prices: ¥86.00, without a price: 2."
    ]


def test_what_is_not_paid_is_no_problem_and_where_all_is_paid_nothing_is_said(chief):
    card = open_card(customer="Acme")
    ended = run("verify")
    assert (ended.code, len(ended.out.splitlines())) == (0, 2)
    orders.pay_and_fulfil(opening([card], chief), user=chief)
    ended = run("verify")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)
    assert result("verify")["not_ordered"] == {"cards": 0, "value": "0.00"}


# the list


def shown(client, query=""):
    """The last digits of the cards on the page, in its order."""
    page = client.get(f"{PAGE}{query}", headers=ENGLISH)
    assert page.status_code == 200
    return [int(row.card.iccid[-1]) for row in page.context["rows"]]


def test_the_list_is_filtered_sorted_and_counted(ops, chief):
    for name, plan, opened in (("Acme", "Y1-30", 12), ("Acme", "M1-100", 10), ("Other", "Y1-30", 11)):
        open_card(customer=name, plan=plan, opened_on=date(2026, 1, opened))
    opening([not_paid().get(iccid__endswith="1")], chief)
    asked = {
        "": [1, 2, 3],
        "?sort=newest": [3, 2, 1],
        "?sort=iccid": [1, 2, 3],
        "?customer=Acme": [1, 2],
        "?plan=Y1-30": [1, 3],
        "?why=ordered": [1],
        "?why=not_ordered&customer=Acme": [2],
        "?why=refunded": [],
    }
    assert {query: shown(ops, query) for query in asked} == asked
    page = ops.get(f"{PAGE}?customer=Acme&why=ordered", headers=ENGLISH)
    assert [(label, count, is_current) for _query, label, count, is_current in page.context["tabs"]] == [
        *(("All", 2, False), ("Opening not ordered", 1, False)),
        *(("Opening ordered, not paid", 1, True), ("Opening refunded", 0, False)),
    ]
    assert [query for query, *_ in page.context["tabs"]][:2] == ["customer=Acme", "customer=Acme&why=not_ordered"]
    assert (page.context["cards"], page.context["value"], page.context["unpriced"]) == (1, 30, 0)
    assert Order.objects.get().number in text(page)
    assert ("?kind=opening&amp;numbers=" in text(page), text(ops.get(PAGE)).count("?kind=opening&amp;numbers=")) == (
        False,
        2,
    )


@pytest.mark.once
@pytest.mark.parametrize("query", ["?why=x", "?plan=x", "?customer=Nobody", "?sort=x", "?after=x", "?x=1"])
def test_what_makes_no_sense_finds_nothing_and_is_said(ops, query):
    open_card(customer="Acme")
    page = ops.get(f"{PAGE}{query}", headers=ENGLISH)
    assert (page.status_code, page.context["rows"], len(page.context["complaints"])) == (400, [], 1)
    assert ops.get(f"/console/not-paid.csv{query}", headers=ENGLISH).status_code == 400


@pytest.mark.parametrize("sort", ["", "oldest", "newest", "iccid"])
def test_pages_follow_each_other_without_a_gap(ops, sort, monkeypatch):
    monkeypatch.setattr("billing.views.console.not_paid.ROWS_PER_PAGE", 2)
    for number in range(5):
        open_card(customer="Acme", opened_on=OPENED + timedelta(days=number // 2))
    query, seen = f"sort={sort}" if sort else "", []
    while query is not None:
        page = ops.get(f"{PAGE}?{query}", headers=ENGLISH)
        seen += [int(row.card.iccid[-1]) for row in page.context["rows"]]
        query = page.context["next_query"]
    whole = {"newest": [5, 4, 3, 2, 1]}.get(sort, [1, 2, 3, 4, 5])
    assert seen == whole


def test_the_list_asks_as_much_for_many_cards_as_for_one(ops, django_assert_max_num_queries):
    for number in range(12):
        open_card(customer=f"Customer {number}")
    with django_assert_max_num_queries(14):
        ops.get(PAGE)


def test_the_file_has_the_same_cards_in_the_same_order(ops, chief):
    cards = [open_card(customer="Acme", plan=plan) for plan in ("Y1-30", "M1-100")]
    order = opening(cards[:1], chief)
    response = ops.get("/console/not-paid.csv?sort=iccid", headers=ENGLISH)
    rows = list(csv.reader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    iccids = [f'="{card.iccid}"' for card in cards]
    common = ["", "Acme", "Unused"]
    headings = ["ICCID", "MSISDN", "Customer", "State", "Opening plan", "Opened on"]
    since, waits = "2026-01-15", ["Opening ordered, not paid", "2026-01-15", order.number, "30.00"]
    assert rows == [
        [*headings, "Reason", "Not paid since", "Order", "Value"],
        [iccids[0], *common, str(cards[0].plan), since, *waits],
        [iccids[1], *common, str(cards[1].plan), since, "Opening not ordered", since, "", ""],
    ]


# what leads out of it


def chosen(client, step, which="page", query="", **cards):
    posted = {"which": which, "query": query, "key": "5f3c5b0e-1111-4222-8333-444455556666", **cards}
    return client.post(f"{PAGE}{step}/", posted, headers=ENGLISH)


def test_chosen_cards_lead_to_the_order_of_their_opening(ops):
    cards = [open_card(customer=name) for name in ("Acme", "Acme", "Other")]
    response = chosen(ops, "order", ids=[card.pk for card in cards[:2]])
    selection = Selection.objects.get()
    assert (response.status_code, response["location"]) == (
        302,
        f"/console/orders/new/?selection={selection.pk}&kind=opening",
    )
    page = ops.get(response["location"], headers=ENGLISH)
    assert (page.context["form"]["kind"].value(), selection.size) == ("opening", 2)
    form = {"selection": selection.pk, "kind": "opening", "plan": "", "key": str(page.context["form"]["key"].value())}
    ops.post("/console/orders/new/", form)
    order = Order.objects.get()
    assert (order.kind, order.customer.name, order.job.total) == ("opening", "Acme", 2)


def test_all_cards_of_the_view_are_chosen_and_the_same_form_chooses_once(ops):
    for name in ("Acme", "Other", "Acme"):
        open_card(customer=name)
    responses = [chosen(ops, "order", "filter", "customer=Acme") for _ in range(2)]
    assert responses[0]["location"] == responses[1]["location"]
    assert Selection.objects.get().size == 2


def test_chosen_cards_lead_to_their_return_to_stock_and_one_that_was_paid_meanwhile_does_not(ops, chief):
    waits, paid = open_card(customer="Acme"), open_card(customer="Acme")
    orders.pay_and_fulfil(opening([paid], chief), user=chief)
    response = chosen(ops, "unassign", ids=[waits.pk, paid.pk])
    job = Job.objects.latest("pk")
    assert (response["location"], job.action, job.total) == (f"/console/jobs/{job.pk}/", "unassign", 1)
    assert not_paid().count() == 1  # nothing has happened yet


@pytest.mark.once
@pytest.mark.parametrize(
    ("posted", "status"),
    [
        ({"ids": []}, 302),
        ({"ids": ["x"]}, 400),
        ({"ids": range(1, 102)}, 400),
        ({"which": "everything"}, 400),
        ({"which": "filter", "query": "why=x"}, 302),
        ({"key": "x", "ids": [1]}, 400),
    ],
)
def test_what_chooses_nothing_does_nothing(ops, posted, status):
    open_card(customer="Acme")
    assert chosen(ops, "order", **posted).status_code == status
    assert not Selection.objects.exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("operations", {"order": 302, "unassign": 302, "renew": 404}),
        ("finance", {"order": 403, "unassign": 403}),
        ("support", {"order": 403, "unassign": 403}),
        ("auditor", {"order": 403, "unassign": 403}),
    ],
)
def test_staff_look_and_operations_do_something_about_it(role, may):
    open_card(customer="Acme")
    client = of_role(role)
    page = client.get(PAGE, headers=ENGLISH)
    assert (page.status_code, "not-paid/order/" in text(page)) == (200, may["order"] == 302)
    assert {step: chosen(client, step, ids=[]).status_code for step in may} == may
