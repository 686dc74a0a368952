"""The console's doors to money: what each page shows and does, who may, and what bad input gets."""

import csv
import re
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from billing.actions import orders, refunds
from billing.actions.kinds import work_off_order
from billing.actions.ledger import account_of
from billing.choices import OrderKind, PriceKind
from billing.models import Entry, Order, Price, PriceTier, Refund
from billing.money import yuan
from cards.actions.jobs import engine
from cards.actions.selections import freeze
from cards.models import Card, Job, Plan
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, swept
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
ENGLISH = {"accept-language": "en"}
ORDERS = "/console/orders/"
NEW = f"{ORDERS}new/"


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


def in_english(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def finance():
    return in_english(of_role("finance"))


@pytest.fixture
def ops():
    return in_english(of_role("operations"))


@pytest.fixture
def chief():
    """Somebody who may do what operations and finance do."""
    return in_english(logged_in(b.financier(username="chief")))


@pytest.fixture
def _priced():
    b.price("Y1-30", "30.00")
    b.price("PACK-100", "9.90")
    b.price(None, "8.00")


def url(order, step=""):
    return f"{ORDERS}{order.pk}/{step}"


def get(client, path):
    return client.get(path, headers=ENGLISH)


def said(client, response):
    """The messages on the page that the response leads to."""
    page = client.get(response["location"], headers=ENGLISH)
    return [str(message) for message in page.context["messages"]]


def new(client, *cards, **posted):
    key = posted.pop("key", "8a3b9c52-6a1f-4b8e-9d7a-111111111111")
    values = {"kind": "renewal", "plan": "Y1-30", "numbers": "\n".join(card.iccid for card in cards), "key": key}
    return client.post(NEW, values | posted, headers=ENGLISH)


# a new order


@pytest.mark.usefixtures("_priced")
def test_a_pasted_list_becomes_a_draft_with_prices_and_the_same_form_twice_is_one(ops):
    card, gone = card_in_use(customer="Acme"), do("cancel", card_in_use(customer="Acme"), TODAY)
    responses = [new(ops, card, gone) for _ in range(2)]
    order = Order.objects.get()
    assert {response["location"] for response in responses} == {url(order)}
    context = get(ops, url(order)).context
    assert (context["can"], context["cannot"], context["total"], context["prices"]) == (
        1,
        1,
        Decimal("30.00"),
        [(Plan.objects.get(code="Y1-30"), Decimal("30.00"), 1, Decimal("30.00"))],
    )
    assert [(count, str(words)) for count, words in context["effects"]] == [
        (1, "get a new term that starts after the current one")
    ]
    assert [(group.code, group.cards) for group in context["groups"]] == [("cancelled", [gone.iccid])]


@pytest.mark.usefixtures("_priced")
def test_numbers_that_are_no_card_are_named_and_left_out_only_when_asked(ops):
    card = card_in_use(customer="Acme")
    lost = "13899999999"
    response = new(ops, card, numbers=f"{card.iccid} {lost}")
    assert response.status_code == 422
    assert response.context["form"].errors == {"numbers": [f"1 number matches no card or several: {lost}"]}
    assert Order.objects.count() == 0
    assert new(ops, card, numbers=f"{card.iccid} {lost}", skips="on").status_code == 302
    assert Order.objects.get().job.total == 1


@pytest.mark.parametrize(
    ("posted", "field", "sentence"),
    [
        ({"numbers": ""}, "numbers", "Enter card numbers, or whose cards all of them are."),
        ({"numbers": "13899999999", "skips": "on"}, "numbers", "None of these numbers matches a card."),
        ({"kind": "pack", "plan": ""}, "plan", "Choose a pack."),
        ({"kind": "pack"}, "plan", "This is a plan, not a pack."),
        ({"plan": "PACK-100"}, "plan", "This is a pack, not a plan."),
        ({"kind": "sale", "plan": ""}, "customer", "Enter the customer who buys the cards."),
        ({"kind": "sale", "plan": "", "customer": "Nobody"}, "customer", "There is no customer with this name."),
        ({"plan": "nonsense"}, "plan", "Select a valid choice. nonsense is not one of the available choices."),
    ],
)
@pytest.mark.usefixtures("_priced")
def test_what_cannot_be_read_is_said_at_its_field(ops, posted, field, sentence):
    response = new(ops, card_in_use(customer="Acme"), **posted)
    assert (response.status_code, response.context["form"].errors[field]) == (422, [sentence])
    assert Order.objects.count() == 0


@pytest.mark.usefixtures("_priced")
def test_a_selection_of_two_customers_becomes_two_orders_that_are_listed(ops):
    for name in ("Acme", "Other", ""):
        card_in_use(customer=name)
    user = User.objects.get(username="operations")
    selection = freeze(Card.objects.all(), owner=user, asked={})
    posted = {"kind": "renewal", "plan": "Y1-30", "selection": selection.pk, "key": selection.key}
    response = ops.post(NEW, posted)
    assert response["location"] == f"{ORDERS}together/{selection.pk}/"
    listed = get(ops, f"{ORDERS}?selection={selection.pk}").context["entries"]
    assert sorted((order.customer.name, order.job.total) for order, _badge in listed) == [("Acme", 1), ("Other", 1)]


@pytest.mark.usefixtures("_priced")
def test_cards_in_stock_are_ordered_by_nobody(ops):
    response = new(ops, card_in_use())
    assert said(ops, response) == [
        "These cards are in stock, so there is no one to pay for them: sell or assign them first."
    ]


@pytest.mark.usefixtures("_priced")
def test_somebody_elses_selection_is_nobodys(ops):
    other = User.objects.create_superuser("other")
    card_in_use(customer="Acme")
    selection = freeze(Card.objects.all(), owner=other, asked={})
    assert get(ops, f"{NEW}?selection={selection.pk}").status_code == 404
    assert get(ops, f"{NEW}?selection=x").status_code == 404


# the steps


@pytest.mark.usefixtures("_priced")
def test_who_may_both_places_and_pays_in_one_click_and_the_page_shows_what_became_of_it(chief, finance):
    b.fund("100")
    card = card_in_use(customer="Acme")
    order = b.drafted(cards=[card], user=User.objects.get(username="chief"))
    assert finance.post(url(order, "place/"), b.shown(order) | {"pay": "1"}).status_code == 403
    response = chief.post(url(order, "place/"), b.shown(order) | {"pay": "1"})
    assert (response["location"], b.fresh(order).state, b.balance()) == (url(order), "fulfilled", 70)
    page = get(finance, url(order))
    assert [(line.card.iccid, line.badge.label, line.seq) for line in page.context["lines"]] == [
        (card.iccid, "Fulfilled", 3)
    ]
    kinds = [
        (entry.kind, [(p.account, p.amount) for p in postings]) for entry, _by, postings in page.context["entries"]
    ]
    assert kinds == [
        ("payment", [("wallet", -30), ("receivables", 30)]),
        ("fulfilment", [("receivables", -30), ("revenue", 30)]),
    ]
    assert get(finance, f"{ORDERS}of-job/{order.job_id}/")["location"] == url(order)
    assert get(finance, f"/console/jobs/{order.job_id}/")["location"] == f"{ORDERS}of-job/{order.job_id}/"


@pytest.mark.usefixtures("_priced")
def test_operations_order_and_pay_nothing(ops):
    b.fund("100")
    order = b.drafted(cards=[card_in_use(customer="Acme")])
    assert ops.post(url(order, "place/"), b.shown(order) | {"pay": "1"}).status_code == 403
    assert ops.post(url(order, "place/"), b.shown(order)).status_code == 302
    assert b.fresh(order).state == "placed"
    assert ops.post(url(order, "pay/")).status_code == 403
    assert "To be paid by finance or the customer." in text(get(ops, url(order)))
    assert ops.post(url(order, "withdraw/"))["location"] == url(order)
    assert (b.fresh(order).state, b.balance()) == ("withdrawn", 100)


@pytest.mark.usefixtures("_priced")
def test_what_was_shown_has_to_be_what_it_costs(ops):
    order = b.drafted(cards=[card_in_use(customer="Acme")])
    response = ops.post(url(order, "place/"), {"total": "29.00"})
    assert said(ops, response) == ["The total is now ¥30.00, not ¥29.00. Review the order again, then place it."]
    assert ops.post(url(order, "place/"), {"total": "much"}).status_code == 404
    assert b.fresh(order).state == "draft"


@pytest.mark.usefixtures("_priced")
def test_a_wallet_that_is_short_is_told_before_and_refused_after(finance):
    b.fund("29")
    order = b.placed(cards=[card_in_use(customer="Acme")])
    assert get(finance, url(order)).context["is_short"] is True
    response = finance.post(url(order, "pay/"))
    assert said(finance, response) == [
        "¥30.00 is needed, but the wallet has only ¥29.00 available. Add money to the wallet first."
    ]


@pytest.mark.usefixtures("_priced")
def test_a_paid_order_whose_work_failed_goes_on(ops):
    b.fund("100")
    order = orders.pay(b.placed(cards=[card_in_use(customer="Acme")]), user=None)
    engine.fail(order.job, "a mistake")
    page = get(ops, url(order))
    assert (page.context["is_stuck"], "a mistake" in text(page)) == (True, True)
    for _ in range(2):
        assert ops.post(url(order, "go-on/")).status_code == 302
    assert work_off_order(order.job).status == "done"
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", 70)


@pytest.mark.usefixtures("_priced")
def test_a_draft_is_discarded(ops, finance):
    order = b.drafted(cards=[card_in_use(customer="Acme")])
    assert finance.post(url(order, "withdraw/")).status_code == 403
    assert ops.post(url(order, "withdraw/"))["location"] == ORDERS
    assert (Order.objects.count(), Job.objects.get().status) == (0, "stopped")


@pytest.mark.usefixtures("_priced")
def test_failures_are_listed_downloaded_and_ordered_again(finance, ops):
    b.fund("100")
    good, gone = card_in_use(customer="Acme"), card_in_use(customer="Acme", msisdn="13800000001")
    order = b.placed(cards=[good, gone])
    do("assign", gone, TODAY, customer="Acme2" if b.customer("Acme2") else "")
    order = orders.pay_and_fulfil(order, user=None)
    page = get(finance, f"{url(order)}?show=failed")
    assert [(line.card.iccid, line.why.code) for line in page.context["lines"]] == [(gone.iccid, "anothers_card")]
    assert [(group.code, group.count) for group in page.context["groups"]] == [("anothers_card", 1)]
    file = b"".join(finance.get(f"{url(order)}lines.csv?show=failed", headers=ENGLISH).streaming_content).decode(
        "utf-8-sig"
    )
    assert (
        file.splitlines()
        == [
            "ICCID,MSISDN,Plan,Price,State,Reason,How to fix it",
            f'"=""{gone.iccid}""","=""13800000001""",Y1-30,30.00,Refunded,'
            '"The card does not belong to this customer.","Assign it first, or order for its customer."',
        ]
        or file.count("\n") == 2
    )
    do("assign", gone, TODAY, customer="Acme")
    response = ops.post(f"{url(order)}again/", {"key": "8a3b9c52-6a1f-4b8e-9d7a-222222222222"})
    again = Order.objects.latest("pk")
    assert (response["location"], again.job.total, again.plan.code) == (url(again), 1, "Y1-30")


@pytest.mark.usefixtures("_priced")
def test_the_list_finds_by_number_card_and_customer(finance):
    card, other = card_in_use(customer="Acme"), card_in_use(customer="Other")
    first, second = b.placed(cards=[card]), b.placed(cards=[other], name="Other")

    def found(query):
        return [order.pk for order, _badge in get(finance, f"{ORDERS}?{query}").context["entries"]]

    assert found("") == [second.pk, first.pk]
    assert found(f"q={first.number}") == found(f"q=%23{first.pk}") == found(f"q={card.iccid}") == [first.pk]
    assert found("q=Oth") == found("customer=Other") == [second.pk]
    assert found("state=paid") == found("kind=pack") == found("through=2026-01-01") == []
    response = get(finance, f"{ORDERS}?colour=red")
    assert (response.status_code, response.context["complaints"], response.context["entries"]) == (
        400,
        ["There is no filter called “colour”."],
        [],
    )


@pytest.mark.parametrize("query", ["show=nonsense", "after=x", "after=" + "9" * 30])
@pytest.mark.usefixtures("_priced")
def test_an_address_that_makes_no_sense_is_not_found(finance, query):
    order = b.placed(cards=[card_in_use(customer="Acme")])
    assert get(finance, f"{url(order)}?{query}").status_code == 404


# refunds


@pytest.mark.usefixtures("_priced")
def test_a_refund_is_asked_for_by_operations_and_approved_by_finance(ops, finance):
    b.fund("100")
    card, other = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    order = b.paid(cards=[card, other])
    posted = {"reason": "wrong card", "cards": [card.pk], "key": "8a3b9c52-6a1f-4b8e-9d7a-333333333333"}
    assert finance.post(url(order, "refund/"), posted).status_code == 403
    response = ops.post(url(order, "refund/"), posted)
    refund = Refund.objects.get()
    assert response["location"] == f"/console/refunds/{refund.pk}/"
    assert get(finance, response["location"]).context["amount"] == 30
    assert [each.url for each in get(finance, "/console/approvals/").context["waiting"]] == [response["location"]]
    assert ops.post(f"/console/refunds/{refund.pk}/let-go/").status_code == 403
    for _ in range(2):
        finance.post(f"/console/refunds/{refund.pk}/let-go/")
    assert (Refund.objects.get().state, b.balance(), fresh(card).terms.count()) == ("done", 70, 1)
    assert [line[:2] for line in b.lines(order)] == [(card.iccid, "refunded"), (other.iccid, "fulfilled")]


@pytest.mark.usefixtures("_priced")
def test_above_the_set_amount_a_second_person_lets_it_go(chief):
    b.price("Y1-1024", "1000.01")
    b.fund("2000")
    order = b.paid(cards=[card_in_use(customer="Acme")], plan="Y1-1024")
    chief.post(url(order, "refund/"), {"reason": "x", "all": "1", "key": "8a3b9c52-6a1f-4b8e-9d7a-444444444444"})
    path = f"/console/refunds/{Refund.objects.get().pk}/"
    assert get(chief, path).context["needs_another"] is True
    assert said(chief, chief.post(f"{path}let-go/")) == [
        "With this, you alone come to ¥1,000.01 for this customer in 30 days; above ¥1,000.00 it needs approval. "
        "Ask a colleague in finance."
    ]
    second = of_role("finance", "second")
    assert get(second, path).context["needs_another"] is False
    second.post(f"{path}let-go/")
    assert (Refund.objects.get().state, b.balance()) == ("done", 2000)


@pytest.mark.usefixtures("_priced")
def test_a_refund_without_a_reason_or_by_others_is_none(finance, ops):
    b.fund("100")
    order = b.paid(cards=[card_in_use(customer="Acme")])
    response = ops.post(url(order, "refund/"), {"all": "1", "key": "8a3b9c52-6a1f-4b8e-9d7a-555555555555"})
    assert said(ops, response) == ["Briefly give a reason."]
    assert finance.post(url(order, "refund/"), {"reason": "x", "all": "1"}).status_code == 403
    refund = refunds.request_refund(order, user=User.objects.get(username="operations"), reason="x")
    assert ops.post(f"/console/refunds/{refund.pk}/decline/").status_code == 403
    finance.post(f"/console/refunds/{refund.pk}/decline/")
    assert (Refund.objects.get().state, b.balance()) == ("declined", 70)


# customers


def test_customers_are_listed_with_wallets_and_cards(finance, django_assert_max_num_queries):
    b.fund("10.50")
    b.credit("5")
    for number in range(30):
        b.customer(f"Customer {number:02d}")
    card_in_use(customer="Acme")
    with django_assert_max_num_queries(12):
        page = get(finance, "/console/customers/")
    first, *rest = page.context["customers"]
    assert (first[0].name, first[1].balance, first[2], len(rest)) == ("Acme", Decimal("10.50"), "1", 29)
    more = get(finance, f"/console/customers/?{page.context['next_query']}")
    assert [each[0].name for each in more.context["customers"]] == ["Customer 29"]
    assert [each[0].name for each in get(finance, "/console/customers/?q=Customer 2").context["customers"]][:2] == [
        "Customer 20",
        "Customer 21",
    ]


def test_what_is_agreed_on_is_kept_and_the_limit_never_below_the_debt(finance):
    acme, tier = b.customer(), PriceTier.objects.create(name="reseller")
    path = f"/console/customers/{acme.pk}/agreement/"
    agreed = {"tier": tier.pk, "credit_limit": "100", "auto_renews": "on", "renews_days_ahead": "5"}
    assert finance.post(path, agreed).status_code == 302
    account = account_of(acme.pk)
    assert (account.tier, account.credit_limit, account.auto_renews, account.renews_days_ahead) == (tier, 100, True, 5)
    orders.make_adjustment(acme, Decimal("80"), user=User.objects.get(username="finance"), note="router")
    response = finance.post(path, agreed | {"credit_limit": "79.99"}, headers=ENGLISH)
    assert (response.status_code, response.context["agreement"].errors) == (
        422,
        {"credit_limit": ["The wallet is already overdrawn by ¥80.00, so the limit cannot be lower than that."]},
    )
    assert account_of(acme.pk).credit_limit == 100
    assert of_role("operations").post(path, agreed).status_code == 403


def test_an_adjustment_is_made_once_and_a_large_one_is_agreed_to_by_another(finance):
    acme = b.customer()
    path = f"/console/customers/{acme.pk}/adjust/"
    posted = {
        "gives": "1",
        "amount": "1,000.01",
        "note": "sorry",
        "told": "Sorry.",
        "key": "8a3b9c52-6a1f-4b8e-9d7a-666666666666",
    }
    for _ in range(2):
        finance.post(path, posted)
    order = Order.objects.get()
    assert (order.state, order.total, b.books()) == ("placed", Decimal("-1000.01"), {})
    assert said(finance, finance.post(url(order, "agree/"))) == [
        "With this, you alone come to ¥1,000.01 for this customer in 30 days; above ¥1,000.00 it needs approval. "
        "Ask a colleague in finance."
    ]
    assert [each.url for each in get(finance, "/console/approvals/").context["waiting"]] == [url(order)]
    of_role("finance", "second").post(url(order, "agree/"))
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", Decimal("1000.01"))


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("0", "the amount must be at least ¥0.01"),
        ("-5", "the amount must be at least ¥0.01"),
        ("12.345", "“12.345” is not an amount; write it as 1234.50"),
        ("1e5", "“1e5” is not an amount; write it as 1234.50"),
        ("99999999999", "“99999999999” is not an amount; write it as 1234.50"),
    ],
)
def test_an_amount_that_is_none_gets_one_sentence(finance, amount, sentence):
    path = f"/console/customers/{b.customer().pk}/adjust/"
    posted = {"gives": "1", "amount": amount, "note": "x", "told": "x", "key": "8a3b9c52-6a1f-4b8e-9d7a-666666666666"}
    response = finance.post(path, posted, headers=ENGLISH)
    assert (response.status_code, response.context["adjustment"].errors) == (422, {"amount": [sentence]})


# the statement


@pytest.mark.usefixtures("_priced")
def test_a_statement_runs_from_the_opening_to_the_closing_balance(finance):
    with on_day(date(2026, 2, 10)):
        b.fund("100")
        b.paid(cards=[card_in_use(customer="Acme")])
    b.fund("20")
    b.paid(cards=[card_in_use(customer="Acme")])
    path = f"/console/customers/{b.customer().pk}/statement"
    statement = get(finance, f"{path}/").context["statement"]
    assert (statement.opening, statement.money_in, statement.money_out, statement.closing, statement.served) == (
        70,
        20,
        -30,
        60,
        30,
    )
    assert [(p.amount, p.balance) for p in statement.postings] == [(20, 90), (-30, 60)]
    before = get(finance, f"{path}/?month=2026-02")
    assert (before.context["statement"].opening, before.context["statement"].closing) == (0, 70)
    assert before.context["months"] == [date(2026, 3, 1), date(2026, 2, 1)]
    lines = b"".join(get(finance, f"{path}.csv").streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "Day,Description,Reference,Memo,Amount,Balance"
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["70.00", "90.00", "60.00", "60.00"]
    opening, *moved, closing = csv.reader(lines[1:])
    assert [amount for *_text, amount, _balance in moved] == ["20.00", "-30.00"], "a spreadsheet adds them up"
    assert Decimal(opening[5]) + sum(Decimal(line[4]) for line in moved) == Decimal(closing[5])
    assert [line[2] for line in moved] == ["", f'="{Order.objects.latest("pk").number}"']
    assert get(finance, f"{path}/?month=2026-13").status_code == 404


# prices and figures


def test_a_price_is_set_from_a_day_on_by_finance_alone(finance, ops):
    posted = {"plan": "Y1-30", "kind": "list", "amount": "30", "valid_from": "2026-03-02"}
    assert ops.post("/console/prices/", posted).status_code == 403
    assert finance.post("/console/prices/", posted).status_code == 302
    price = Price.objects.get()
    assert (price.plan.code, price.kind, price.amount, price.valid_from) == ("Y1-30", "list", 30, TODAY)
    rows = {plan.code if plan else "card": amounts for plan, *amounts in get(ops, "/console/prices/").context["rows"]}
    assert (rows["Y1-30"], rows["card"]) == ([30, [], None], [None, [], None])


@pytest.mark.parametrize(
    ("posted", "errors"),
    [
        ({"valid_from": "2026-03-01"}, {"valid_from": ["A price can only take effect today or later."]}),
        ({"amount": "-1"}, {"amount": ["the amount must be at least ¥0.00"]}),
        ({"kind": "tier"}, {"__all__": ["A tier price needs a tier; a customer price needs a customer."]}),
        (
            {"customer": "Nobody", "kind": "customer"},
            {"customer": ["There is no customer with this name."]},
        ),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(finance, posted, errors):
    values = {"plan": "Y1-30", "kind": "list", "amount": "30", "valid_from": "2026-03-02"} | posted
    response = finance.post("/console/prices/", values, headers=ENGLISH)
    assert (response.status_code, response.context["form"].errors, Price.objects.count()) == (422, errors, 0)


@pytest.mark.usefixtures("_priced")
def test_margin_by_plan_and_month(finance):
    b.price("Y1-30", "12.00", PriceKind.COST)
    b.fund("200")
    first = b.paid(cards=[card_in_use(customer="Acme"), card_in_use(customer="Acme")])
    b.paid(OrderKind.SALE, [open_card()], plan=None)
    refund = refunds.request_refund(
        first, user=b.financier(username="other"), reason="x", card_ids=[first.lines.first().card_id]
    )
    refunds.approve(refund, user=refund.asked_by)
    page = get(finance, "/console/margin/")
    shown = [
        (row.month, row.plan, row.lines, row.revenue, row.returned, row.cost, row.margin, row.unknown)
        for row in page.context["rows"]
    ]
    march = date(2026, 3, 1)
    assert shown == [
        (march, "Y1-30", 2, 60, 30, 12, 18, 0),
        (march, "sale", 1, 8, 0, 0, 8, 1),
    ]
    assert page.context["sums"] == {"revenue": 68, "returned": 30, "cost": 12, "margin": 26}
    file = b"".join(get(finance, "/console/margin.csv").streaming_content).decode("utf-8-sig")
    assert file.splitlines()[1] == "2026-03,Y1-30,2,60.00,30.00,12.00,18.00"
    years = ("2025", "2027", "x", "9" * 5_000)
    answers = [get(finance, f"/console/margin/?year={year}").status_code for year in years]
    assert answers == [200, 404, 404, 404]


def test_money_at_risk_counts_what_is_cancelled_at_what_it_would_renew_for(finance):
    b.price("M1-100", "5.00")
    cards = [card_in_use(customer="Acme", plan="M1-100") for _ in range(3)]
    card_in_use(plan="M1-100")  # in stock
    for card in cards:
        swept(card, TODAY)
    do("protect", cards[0], TODAY)
    context = get(finance, "/console/at-risk/").context
    (risk,) = context["customers"]
    assert (risk.customer.name, risk.cards, risk.amount, risk.first_on) == ("Acme", 2, 10, date(2026, 5, 2))
    assert (context["total"], context["cards"], context["unpriced"]) == (10, 2, 0)
    assert [(bar.label, bar.count) for bar in context["chart"].bars if bar.count] == [("2026-04-27", 10)]


# everybody


PAGES = [
    ORDERS,
    NEW,
    "/console/customers/",
    "/console/prices/",
    "/console/margin/",
    "/console/at-risk/",
    "/console/approvals/",
]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_for_customers_or_strangers(client, path):
    assert client.get(path)["location"] == f"/admin/login/?next={path}"
    assert logged_in(member()).get(path).status_code == 404


@pytest.mark.usefixtures("_priced")
def test_pages_need_as_many_queries_for_many_lines_as_for_one(django_assert_max_num_queries):
    admin = superuser()
    b.fund("10000")
    order = b.paid(cards=[card_in_use(customer="Acme") for _ in range(60)])
    with django_assert_max_num_queries(26):
        page = admin.get(url(order))
    assert (len(page.context["lines"]), bool(page.context["next_query"])) == (50, True)
    for _ in range(20):
        b.drafted(cards=[], name="Acme")
    with django_assert_max_num_queries(9):
        admin.get(ORDERS)


def test_amounts_are_written_in_one_way():
    assert [yuan(Decimal(each)) for each in ("0", "-0.5", "1234567.895")] == ["¥0.00", "-¥0.50", "¥1,234,567.90"]
    assert re.fullmatch(r"\d{8}-\d+", Order(pk=7).number)
    assert Entry.objects.count() == 0


# what a button of cards leads to


def prospect(response):
    """What the form says before anything is drafted: (customer, plan, cards, price) of each row, and cards in stock."""
    told = response.context["prospect"]
    return told and ([(row.customer.name, row.plan.code, row.cards, row.price) for row in told.rows], told.in_stock)


@pytest.mark.usefixtures("_priced")
def test_renew_and_top_up_are_an_order_with_customer_own_plan_and_price_before_anything_is_drafted(ops):
    b.price("Y1-30", "28.00", PriceKind.CUSTOMER, customer=b.customer())
    b.price("M1-100", "8.00")
    card = card_in_use(customer="Acme")
    links = {button.action: button.url for button in get(ops, f"/console/cards/{card.iccid}/").context["buttons"]}
    renew = get(ops, links["renew"])
    asked = {name: renew.context["form"][name].value() for name in ("kind", "plan", "numbers")}
    assert asked == {"kind": "renewal", "plan": "Y1-30", "numbers": card.iccid}
    assert prospect(renew) == ([("Acme", "Y1-30", 1, Decimal("28.00"))], 0)
    labels = dict(renew.context["form"].fields["plan"].choices)
    assert (labels["Y1-30"], labels["M1-100"], labels["Y1-1024"]) == (
        "Yearly plan 30 MB/month (Y1-30): ¥28.00",
        "Monthly plan 100 MB/month (M1-100): ¥8.00",
        "Yearly plan 1 GB/month, from activation day (Y1-1024)",
    )
    assert [word in text(renew) for word in (card.iccid, "Acme", "¥28.00")] == [True] * 3
    top_up = get(ops, links["top_up"])
    assert prospect(top_up) == ([("Acme", "PACK-100", 1, Decimal("9.90"))], 0)
    assert not Order.objects.exists()
    order_url = new(ops, card, kind="renewal", plan=asked["plan"])["location"]
    assert get(ops, order_url).context["total"] == Decimal("28.00")


@pytest.mark.usefixtures("_priced")
def test_of_a_selection_each_customers_cards_are_told_with_their_own_plans_and_whose_nobody_pays_for(ops):
    _first, second, stock = (card_in_use(customer=name) for name in ("Acme", "Globex", ""))
    do("grant", second, TODAY, plan="M1-100")
    selection = freeze(Card.objects.all(), owner=User.objects.get(username="operations"), asked={"from": "page"})
    page = get(ops, f"/console/selections/{selection.pk}/")
    links = {str(button.label): button.url for button in page.context["buttons"] if button.url}
    assert list(links) == ["Renew", "Top up"]
    assert "renew" not in [button.action for button in page.context["buttons"] if not button.url]
    renew = get(ops, links["Renew"])
    assert prospect(renew) == ([("Acme", "Y1-30", 1, Decimal("30.00")), ("Globex", "M1-100", 1, None)], 1)
    assert renew.context["form"]["plan"].value() == ""
    assert renew.context["prospect"].total == Decimal("30.00")
    assert "1 card is in stock, so there is no one to pay for it" in text(renew)
    assert "Not on sale, or without a price" in text(renew)
    Plan.objects.filter(code="Y1-30").update(is_sold=False)  # what a card was opened with is to be paid all the same
    opening = get(ops, f"{NEW}?kind=opening&numbers={second.iccid}")
    assert prospect(opening) == ([("Globex", "Y1-30", 1, Decimal("30.00"))], 0)
    stocks = get(ops, f"{NEW}?action=renew&numbers={stock.iccid}")
    assert (prospect(stocks), f"/console/cards/{stock.iccid}/grant/" in text(stocks)) == (([], 1), True)


@pytest.mark.parametrize(
    "query",
    ["", "action=renew", "action=cancel&numbers={iccid}", "action=renew&numbers=none", "kind=x&numbers={iccid}"],
)
def test_what_an_address_does_not_say_is_not_guessed(ops, query):
    card = card_in_use(customer="Acme")
    response = get(ops, f"{NEW}?{query.format(iccid=card.iccid)}")
    assert (response.status_code, prospect(response)) == (200, None)


@pytest.mark.usefixtures("_priced")
def test_the_prices_of_many_cards_are_read_with_the_same_queries_as_of_one(ops, django_assert_max_num_queries):
    cards = [card_in_use(customer=name) for name in ("Acme", "Globex") for _card in range(3)]
    numbers = "+".join(card.iccid for card in cards)
    with django_assert_max_num_queries(22):
        assert prospect(get(ops, f"{NEW}?action=renew&numbers={numbers}")) == (
            [("Acme", "Y1-30", 3, Decimal("30.00")), ("Globex", "Y1-30", 3, Decimal("30.00"))],
            0,
        )


# from a queue, and back to it

QUEUE = "/console/queues/#cancelling"


@pytest.mark.usefixtures("_priced")
def test_an_order_that_began_in_a_queue_leads_back_to_it(chief):
    b.fund("100")
    card = card_in_use(customer="Acme")
    form = get(chief, f"{NEW}?action=renew&numbers={card.iccid}&next=/console/queues/%23cancelling")
    assert f'name="next" value="{QUEUE}"' in text(form)
    wrong = new(chief, card, kind="pack", next=QUEUE)
    assert (wrong.status_code, f'value="{QUEUE}"' in text(wrong)) == (422, True)
    page_of_order = new(chief, card, next=QUEUE)["location"]
    order = Order.objects.get()
    assert page_of_order == f"{url(order)}?next=%2Fconsole%2Fqueues%2F%23cancelling"
    assert text(get(chief, page_of_order)).count(f'name="next" value="{QUEUE}"') == 2
    asked = b.shown(order) | {"pay": "1", "next": QUEUE}
    refused = chief.post(url(order, "place/"), asked | {"total": "29.00"})
    assert refused["location"] == page_of_order
    response = chief.post(url(order, "place/"), asked)
    assert (response["location"], b.fresh(order).state) == (QUEUE, "fulfilled")
    assert said(chief, response)[-1] == f"Order {order.number} of Acme: Fulfilled."


@pytest.mark.usefixtures("_priced")
def test_a_draft_that_began_in_a_queue_is_discarded_there(ops):
    order = b.drafted(cards=[card_in_use(customer="Acme")])
    response = ops.post(url(order, "withdraw/"), {"next": QUEUE})
    assert (response["location"], Order.objects.count()) == (QUEUE, 0)
    assert said(ops, response) == [f"The draft {order.number} of Acme was discarded."]
