"""Cards in a real browser: found, understood, stopped and brought back, and every page in every window."""

import pytest

from tests.browser.windows import assert_clean, in_a_browser, in_both_windows, too_small

pytestmark = in_a_browser

LIST = "/console/cards/"
TABS = ["?state=in_use", "?state=unused", "?state=shut_down", "?state=cancelled", "?hold=credit", "?hold=real_name"]


def send(page, selector):
    """Click what leads to another page, and wait for it."""
    with page.expect_navigation():
        page.click(selector)


def first_card(page, query):
    """The address of the first card that a view of the list shows."""
    page.goto(LIST + query)
    return page.get_attribute("table.data tbody th a", "href")


@pytest.fixture
def ops(visit):
    def window(language="en", scheme="light", width=1440):
        return visit(language, scheme, width, "ops")

    return window


@pytest.mark.parametrize(
    ("language", "suspend", "resume", "stopped", "works"),
    [
        ("en", "Suspend", "Resume", "Suspended manually", "The card works"),
        ("zh-hans", "停用", "复机", "主动停用", "该卡正常"),
    ],
)
def test_a_card_is_found_stopped_explained_and_brought_back(ops, language, suspend, resume, stopped, works):
    page = ops(language)
    number = first_card(page, "?state=in_use").split("/")[-2]
    page.goto(LIST)
    page.keyboard.press("/")
    page.keyboard.insert_text(number)
    send(page, ".find button")
    assert page.url.endswith(f"{LIST}{number}/")
    send(page, f".btn:text-is('{suspend}')")
    page.fill("[name=reason]", "客户要求 on holiday")
    send(page, f"form.form .btn:text-is('{suspend}')")
    assert page.url.endswith(f"{LIST}{number}/")
    assert page.text_content(".page-head .badge") == stopped
    assert "客户要求 on holiday" in page.text_content(".is-why")
    send(page, f".is-why .btn:text-is('{resume}')")
    send(page, f"form.form .btn:text-is('{resume}')")
    assert page.text_content(".is-fine h2") == works


def test_a_pasted_list_says_what_it_found(ops):
    page = ops()
    number = first_card(page, "").split("/")[-2]
    page.fill("[name=q]", f"{number}，\n13899999999")
    with page.expect_navigation():
        page.press("[name=q]", "Enter")
    assert page.locator("table.data tbody tr").count() == 1
    assert [badge.strip() for badge in page.locator(".found .badge").all_text_contents()] == ["1 matched", "1 unknown"]
    assert page.text_content(".found .numbers") == "13899999999"


def test_what_a_scanner_types_is_not_searched_after_each_number(ops):
    page = ops()
    page.goto(LIST)
    is_left_alone = page.eval_on_selector(
        "[name=q]",
        """box => [..."89860000000000000001", "Enter"].map(
            key => box.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}))
        ).at(-1)""",
    )
    assert is_left_alone


def test_cards_are_chosen_with_the_keyboard_and_kept_as_a_selection(ops):
    page = ops()
    page.goto(LIST + "?state=in_use")
    for key in "jxjjx":
        page.keyboard.press(key)
    assert page.text_content(".bulk-count") == "2 selected"
    numbers = page.eval_on_selector_all("tr:has(:checked) th a", "all => all.map(link => link.textContent)")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") not in numbers
    page.check("[data-checks-all]")
    assert page.text_content(".bulk-count") == "50 selected"
    page.uncheck("[data-checks-all]")
    page.check(f"tr:has-text('{numbers[0]}') [name=ids]")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.textContent") == "Suspend…"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/console/selections/" in page.url
    assert numbers[0] in page.text_content("#content")


def test_a_view_is_saved_and_opened_from_its_menu(ops):
    page = ops()
    page.goto(LIST)
    page.click(".page-head summary:text-is('Columns')")
    page.uncheck("[name=cols][value=carrier]")
    send(page, ".drop-panel button:text-is('Apply')")
    with page.expect_navigation():
        page.select_option("[name=sort]", "iccid")
    address = page.url
    assert "sort=iccid" in address
    page.click(".page-head summary:text-is('Saved views')")
    page.fill("[name=name]", "By number")
    send(page, ".drop-panel button:text-is('Save view')")
    page.goto(LIST)
    page.click(".page-head summary:text-is('Saved views')")
    send(page, ".offered a:text-is('By number')")
    assert page.url == address


def test_cancelling_asks_for_the_last_characters(ops):
    page = ops()
    url = first_card(page, "?state=unused")
    page.goto(url + "cancel/")
    page.fill("[name=reason]", "lost")
    page.fill("[name=last_digits]", "000000")
    send(page, "form.form .btn.is-danger")
    assert "These are not the last characters of this card's ICCID." in page.text_content("form.form")
    page.goto(url)
    assert page.text_content(".page-head .badge") == "Unused"


@in_both_windows
def test_no_page_makes_the_browser_complain_or_stands_in_anyones_way(ops, language, scheme, width):
    page = ops(language, scheme, width)
    numbers = first_card(page, "").split("/")[-2] + "+13899999999"
    assert_clean(
        page,
        [
            LIST + "?expiring=300",
            f"{LIST}?q={numbers}",
            first_card(page, "?hold=credit"),
            first_card(page, "") + "renew/",
        ],
    )


@in_both_windows
def test_neither_does_a_card_in_any_state_nor_any_form(ops, language, scheme, width):
    page = ops(language, scheme, width)
    in_use = first_card(page, "?state=in_use")
    forms = [in_use + action for action in ("suspend/", "resume/", "set_limit/", "assign/", "cancel/")]
    assert_clean(page, [LIST + "?q=nobody", "/console/views/", *(first_card(page, tab) for tab in TABS), *forms])


def test_on_a_phone_every_target_is_as_large_as_a_finger(ops):
    page = ops(width=390)
    card = first_card(page, "?state=in_use")
    for path in (LIST, card, card + "renew/"):
        page.goto(path)
        assert too_small(page) == []


def test_no_column_is_out_of_sight_and_no_tab_is_cut_off(ops):
    for language in ("en", "zh-hans"):
        page = ops(language)
        page.goto(LIST)
        hidden = page.eval_on_selector_all(
            ".table-wrap, .tabs", "all => all.map(e => e.scrollWidth - e.clientWidth).filter(e => e > 0)"
        )
        assert hidden == []
