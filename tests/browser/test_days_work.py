"""A day's tasks in a real browser, with the clicks that each takes: what is typed or pasted is none."""

import pytest

from tests.browser.test_cards import LIST
from tests.browser.test_jobs import finish, numbers
from tests.browser.windows import in_a_browser

pytestmark = in_a_browser


class Hand:
    """Somebody's hand on the mouse: `clicks` are counted; each leads to another page."""

    def __init__(self, page):
        self.page, self.clicks = page, 0
        page.goto("/console/")

    def click(self, selector):
        self.clicks += 1
        with self.page.expect_navigation():
            self.page.click(selector)

    def menu(self, path):
        self.click(f"nav.side a[href='{path}']")

    def find(self, text):
        """Press the slash, say what is looked for, and press Enter."""
        self.page.keyboard.press("/")
        self.page.keyboard.insert_text(text)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


@pytest.fixture
def hand(visit):
    return lambda username: Hand(visit("en", "light", 1440, username))


def test_from_the_last_digits_of_a_number_to_the_reason(hand):
    support = hand("support")
    (number,) = numbers(support.page, "?hold=voluntary", 1)
    support.page.goto("/console/")
    support.find(number[-7:])
    assert support.page.url.endswith(f"{LIST}{number}/")
    assert "manually" in support.page.text_content(".is-why")
    assert support.clicks == 0


def test_a_pasted_list_is_stopped(hand):
    ops = hand("ops")
    found = numbers(ops.page, "?state=in_use&sort=newest", 20)
    ops.page.goto("/console/")
    ops.find(" ".join(found))
    ops.click("button[name=list]:has-text('Suspend')")
    ops.page.fill("[name=reason]", "storm")
    ops.click(".btn:text-is('Suspend: 20 cards')")
    finish(ops.page)
    assert ops.page.text_content(".progress .badge").strip() == "20 done"
    assert ops.clicks == 2


def test_cards_of_several_customers_are_renewed_placed_and_paid(hand):
    admin = hand("admin")
    admin.page.goto(f"{LIST}?state=in_use&sort=newest")
    rows = admin.page.locator("table.data tbody tr").all()
    by_customer = {
        row.locator("td").nth(2).inner_text().split("\n")[0]: row.locator("th a").inner_text() for row in rows
    }
    admin.page.goto("/console/")
    admin.find(" ".join(by_customer.values()))
    admin.click("button.is-primary[name=list]")
    admin.click("#content a:has-text('Renew')")
    admin.click("form.form button.is-primary")
    assert admin.page.locator("table.data tbody tr:has(input)").count() == len(by_customer) > 1
    admin.click("button:has-text('Place and pay')")
    assert admin.clicks == 4
    assert "/orders/together/" in admin.page.url


def test_id_verifications_are_approved_together(hand):
    ops = hand("ops")
    ops.menu("/console/queues/")
    ops.click("a[href='/console/real-name/']")
    ops.page.click("thead input[type=checkbox]")
    ops.clicks += 1
    boxes = ops.page.locator("tbody input[type=checkbox]")
    assert boxes.count() == ops.page.locator("tbody input[type=checkbox]:checked").count() > 2
    for box in boxes.all()[2:]:  # the others are for other tests
        box.uncheck()
    ops.click("button:has-text('Approve selected')")
    assert ops.clicks == 4
    assert "2" in ops.page.text_content(".messagelist")


def test_a_new_colleague_is_invited(hand):
    admin = hand("admin")
    admin.menu("/console/people/")
    admin.click("a:has-text('Invite')")
    admin.page.check("input[name=roles][value=support]")
    admin.clicks += 1
    admin.click("button:has-text('Create invitation link')")
    assert "/join/" in admin.page.content()
    assert admin.clicks == 4


def test_a_request_is_answered(hand, visit):
    alice = visit("en", "light", 1440, "alice")
    alice.goto("/my/cards/?hold=anomaly")
    with alice.expect_navigation():
        alice.click("table.data tbody th a")
    with alice.expect_navigation():
        alice.click("a[href$='/help/']")
    alice.fill("textarea", "Why?")
    with alice.expect_navigation():
        alice.click("form.form button.is-primary")
    support = hand("support")
    support.menu("/console/requests/")
    support.click("table.data tbody th a")
    support.page.fill("[name=answer]", "The carrier has blocked it; we are on it.")
    support.click("form.form button.is-primary")
    assert support.clicks == 3


def test_a_months_statement_is_printed(hand):
    finance = hand("finance")
    finance.page.goto("/console/customers/")
    customer = finance.page.text_content("table.data tbody th a").strip()
    finance.page.goto("/console/")
    finance.find(customer)
    finance.click("a[href$='/statement/']")
    with finance.page.expect_navigation():
        finance.page.select_option("#month", index=1)
    finance.clicks += 1
    finance.click("a[href*='/statement/print/']")
    assert customer in finance.page.text_content("main")
    assert finance.clicks == 3


def test_a_card_gets_a_new_sim(hand):
    ops = hand("ops")
    (old,) = numbers(ops.page, "?state=in_use&sort=newest&carrier=cmcc&certification=enterprise", 1)
    (new,) = numbers(ops.page, "?state=unused&stock=1&carrier=cmcc&certification=enterprise", 1)
    ops.page.goto("/console/")
    ops.find(old)
    ops.click("a[href$='/swap/']")
    ops.page.fill("[name=iccid]", new)
    ops.click("button:has-text('Compare')")
    ops.page.fill("[name=reason]", "broken")
    for field in ops.page.locator("form[method=post].form input[type=text]:visible").all():
        if field.get_attribute("name") not in ("reason", "iccid"):
            field.fill(old[-6:])
    ops.click("form[method=post] button.is-danger")
    assert ops.page.url.endswith(f"{LIST}{new}/")
    assert ops.clicks == 3
