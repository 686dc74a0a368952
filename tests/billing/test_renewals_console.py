"""Automatic renewals in the console: the list of the missed ones, who renews with a plan, and who may stop that."""

import csv
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError

from billing.actions.auto_renew import switch
from billing.actions.prices import set_price
from billing.actions.stopped_renewals import StoppedRenewals, stopped_by_retiring
from billing.choices import PriceKind
from billing.models import Price, PriceTier
from cards.models import Plan
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, open_card
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01, and is charged on 2026-03-25.
SINCE, CHARGED, END = date(2026, 3, 2), date(2026, 3, 25), date(2026, 4, 1)
MISSED, RENEWING = "/console/renewals/missed/", "/console/renewals/"
PLAN = "Monthly plan 100 MB/month (M1-100)"


@pytest.fixture(autouse=True)
def _agreed():
    b.price("M1-100", "5.00")
    b.agree(auto_renews=True)
    with on_day(CHARGED):
        yield


@pytest.fixture
def missed(_agreed):
    """Of Acme a blocked card and one without money, of Northwind one of a plan that is not sold."""
    b.agree("Northwind", auto_renews=True, renews_days_ahead=90)
    cards = [card_in_use(SINCE, plan="M1-100", customer="Acme") for _ in range(2)]
    do("place_hold", cards[0], SINCE, kind="anomaly")
    cards.append(card_in_use(date(2025, 5, 1), customer="Northwind"))
    Plan.objects.filter(code="Y1-30").update(is_sold=False)
    b.renew_for(CHARGED, 60)
    return cards


def english(client):
    client.cookies["django_language"] = "en"
    return client


def listed(client, query=""):
    response = client.get(MISSED + query)
    return response.status_code, [row.missed.card.iccid for row in response.context["rows"]]


def test_the_list_says_what_why_since_when_and_what_helps(missed):
    blocked, short, retired = missed
    rows = english(superuser()).get(MISSED).context["rows"]
    assert [
        (row.missed.card.iccid, str(row.missed.customer), row.missed.plan.code, str(row.badge.label)) for row in rows
    ] == [
        (blocked.iccid, "Acme", "M1-100", "Blocked or ID not verified"),
        (short.iccid, "Acme", "M1-100", "Insufficient funds"),
        (retired.iccid, "Northwind", "Y1-30", "Plan no longer on sale"),
    ]
    plan = Plan.objects.get(code="Y1-30")
    assert [row.help for row in rows] == [
        ("Open card", f"/console/cards/{blocked.iccid}/"),
        ("Wallet", f"/console/customers/{b.customer().pk}/"),
        ("Edit plan", f"/admin/cards/plan/{plan.pk}/change/"),
    ]
    assert rows[0].order_url == f"/console/orders/new/?kind=renewal&numbers={blocked.iccid}"


def test_a_missing_price_leads_to_setting_it():
    b.price("M1-100", None, since=SINCE)
    card_in_use(SINCE, plan="M1-100", customer="Acme")
    b.renew_for(CHARGED, 60)
    (row,) = english(of_role("finance")).get(MISSED).context["rows"]
    assert row.help == ("Set price", "/console/prices/?plan=M1-100")
    assert of_role("finance", "other").get(row.help[1]).context["form"]["plan"].value() == "M1-100"


FILTERED = {
    "?why=blocked": [0],
    "?why=other": [],
    "?plan=Y1-30": [2],
    "?customer=Acme": [0, 1],
    "?customer=Acme&why=short": [1],
}


def test_the_list_is_filtered(missed):
    support = of_role("support")
    assert {query: listed(support, query) for query in FILTERED} == {
        query: (200, [missed[each].iccid for each in found]) for query, found in FILTERED.items()
    }


def test_what_the_list_cannot_be_asked_for_finds_nothing(missed):
    support = of_role("support")
    for query in ("?why=no", "?plan=PACK-100", "?customer=Nobody", "?what=1"):
        assert listed(support, query) == (400, []), query


def test_the_list_as_a_file(missed):
    response = english(of_role("auditor")).get("/console/renewals/missed.csv?why=short")
    rows = list(csv.reader(StringIO(response.getvalue().decode("utf-8-sig"))))
    assert [[cell.strip("\t=\"'") for cell in row] for row in rows] == [
        ["ICCID", "Customer", "Plan", "Reason", "Details", "What to do", "Since", "Last day of service"],
        [
            *(missed[1].iccid, "Acme", "M1-100", "Insufficient funds"),
            *("¥5.00 is needed, but the wallet has only ¥0.00 available.",),
            *("Add money to the wallet first.", "2026-03-25", "2026-03-31"),
        ],
    ]


def test_pages_of_the_list_follow_each_other(missed, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("billing.views.console.renewals.ROWS_PER_PAGE", 2)
    client = of_role("support")
    with django_assert_max_num_queries(14):
        first = client.get(MISSED)
    second = client.get(f"{MISSED}?{first.context['next_query']}")
    found = [[row.missed.card.iccid for row in page.context["rows"]] for page in (first, second)]
    assert found == [[missed[0].iccid, missed[1].iccid], [missed[2].iccid]]
    assert second.context["previous_query"]


@pytest.mark.parametrize("url", [MISSED, RENEWING, "/console/renewals/missed.csv"])
def test_customers_find_no_such_list(url):
    assert logged_in(member()).get(url).status_code == 404


# who renews with a plan


def test_cards_that_renew_themselves_are_listed_with_their_plan_and_the_day_of_the_charge():
    running = card_in_use(SINCE, plan="M1-100", customer="Acme")
    waiting = open_card(customer="Acme", plan="M1-100")
    renewed = do("renew", card_in_use(SINCE, plan="M1-100", customer="Acme"), SINCE, plan="Y1-30")
    off = card_in_use(SINCE, plan="M1-100", customer="Acme")
    switch([off], False, user=b.financier())
    over = do("cancel", card_in_use(SINCE, plan="M1-100", customer="Acme"), SINCE)
    client = of_role("support")
    rows = client.get(RENEWING).context["rows"]
    assert [(row.card.iccid, row.plan.code, row.charged_on) for row in rows] == [
        (renewed.iccid, "Y1-30", None),
        (waiting.iccid, "M1-100", None),
        (running.iccid, "M1-100", CHARGED),
    ]
    assert over.is_final
    of_plan = client.get(f"{RENEWING}?plan=M1-100").context["rows"]
    assert [row.card.iccid for row in of_plan] == [waiting.iccid, running.iccid]
    assert stopped_by_retiring(Plan.objects.get(code="M1-100")) == StoppedRenewals(2, 1, CHARGED)
    assert stopped_by_retiring(Plan.objects.get(code="Y1-30")) == StoppedRenewals(1, 1, None)
    assert not stopped_by_retiring(Plan.objects.get(code="Y1-1024"))
    tomorrow = CHARGED + timedelta(days=1)  # it was missed, and is tried again
    with on_day(tomorrow):
        assert stopped_by_retiring(Plan.objects.get(code="M1-100")).next_on == tomorrow
        assert client.get(RENEWING).context["rows"][-1].charged_on == tomorrow


def plan_form(client, code="M1-100", **changes):
    """The answer to a changed form of a plan, and whether the plan is on sale afterwards."""
    plan = Plan.objects.get(code=code)
    shown = {"code": code, "name": "", "kind": "plan", "months": plan.months, "alignment": plan.alignment}
    shown |= {"quota_mb": plan.quota_mb, "is_sold": "on"} | changes
    sent = {name: value for name, value in shown.items() if value is not None}
    response = client.post(f"/admin/cards/plan/{plan.pk}/change/", sent)
    return response, Plan.objects.get(pk=plan.pk).is_sold


def test_who_retires_a_plan_sees_who_renews_with_it_and_has_to_mean_it():
    for name in ("Acme", "Northwind"):
        b.agree(name, auto_renews=True)
        card_in_use(SINCE, plan="M1-100", customer=name)
    client = english(of_role("operations"))
    sentence = "2 cards of 2 customers renew automatically with this plan. The next charge is on 2026-03-25."
    page = text(client.get(f"/admin/cards/plan/{Plan.objects.get(code='M1-100').pk}/change/"))
    assert (sentence in page, f'href="{RENEWING}?plan=M1-100"' in page) == (True, True)
    response, is_sold = plan_form(client, is_sold=None)
    assert (response.status_code, is_sold) == (200, True)
    assert response.context["adminform"].form.errors == {"stops_renewals": [sentence]}
    assert 'name="stops_renewals"' in text(response)
    response, is_sold = plan_form(client, name="Old plan")
    assert (response.status_code, is_sold) == (302, True)  # it stays on sale
    response, is_sold = plan_form(client, is_sold=None, stops_renewals="on")
    assert (response.status_code, is_sold) == (302, False)
    assert plan_form(client)[1] is True  # and back again


def test_a_plan_with_which_nothing_renews_goes_off_sale_without_more():
    client = of_role("operations")
    page = text(client.get(f"/admin/cards/plan/{Plan.objects.get(code='M1-100').pk}/change/"))
    assert "stops_renewals" not in page
    response, is_sold = plan_form(client, is_sold=None)
    assert (response.status_code, is_sold) == (302, False)


def test_who_only_looks_at_a_plan_is_asked_nothing():
    card_in_use(SINCE, plan="M1-100", customer="Acme")
    response = of_role("support").get(f"/admin/cards/plan/{Plan.objects.get(code='M1-100').pk}/change/")
    assert (response.status_code, "stops_renewals" in text(response)) == (200, False)


SENTENCE = "1 card of 1 customer renews automatically with this plan. The next charge is on 2026-03-25."


@pytest.mark.parametrize(
    ("kept", "ends", "stops"),
    [
        ([], "list", True),
        ([("customer", "4")], "list", False),
        ([("customer", "4")], "customer", False),
        ([("list", None), ("customer", "4")], "customer", True),
        ([("list", None), ("tier", "4")], "tier", True),
        ([("list", None), ("tier", "4"), ("customer", "4")], "tier", False),
        ([("cost", "4")], "cost", False),
    ],
)
def test_which_end_of_a_price_leaves_renewals_without_any(kept, ends, stops):
    tier = PriceTier.objects.create(name="resellers")
    b.agree(tier=tier)
    card_in_use(SINCE, plan="M1-100", customer="Acme")
    whose = {"tier": {"tier": tier}, "customer": {"customer": b.customer()}}
    for kind, amount in kept:
        b.price("M1-100", amount, kind=kind, since=SINCE, **whose.get(kind, {}))
    plan = Plan.objects.get(code="M1-100")
    price = {"kind": ends, "plan": plan, "amount": None, "valid_from": CHARGED} | whose.get(ends, {})
    before = Price.objects.count()
    if stops:
        with pytest.raises(ValidationError) as refused:
            set_price(user=b.clerk(), **price)
        assert (list(refused.value.message_dict), Price.objects.count()) == (["stops_renewals"], before)
        set_price(user=b.clerk(), **price, stops_renewals=True)
    else:
        set_price(user=b.clerk(), **price)
    assert Price.objects.count() == before + 1


def test_who_ends_a_price_sees_who_renews_with_it_and_has_to_mean_it():
    card_in_use(SINCE, plan="M1-100", customer="Acme")
    client = english(of_role("finance"))
    data = {"plan": "M1-100", "kind": PriceKind.LIST, "amount": "", "valid_from": str(CHARGED), "stops_renewals": ""}
    assert 'type="checkbox"' not in text(client.get("/console/prices/"))
    response = client.post("/console/prices/", data)
    assert (response.status_code, response.context["form"].errors) == (422, {"stops_renewals": [SENTENCE]})
    page = text(response)
    assert ('type="checkbox" name="stops_renewals"' in page, f"{RENEWING}?plan=M1-100" in page) == (True, True)
    assert Price.objects.filter(amount=None).count() == 0
    assert client.post("/console/prices/", data | {"stops_renewals": "on"}).status_code == 302
    assert Price.objects.filter(amount=None).count() == 1
