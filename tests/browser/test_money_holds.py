"""Money that holds, as people see it: nothing renewed is paid again, what is free is told, two decide what is much."""

import pytest

from tests.browser.test_cards import first_card, send
from tests.browser.windows import PHONE, assert_clean, in_a_browser
from tests.own_portal import python

pytestmark = in_a_browser

in_both_languages = pytest.mark.parametrize("language", ["en", "zh-hans"])

# A customer whose two cards end in five days, and what becomes of them.
RENEWED = """
from datetime import timedelta
from django.contrib.auth.models import User
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.calendar import add_months, civil_today
from cards.models import Customer, Membership
from tests.build import SHELL
until = civil_today() + timedelta(days=5)
common = {"carrier": "cmcc", "customer": "All Renewed", "certification": "enterprise", "plan": "Y1-30",
          "opened_on": str(add_months(until, -13)), "state": "in_use",
          "activated_on": str(add_months(until, -12)), "service_until": str(until)}
texts = [common | {"iccid": f"8986009988776655000{number}"} for number in (1, 2)]
apply_cards([read_card_row(2, text, civil_today()) for text in texts], actor=SHELL)
owner = User.objects.create_user("renewer", password="demo")
Membership.objects.create(customer=Customer.objects.get(name="All Renewed"), user=owner, role="owner")
"""
ITS_TERMS = """
from cards.models import Card
from tests.billing import build as b
from django.contrib.auth.models import User
cards = Card.objects.filter(customer__name="All Renewed")
owner = User.objects.get(username="renewer")
b.fund("72.00", "All Renewed")
b.paid(cards=cards, user=owner, name="All Renewed")
"""
FIRST, SECOND = "89860099887766550001", "89860099887766550002"


def test_who_has_renewed_all_cards_is_led_to_pay_nothing(demo, visit):
    python(demo, RENEWED)
    pages = [visit(language, "light", PHONE, "renewer") for language in ("en", "zh-hans")]
    for page in pages:
        page.goto("/my/")
        assert page.locator(".own-card a[href$='/buy/']").count() == 2
    python(demo, ITS_TERMS)
    for page in pages:
        page.goto("/my/")
        assert (page.locator(".own-card").count(), page.locator(".own-card a[href$='/buy/']").count()) == (2, 0)
        for number in (FIRST, SECOND):
            page.goto(f"/my/cards/{number}/buy/")
            renewals = page.locator("section:has(#renewal) form")
            ticks = renewals.locator("[name=also_renewed]").evaluate_all("all => all.map(tick => tick.checked)")
            assert ticks == [False] * renewals.count() != []
            assert renewals.locator(".is-primary").count() == 0
        assert_clean(page, ["/my/", f"/my/cards/{FIRST}/", f"/my/cards/{FIRST}/buy/", f"/my/cards/{SECOND}/buy/"])


@in_both_languages
def test_a_clerks_renew_shows_plan_and_price_before_anything_is_ordered(visit, language):
    page = visit(language, username="ops")
    page.goto(first_card(page, "?state=in_use&plan=Y1-1024"))
    send(page, "a[href*='/orders/new/?action=renew']")
    assert (page.input_value("[name=kind]"), page.input_value("[name=plan]")) == ("renewal", "Y1-1024")
    plan, count, price = page.locator("section:has(#prices) tbody td").all_text_contents()[:3]
    assert ("Y1-1024" in plan, count, price in ("¥168.00", "¥145.00")) == (True, "1", True)


def test_a_grant_stands_in_its_report_with_its_value_and_reason(visit):
    page = visit(username="ops")
    card = first_card(page, "?state=in_use&plan=M1-100")
    page.goto(f"{card}grant/")
    page.select_option("[name=plan]", "PACK-100")
    page.fill("[name=reason]", "The tower was down")
    send(page, "form.form .actions button")
    for language in ("en", "zh-hans"):
        page = visit(language, username="finance")
        page.goto("/console/grants/")
        row = page.text_content(f"tbody tr:has(a[href='{card}'])")
        assert ("¥9.90" in row, "The tower was down" in row) == (True, True)


def test_an_amount_in_two_parts_takes_a_second_person(demo, visit):
    python(demo, 'from tests.billing import build as b; b.customer("Split en"), b.customer("Split zh-hans")')
    for language in ("en", "zh-hans"):
        page = visit(language, username="finance")
        for part in (1, 2):
            page.goto("/console/receipts/new/")
            page.fill("[name=customer]", f"Split {language}")
            page.fill("[name=amount]", f"60{part}")
            page.fill("[name=reference]", f"SPLIT {language} {part}")
            send(page, "form.form .actions button")
        assert "/approvals/" in page.url
        said = page.text_content("#content")
        assert ("¥602.00" in said, "¥601.00" in said, "¥1,203.00" in said) == (True, True, True)
        page.goto("/console/receipts/?q=SPLIT")
        assert page.locator(f"tbody tr:has-text('Split {language}')").count() == 1
        page.goto("/console/approvals/")
        assert f"Split {language}" in page.text_content("#content")
