"""Many cards at once in a real browser: a pasted list, all matched stopped, watched, the failures fetched, undone."""

import pytest

from tests.browser.test_cards import LIST, send
from tests.browser.windows import assert_clean, in_a_browser, in_both_windows

pytestmark = in_a_browser

SECONDS = 30_000


def numbers(page, query, count):
    """The ICCIDs of the first cards that a view of the list shows."""
    page.goto(LIST + query)
    return page.locator("table.data tbody th a").all_text_contents()[:count]


def paste(page, *lines):
    """Search for a list and select all that it matched: the page of the selection."""
    page.goto(LIST)
    page.fill("#search [name=q]", "，\n".join(lines))
    send(page, "#search button.is-primary")
    send(page, "button.is-primary[name=list]")


@pytest.fixture
def ops(visit):
    def window(language="en", scheme="light", width=1440):
        return visit(language, scheme, width, "ops")

    return window


def finish(page):
    """Wait until the page has followed the job to its end."""
    page.wait_for_selector(".page-head .badge.is-good", timeout=SECONDS)


def test_a_pasted_list_is_stopped_watched_its_failures_fetched_and_undone(ops):
    page = ops()
    # The oldest: other tests take cards in, on which something may be due.
    working = numbers(page, "?state=in_use&sort=oldest", 2)
    unused = numbers(page, "?state=unused&sort=oldest", 1)
    paste(page, working[0], unused[0], "13899999999", working[1])
    assert page.text_content(".page-head .muted") == "3 cards"

    send(page, "button[name=action][value=suspend]")
    page.wait_for_selector("#preview", timeout=SECONDS)  # the worker may have taken up the check
    assert [text.strip() for text in page.locator("#content .panel .badge").all_text_contents()] == [
        "2 eligible",
        "1 not eligible",
    ]
    assert unused[0] in page.text_content(".reasons")
    page.fill("[name=reason]", "台风 storm")
    send(page, ".btn:text-is('Suspend: 2 cards')")
    finish(page)
    assert [text.strip() for text in page.locator(".progress .badge").all_text_contents()] == ["2 done", "1 refused"]
    job = page.url

    with page.expect_download() as download:
        page.click(".btn:text-is('Download the failures (CSV)')")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert (len(lines), lines[1].startswith(f'"=""{unused[0]}"""')) == (2, True)

    send(page, ".btn:text-is('Undo…')")
    send(page, ".btn:text-is('Undo: Suspend: 2 cards')")
    finish(page)
    for number in working:
        page.goto(f"{LIST}{number}/")
        assert page.text_content(".page-head .badge") == "In use"
    page.goto(job)
    assert "Undo: Suspend" in page.text_content(".facts")


@pytest.fixture(scope="module")
def pages(portal, profile_of):
    """Addresses of a selection, a job that waits, one that is over, and the list of them all."""
    with profile_of("ops", "en", "light").new_page() as page:
        paste(page, *numbers(page, "?state=in_use", 3), *numbers(page, "?state=unused", 2))
        found = [page.url]
        for action in ("cancel", "protect"):
            page.goto(found[0])
            send(page, f"button[name=action][value={action}]")
            found.append(page.url)
        page.click("form.form .btn.is-primary")
        finish(page)
        return [*found, f"{portal}/console/jobs/"]


@in_both_windows
def test_no_page_makes_the_browser_complain_or_stands_in_anyones_way(ops, pages, language, scheme, width):
    assert_clean(ops(language, scheme, width), pages)
