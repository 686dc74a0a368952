"""The customers' own pages on a phone: why a card is stopped, what helps, the real-name check, many cards at once."""

from datetime import timedelta

import pytest

from cards.calendar import civil_today
from tests.browser.test_imports import apply, fresh_iccid, upload
from tests.browser.windows import PHONE, assert_clean, barriers, in_a_browser, in_both_windows_of_customers, too_small
from tests.commands.calls import card_row, csv_file

pytestmark = in_a_browser

ID_NUMBER = "110101199003071233"


@pytest.fixture
def phone(visit):
    """A phone in somebody's hand: `phone("alice")`."""

    def window(username, language="en", scheme="light", width=PHONE):
        return visit(language, scheme, width, username)

    return window


@pytest.fixture
def desk(visit):
    """A desk in the dealer's office."""
    return visit("en", username="ops")


def first_card(page, query):
    """Opens the first card of a view of the list; its number."""
    page.goto(f"/my/cards/?{query}")
    follow(page, "table.data tbody th a >> nth=0")
    return page.text_content("h1")


def follow(page, selector):
    with page.expect_navigation():
        page.click(selector)


def press(page, name):
    """Presses the button, or follows the link that looks like one."""
    follow(page, f":is(.btn, .ways-in a):text-is('{name}')")


def said(page):
    return page.text_content(".said")


@in_both_windows_of_customers
def test_no_page_makes_the_browser_complain_or_stands_in_anyones_way(phone, language, scheme, width):
    page = phone("alice", language, scheme, width)
    paths = ["/my/", "/my/cards/", "/my/requests/", "/my/keys/", "/api/"]
    for query, more in (
        ("hold=rebind", ("", "rebind/")),
        ("hold=anomaly", ("", "help/")),
        ("state=in_use", ("set_limit/",)),
    ):
        page.goto(f"/my/cards/?{query}")
        card = page.get_attribute("table.data tbody th a >> nth=0", "href")
        paths += [f"{card}{rest}" for rest in more]
    page.goto("/my/cards/?state=in_use")
    follow(page, "button[name=filter]")
    paths.append(page.url)
    order_many = page.url + "order/"
    follow(page, "button[value=suspend]")
    paths += [page.url, "/my/jobs/", order_many, f"{card}buy/", "/my/orders/", "/my/wallet/", "/my/selling/"]
    page.goto("/my/orders/")
    paths.append(page.get_attribute(".rows a >> nth=0", "href"))
    page.goto("/my/wallet/")
    paths.append(page.get_attribute(".btn:has-text('对账单'), .btn:has-text('Statement')", "href"))
    assert_clean(page, paths)


@in_both_windows_of_customers
def test_a_webhook_is_added_tested_and_deleted(phone, language, scheme, width):
    page = phone("alice", language, scheme, width)
    assert_clean(page, ["/my/webhooks/"])
    page.click("details summary >> nth=-1")
    page.fill("input[type=url]", "https://erp.example.cn/sim")
    follow(page, "details[open] .btn.is-primary")
    secret, its = page.input_value("#whsec"), page.url
    follow(page, "[action$='/test/'] button")
    follow(page, "[action$='/rotate/'] button")
    for sample in page.query_selector_all("[aria-labelledby=secret] details summary"):
        sample.click()
    assert (page.input_value("#whsec") != secret, barriers(page)) == (True, [])
    assert "hash_hmac" in page.text_content("[aria-labelledby=secret]")
    assert_clean(page, [its])
    page.click("details:has([action$='/delete/']) summary")
    follow(page, "[action$='/delete/'] button")
    assert page.locator(".rows a:has-text('erp.example.cn')").count() == 0


def test_why_a_card_is_stopped_and_what_helps_is_found_from_the_home_page(phone):
    page = phone("alice")
    page.goto("/my/")
    page.wait_for_selector(".btn:text-matches('^Wallet: -?¥[0-9.,]+$')")
    follow(page, ".need:has-text('moved to another device') .btn >> nth=-1")  # of one card, the way beside its own
    follow(page, "table.data tbody th a >> nth=0")
    assert said(page) == "The card is suspended: it was moved to another device."
    assert "The card then works again immediately." in page.text_content("#content")
    press(page, "Confirm the new device")
    assert len(page.input_value("[name=imei]")) == 15
    press(page, "Confirm the new device")
    assert said(page) == "The card works."
    assert "The new device" in page.text_content("#history")


def test_data_that_are_used_up_are_bought_on_the_payment_page_and_the_card_works_again(phone):
    page = phone("alice")
    first_card(page, "hold=credit")
    assert said(page) == "The card is suspended: its data is used up."
    buy_pack(page, "¥9.00")


def buy_pack(page, price):
    card = page.url
    press(page, "Buy more data")
    press(page, f"Buy for {price}")
    press(page, f"Pay {price} online")
    press(page, f"Pay {price}")
    press(page, "Back to order")
    assert page.text_content(".page-head .badge") == "Fulfilled"
    page.goto(card)
    assert said(page) == "The card works."


def code_on_the_label(desk, iccid):
    """The dealer selects the card and prints its label: the code that stands on it."""
    desk.goto(f"/console/cards/?q={iccid}")
    follow(desk, "button[name=filter]")
    press(desk, "Print labels")
    assert desk.text_content("svg .digits") == iccid
    return desk.text_content("svg .claim")


def used_up_in_stock(desk, tmp_path):
    """A card without a customer whose data are used up, as a dealer takes it over; its number."""
    today, iccid = civil_today(), fresh_iccid()
    dates = {
        "opened_on": today - timedelta(days=400),
        "activated_on": today - timedelta(days=300),
        "service_until": today + timedelta(days=50),
    }
    row = card_row(iccid=iccid, customer="", **dates, state="suspended", holds="credit", used_mb="31")
    upload(desk, csv_file(tmp_path / "stock.csv", [row]))
    apply(desk)
    return iccid


@pytest.fixture
def strangers_phone(visit):
    """The phone of somebody who has no account."""
    return visit("en", width=PHONE)


def make_account(page):
    press(page, "Have a card to claim but no account?")
    for name, value in {
        "username": "passer-by",
        "phone": "13912340099",
        "password": "blue-kettle-77",
        "password_again": "blue-kettle-77",
    }.items():
        page.fill(f"[name={name}]", value)
    press(page, "Create account")


def test_a_card_is_claimed_by_its_label_and_works_again_once_a_pack_is_paid(strangers_phone, desk, tmp_path):
    """From a stranger with a card in hand to a customer whose card works."""
    iccid = used_up_in_stock(desk, tmp_path)
    code, page = code_on_the_label(desk, iccid), strangers_phone
    page.goto(f"/my/claim/?iccid={iccid}")
    make_account(page)
    assert (page.input_value("[name=iccid]"), too_small(page), barriers(page)) == (iccid, [], [])
    page.fill("[name=code]", "AAAA-AAAA-AAAA")
    press(page, "Add card")
    assert "The card number and code do not match." in page.text_content("#complaint")
    page.fill("[name=code]", code.lower())
    press(page, "Add card")
    assert (page.text_content("h1"), said(page)) == (iccid, "The card is suspended: its data is used up.")
    buy_pack(page, "¥9.90")


def test_a_card_is_stopped_and_resumed(phone):
    page = phone("alice")
    first_card(page, "state=in_use")
    for button, state in (
        ("Suspend card", "The card is suspended: requested by you or your dealer."),
        ("Resume card", "The card works."),
    ):
        press(page, button)
        press(page, button)
        assert said(page) == state


def test_a_real_name_check_is_sent_in_approved_in_the_console_and_the_card_comes_back(phone, desk):
    page = phone("mei")
    page.goto("/my/cards/?hold=real_name")
    cards = page.eval_on_selector_all("table.data tbody th a", "all => all.map(a => a.getAttribute('href'))")
    for card in cards:
        page.goto(card)
        if page.is_visible(".btn:text-is('Submit ID verification')"):
            break
    press(page, "Submit ID verification")
    page.fill("[name=name]", "李晓梅")
    page.fill("[name=id_number]", ID_NUMBER[:-1] + "4")
    press(page, "Submit ID verification")
    assert page.is_visible(".errorlist")
    page.fill("[name=id_number]", ID_NUMBER)
    press(page, "Submit ID verification")
    assert said(page) == "The card is suspended: its ID verification is not approved yet."
    assert "李** · 1101************33" in page.text_content("#content")
    iccid = page.text_content("h1")
    desk.goto(f"/console/cards/{iccid}/approve_real_name/")
    press(desk, "Approve ID verification")
    page.reload()
    assert said(page) == "The card works."


def test_all_that_were_stopped_on_purpose_are_resumed_by_one_button(phone):
    page = phone("charlie")
    first_card(page, "state=in_use")
    press(page, "Suspend card")
    press(page, "Suspend card")
    page.goto("/my/")
    need = ".need:has-text('Suspended manually')"
    follow(page, f"{need} .btn.is-primary")
    if "/resume/" in page.url:
        press(page, "Resume card")
    else:
        follow(page, "form.form .btn.is-primary")
        page.wait_for_selector("#outcome", timeout=120_000)
    page.goto("/my/")
    assert not page.is_visible(need)


def test_a_card_that_does_not_work_is_looked_at_and_the_dealer_answers(phone, desk):
    page = phone("alice")
    iccid = first_card(page, "hold=anomaly")
    press(page, "My card does not work")
    assert page.locator(".checks li").count() == 7
    page.fill("[name=text]", "The tracker is silent since Monday.")
    press(page, "Send request")
    request = page.url
    assert said(page) == "Your dealer will answer here."
    desk.goto("/console/requests/")
    follow(desk, f"tr:has-text('{iccid}') th a")
    desk.fill("[name=answer]", "The carrier lifts it tomorrow.")
    press(desk, "Answer")
    page.goto("/my/")
    assert page.is_visible("text=Your dealer has answered request")
    page.goto(request)
    assert "The carrier lifts it tomorrow." in page.text_content("#content")
    press(page, "Solved: close request")
    assert page.is_visible(".badge:text-is('Closed')")


def test_the_secret_of_a_link_is_in_no_address_that_a_server_is_asked_for(phone, visit, browser, portal):
    alice = phone("alice")
    alice.goto("/my/members/")
    press(alice, "Create invitation link")
    secret = alice.get_attribute("input[id^=invitation]", "value").partition("#")[2]
    page, asked = visit(width=PHONE), []
    page.on("request", lambda request: asked.append((request.url, request.headers.get("referer", ""))))
    page.goto(f"/my/join/#{secret}")
    page.wait_for_selector("text=invites you")
    assert (page.url, secret in str(asked), secret in page.content()) == (f"{portal}/my/join/", False, False)
    assert barriers(page) == []
    page.evaluate(f"location.hash = '{secret[:-1]}'")
    page.wait_for_selector("text=no longer valid")
    assert barriers(page) == []
    with browser.new_context(base_url=portal, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/my/join/#{secret}")
        page.fill("[name=link]", f"{portal}/my/join/#{secret}")
        follow(page, "[data-takes-link] button")
        assert "/my/join/" in page.url
        assert page.locator("[name=username]").is_visible()
