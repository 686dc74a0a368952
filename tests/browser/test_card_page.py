"""The page of one card in a real browser: notes written on it, its record narrowed, its line read on a phone."""

import pytest

from tests.browser.windows import barriers, complaints, too_small

pytestmark = [pytest.mark.browser, pytest.mark.once]

LIST = "/console/cards/"


@pytest.fixture
def card(visit, cookies_of):
    """Opens the first card of a view of the list: `card(query, language, scheme, width)`."""

    def window(query, language="en", scheme="light", width=1440):
        page = visit(language, scheme, width, cookies_of("ops"))
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


def test_the_record_is_narrowed_in_place_and_its_address_kept(card):
    page = card("?tag=cold-chain&state=in_use")
    page.evaluate("window.wasHere = true")
    page.click("#record-panel .tabs a:text-is('Notes')")
    page.wait_for_url("**/?kind=notes*")
    page.wait_for_function("document.querySelector('#record-panel [aria-current]').textContent == 'Notes'")
    actions = set(page.locator("#record-panel .record strong").all_text_contents())
    assert (actions <= {"Add tag", "Write remark"}, page.evaluate("window.wasHere")) == (True, True)
    job = page.get_attribute("#record-panel .record .muted a", "href")
    page.goto(job)
    assert page.url.endswith(job)


@pytest.mark.parametrize(
    ("language", "scheme", "width"), [("zh-hans", "light", 390), ("en", "dark", 390), ("zh-hans", "dark", 1440)]
)
def test_a_card_with_notes_and_jobs_stands_in_nobodys_way(card, language, scheme, width):
    page = card("?tag=cold-chain&state=in_use", language, scheme, width)
    found = complaints(page, page.url + "?kind=people&since=2020-01-01")
    assert found + barriers(page) + (too_small(page) if width == 390 else []) == []
    shown = page.eval_on_selector_all(
        ".life svg", "all => all.filter(e => e.checkVisibility()).map(e => e.className.baseVal)"
    )
    assert shown == ["is-upright" if width == 390 else "is-lying"]
