"""Money in a real browser: 300 cards of a selection renewed, three that cannot, the statement printed, every page."""

from datetime import timedelta

import pytest

from cards.calendar import add_months, civil_today, first_of_month
from tests.browser.test_cards import LIST, send
from tests.browser.test_imports import apply, fresh_iccid, upload
from tests.browser.windows import assert_clean, in_a_browser, in_both_windows
from tests.commands.calls import card_row, csv_file

pytestmark = in_a_browser

SECONDS = 60_000
FLEET = "Browser Fleet"
NAMES = (
    *("orders", "orders/new", "not-paid", "customers", "receipts", "receipts/new", "unmatched", "notices", "renewals"),
    *("renewals/missed", "prices", "terms", "margin", "grants", "at-risk", "approvals"),
)
PAGES = [f"/console/{name}/" for name in NAMES]


@pytest.fixture
def window_of(visit):
    def window(username, language="en", scheme="light", width=1440):
        return visit(language, scheme, width, username)

    return window


@pytest.fixture(scope="module")
def fleet(profile_of, tmp_path_factory):
    """300 cards in use and three cancelled ones of a customer who has credit."""
    opened = first_of_month(civil_today() - timedelta(days=60))
    stands = {
        "customer": FLEET,
        "opened_on": opened,
        "plan": "M1-100",
        "state": "in_use",
        "activated_on": opened,
        "service_until": add_months(first_of_month(civil_today()), 1),
    }
    over = {"customer": FLEET, "opened_on": opened, "plan": "M1-100", "state": "cancelled"}
    rows = [card_row(iccid=fresh_iccid(), **stands) for _ in range(300)]
    rows += [card_row(iccid=fresh_iccid(), **over) for _ in range(3)]
    for row in rows[300:]:
        row.update({"activated_on": "", "service_until": ""})
    file = csv_file(tmp_path_factory.mktemp("fleet") / "fleet.csv", rows)
    for username in ("ops", "finance"):
        with profile_of(username, "en", "light").new_page() as page:
            if username == "ops":
                upload(page, file)
                apply(page)
            else:
                page.goto(f"/console/customers/?q={FLEET}")
                send(page, f".data a:text-is('{FLEET}')")
                page.fill("[name=credit_limit]", "100000")
                send(page, ".btn:text-is('Save')")
    with profile_of("admin", "en", "light").new_page() as page:  # so much takes a second person
        page.goto("/console/approvals/")
        send(page, f"tr:has-text('{FLEET}') th a")
        send(page, ".btn:text-is('Approve')")
    return FLEET


def test_300_cards_are_renewed_three_cannot_and_the_statement_is_printed(window_of, fleet):
    page = window_of("ops")
    page.goto(f"{LIST}?customer={fleet}")
    send(page, "button[name=filter]")
    assert page.text_content(".page-head .muted") == "303 cards"
    send(page, ".btn:text-is('Renew…')")
    page.select_option("[name=plan]", "M1-100")
    send(page, ".btn:text-is('Check and show prices')")
    page.wait_for_selector("#preview", timeout=SECONDS)  # the worker may have taken up the check
    badges = [text.strip() for text in page.locator("#preview ~ .figures .badge").all_text_contents()]
    assert badges == ["300 eligible", "3 not eligible"]
    assert "The card is cancelled, which is final." in page.text_content("section:has(#preview) .reasons:last-of-type")
    assert page.text_content("section:has(#preview) tbody tr:last-child td:last-child").strip() == "¥2,400.00"

    send(page, ".btn:text-is('Place order')")
    order, page = page.url, window_of("finance")
    page.goto(order)
    send(page, ".btn:text-is('Pay ¥2,400.00 from the wallet')")
    page.wait_for_selector(".page-head .badge.is-good", timeout=SECONDS)
    assert page.text_content(".page-head .badge") == "Fulfilled"
    assert page.locator("#lines tbody tr").count() == 50
    page.goto(f"{order}?show=fulfilled&after=250")
    assert page.locator("#lines tbody tr").count() == 50

    page.goto(f"/console/customers/?q={fleet}")
    send(page, f".data a:text-is('{fleet}')")
    send(page, ".btn:text-is('Statement')")
    assert "-¥2,400.00" in page.text_content("section:has(#lines)")
    send(page, ".page-head .btn:text-is('Print')")
    page.evaluate("window.print = () => { window.printed = true }")
    page.click("[data-prints]")
    assert page.evaluate("window.printed") is True
    page.emulate_media(media="print")
    assert {part: page.is_visible(part) for part in ("nav", "[data-prints]", "h1", "table.lines", ".seal")} == {
        "nav": False,
        "[data-prints]": False,
        "h1": True,
        "table.lines": True,
        ".seal": True,
    }
    assert "-¥2,400.00" in page.text_content("table.lines:has(caption:text('Wallet transactions'))")
    assert page.pdf().startswith(b"%PDF")


@in_both_windows
def test_no_page_makes_the_browser_complain_or_stands_in_anyones_way(window_of, language, scheme, width):
    page = window_of("admin", language, scheme, width)
    page.goto("/console/customers/")
    customer = page.get_attribute("table.data tbody th a", "href")
    page.goto("/console/orders/?state=draft")
    draft = page.get_attribute("table.data tbody th a", "href")
    page.goto("/console/orders/?state=placed")
    placed = page.get_attribute("table.data tbody th a", "href")
    page.goto("/console/approvals/")
    refund = page.get_attribute("table.data tbody th a", "href")
    page.goto("/console/orders/?state=fulfilled")
    fulfilled = page.get_attribute("table.data tbody th a", "href")
    page.goto("/console/receipts/")
    receipt = page.get_attribute("table.data tbody a", "href")
    paths = [*PAGES, customer, f"{customer}statement/", f"{customer}notices/", draft, placed, fulfilled, refund]
    paths += [f"{fulfilled}print/", receipt, f"{receipt}print/"]
    assert_clean(page, paths)
