"""The page of one card in a real browser: notes written on it, its record narrowed, its line read on a phone."""

import pytest

from tests.browser.windows import PHONE, assert_clean, at_each_width, in_a_browser, in_both_windows_of_customers

pytestmark = in_a_browser

LIST = "/console/cards/"


@pytest.fixture
def card(visit):
    """Opens the first card of a view of the list: `card(query, language, scheme, width)`."""

    def window(query, language="en", scheme="light", width=1440):
        page = visit(language, scheme, width, "ops")
        page.goto(LIST + query)
        page.goto(page.get_attribute("table.data tbody th a", "href"))
        return page

    return window


def test_a_tag_is_added_followed_and_taken_off(card):
    page = card("?state=unused")
    address = page.url
    page.fill("input[list=known-tags]", "spare parts")
    with page.expect_navigation():
        page.press("input[list=known-tags]", "Enter")
    assert page.url == address
    with page.expect_navigation():
        page.click(".chip a:text-is('spare parts')")
    assert page.url.endswith("?tag=spare+parts")
    assert page.locator("table.data tbody tr").count() == 1
    page.goto(address)
    with page.expect_navigation():
        page.click("button[aria-label='Remove the tag spare parts']")
    assert "spare parts" not in page.locator(".chip a").all_text_contents()


def test_both_numbers_in_the_head_are_copied_by_a_click(card):
    page = card("?state=in_use")
    page.evaluate("() => { window.copied = []; navigator.clipboard.writeText = async (text) => copied.push(text); }")
    numbers = page.locator(".page-head .id").all_text_contents()
    for button in page.locator(".page-head .copy").all():
        button.click()
    page.wait_for_function("document.querySelectorAll('.page-head .copy')[1].textContent == 'Copied'")
    assert (page.evaluate("window.copied"), len(numbers)) == (numbers, 2)


def test_the_record_is_narrowed_in_place_and_its_address_kept(card):
    page = card("?tag=cold-chain&state=in_use")
    page.evaluate("window.wasHere = true")
    page.click("#record-panel .tabs a:text-is('Remarks and tags')")
    page.wait_for_url("**/?kind=notes*")
    page.wait_for_function("document.querySelector('#record-panel [aria-current]').textContent == 'Remarks and tags'")
    actions = set(page.locator("#record-panel .record strong").all_text_contents())
    assert (actions <= {"Add tag", "Edit remark"}, page.evaluate("window.wasHere")) == (True, True)
    job = page.get_attribute("#record-panel .record .muted a", "href")
    page.goto(job)
    assert page.url.endswith(job)


@in_both_windows_of_customers  # the other modules look at cards in the other two
def test_a_card_with_notes_and_jobs_stands_in_nobodys_way(card, language, scheme, width):
    page = card("?tag=cold-chain&state=in_use", language, scheme, width)
    assert_clean(page, [page.url + "?kind=people&since=2020-01-01"])
    shown = {
        width: page.eval_on_selector_all(
            ".life svg", "all => all.filter(e => e.checkVisibility()).map(e => e.className.baseVal)"
        )
        for width in at_each_width(page)
    }
    assert shown == {1440: ["is-lying"], PHONE: ["is-upright"]}
