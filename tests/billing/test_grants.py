"""The report of free service: what was granted, whose the card was then, and the list price of that day."""

import csv
from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import override

from billing.grants import Given, ListPrices, alike_grants, granted, summed
from billing.pages.grant_lines import grant_lines
from cards.models import CardEvent
from cards.permissions import Actor
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, open_card, staff
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

URL = "/console/grants/"
ENGLISH = {"accept-language": "en"}
JAN_31, FEB_1, MAR_2 = date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 2)
PLAN, PACK = "Yearly plan 30 MB/month (Y1-30)", "Add-on pack 100 MB (PACK-100)"


@pytest.fixture(autouse=True)
def _clock():
    with on_day(MAR_2):
        yield


@pytest.fixture
def ops():
    return Actor.of(staff("grant", "unrenew"))


@pytest.fixture
def granted_cards(ops):
    """One of Acme's with a term and a pack, of which the price rose in between; one that came from Globex to Acme."""
    b.price("Y1-30", "30.00", since=date(2026, 1, 1))
    b.price("Y1-30", "36.00", since=FEB_1)
    first, second = (card_in_use(customer=name) for name in ("Acme", "Globex"))
    do("grant", first, JAN_31, ops, "outage", plan="Y1-30")
    do("grant", first, FEB_1, ops, "outage", plan="Y1-30")
    do("top_up", first, FEB_1, reason="", plan="PACK-100")
    do("grant", second, FEB_1, ops, "goodwill", plan="Y1-30")
    do("assign", second, FEB_1, customer="Acme")
    return first, second


def test_each_grant_is_worth_the_list_price_of_its_day_and_stands_with_who_had_the_card_then(granted_cards):
    first, second = (card.iccid for card in granted_cards)
    with override("en"):
        lines = {
            (line.on, line.iccid, line.customer.name, line.plan, line.value, line.person, line.reason)
            for line in grant_lines(granted(JAN_31, MAR_2).select_related("card"))
        }
    assert lines == {
        (JAN_31, first, "Acme", PLAN, Decimal("30.00"), "ops (staff)", "outage"),
        (FEB_1, first, "Acme", PLAN, Decimal("36.00"), "ops (staff)", "outage"),
        (FEB_1, first, "Acme", PACK, None, "manage.py (command line)", ""),
        (FEB_1, second, "Globex", PLAN, Decimal("36.00"), "ops (staff)", "goodwill"),
    }
    assert [granted(*days).count() for days in ((date(2026, 1, 1), JAN_31), (JAN_31, FEB_1), (FEB_1, MAR_2))] == [
        0,
        1,
        3,
    ]


def test_the_sums_are_those_of_months_and_persons_and_what_was_taken_back_is_worth_nothing(granted_cards, ops):
    do("unrenew", granted_cards[0], FEB_1, ops)
    alike = alike_grants(granted(JAN_31, MAR_2), ListPrices())
    assert summed(alike, lambda each: each.on.month) == {
        1: Given(1, Decimal("30.00")),
        2: Given(2, Decimal("36.00"), unpriced=1, undone=1),
    }
    assert summed(alike, lambda each: each.person) == {
        ("staff", "ops"): Given(2, Decimal("66.00"), undone=1),
        ("command", "manage.py"): Given(1, unpriced=1),
    }
    do("grant", granted_cards[0], FEB_1, ops, "again", plan="Y1-30")
    assert granted(FEB_1, MAR_2).filter(is_undone=True).count() == 1


def test_what_was_sold_is_not_in_it_and_what_people_gave_before_grants_had_a_name_is(ops):
    sold, given = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    b.price("Y1-30", "30.00")
    b.fund("100.00")
    b.paid("renewal", [sold], b.financier())
    event = do("grant", given, MAR_2, ops, plan="Y1-30").events.get(action="grant")
    event.pk, event.seq, event.action, event.job = None, event.seq + 1, "renew", None
    event.save(force_insert=True)
    lines = grant_lines(granted(MAR_2, date(2026, 4, 1)).select_related("card"))
    assert [(line.iccid, line.value) for line in lines] == [(given.iccid, Decimal("30.00"))] * 2


def test_the_page_tells_a_month_and_is_narrowed_to_a_customer_or_a_person(granted_cards):
    (first, second), client = granted_cards, of_role("auditor")

    def lines(**asked):
        page = client.get(URL, asked, headers=ENGLISH)
        assert page.status_code == 200
        return [(line.iccid, line.plan) for line in page.context["lines"]]

    whole = [(second.iccid, PLAN), (first.iccid, PACK), (first.iccid, PLAN)]
    assert lines(month="2026-02") == whole
    assert lines(month="2026-02", customer="Globex", person="") == whole[:1]
    assert lines(month="2026-02", customer="Acme") == whole[1:]
    assert lines(month="2026-02", person="manage.py") == whole[1:2]
    assert (lines(month="2026-01"), lines()) == ([(first.iccid, PLAN)], [])
    page = client.get(URL, {"month": "2026-02"}, headers=ENGLISH)
    assert (page.context["total"], [(label, str(sums.value)) for label, _name, sums in page.context["persons"]]) == (
        Given(3, Decimal("72.00"), unpriced=1),
        [("ops (staff)", "72.00"), ("manage.py (command line)", "0.00")],
    )
    assert [(month, sums.grants) for month, sums in page.context["months"]] == [(FEB_1, 3), (date(2026, 1, 1), 1)]
    shown = text(page)
    assert [word in shown for word in ("¥72.00", "outage", "Globex", "no price", "1 grant is of a plan")] == [True] * 5
    chinese = text(client.get(URL, {"month": "2026-02"}, headers={"accept-language": "zh-hans"}))
    assert [word in chinese for word in ("赠送服务", "按操作人", "无价格")] == [True] * 3


def test_what_the_address_cannot_mean_is_said_or_not_found():
    client = of_role("finance")
    for query, status in (("customer=Nobody", 400), ("month=2026-13", 404), ("month=9999-12", 404), ("cards=1", 400)):
        assert client.get(f"{URL}?{query}").status_code == status
    assert client.get("/console/grants.csv?customer=Nobody").status_code == 404


def test_the_file_has_every_line_of_the_month(granted_cards):
    first, second = (card.iccid for card in granted_cards)
    response = of_role("finance").get("/console/grants.csv?month=2026-02", headers=ENGLISH)
    rows = list(csv.reader(response.getvalue().decode("utf-8-sig").splitlines()))
    assert "free-service-2026-02" in response.headers["Content-Disposition"]
    assert rows == [
        ["Day", "ICCID", "Customer", "Plan or pack", "Person", "Reason", "List value", "Taken back"],
        ["2026-02-01", f'="{second}"', "Globex", PLAN, "ops (staff)", "goodwill", "36.00", ""],
        ["2026-02-01", f'="{first}"', "Acme", PACK, "manage.py (command line)", "", "", ""],
        ["2026-02-01", f'="{first}"', "Acme", PLAN, "ops (staff)", "outage", "36.00", ""],
    ]


def test_what_a_clerk_grants_stands_in_the_report():
    b.price("M1-100", "8.00")
    card, client = open_card(), of_role("operations")
    form = {"plan": "M1-100", "reason": "device fair", "version": card.version}
    assert client.post(f"/console/cards/{card.iccid}/grant/", form).status_code == 302
    page = client.get(URL, headers=ENGLISH)
    (line,) = page.context["lines"]
    assert (line.iccid, line.customer, line.reason, line.value) == (card.iccid, None, "device fair", Decimal("8.00"))
    assert [word in text(page) for word in ("in stock", "device fair", "¥8.00")] == [True] * 3


def test_a_long_month_is_read_with_the_same_queries_as_a_short_one(ops, django_assert_max_num_queries):
    cards = [card_in_use(customer=name) for name in ("Acme", "Globex", "Initech", "Umbrella")]
    for card in cards:
        do("grant", card, MAR_2, ops, plan="Y1-30")
    client = of_role("finance")
    with django_assert_max_num_queries(14):
        assert len(client.get(URL).context["lines"]) == 4
    assert CardEvent.objects.filter(action="grant").count() == 4
