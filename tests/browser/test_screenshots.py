"""The pictures in the docs: each page is as its caption says, and `make screenshots` takes its picture."""

import pytest

from tests.browser.pictures import ARE_TAKEN, FOLDER, LARGEST, LARGEST_TOGETHER, path_of, size_of, take
from tests.browser.test_cards import LIST, send
from tests.browser.windows import PHONE, WIDTHS, complaints, in_a_browser

pytestmark = in_a_browser

NAMES = ("card", "cards", "dashboard", "my-card", "order")
LANGUAGES = ("en", "zh-hans")
in_each_language = pytest.mark.parametrize("language", LANGUAGES)

# By their whole names: files of other tests name customers that are like them.
CUSTOMERS = {"en": "Northwind Cold Chain Logistics", "zh-hans": "海川共享出行有限公司"}
USED_UP = {"en": "?hold=credit&sort=oldest", "zh-hans": "?hold=credit"}


@pytest.fixture
def picture(browser):
    """Says what is wrong with the picture of the page; takes it before, when pictures are asked for."""

    def check(page, name, language):
        path = path_of(name, language)
        if ARE_TAKEN:
            with browser.new_page() as blank:
                take(page, path, blank)
        window = page.viewport_size
        return {
            "language": page.get_attribute("html", "lang") == language,
            "size": size_of(path) == (window["width"], window["height"]),
            "bytes": path.stat().st_size < LARGEST,
        }

    return check


GOOD = {"language": True, "size": True, "bytes": True}


def out_of_sight(page, *selectors):
    """Those of which not even the first lies wholly in the window, where the picture would show it."""
    return [selector for selector in selectors if not is_in_sight(page, selector)]


def is_in_sight(page, selector):
    box, window = page.locator(selector).first.bounding_box(), page.viewport_size
    return box["y"] >= 0 and box["y"] + box["height"] <= window["height"] and box["x"] + box["width"] <= window["width"]


@in_each_language
def test_card_why_it_is_stopped_what_helps_and_what_happens_next(visit, picture, language):
    page = visit(language, username="ops")
    page.goto(LIST + USED_UP[language])
    assert complaints(page, page.get_attribute("table.data tbody th a", "href")) == []
    assert out_of_sight(page, "h1.id", ".is-why .why-sentence", ".is-why .btn.is-primary", ".life svg.is-lying") == []
    assert picture(page, "card", language) == GOOD


@in_each_language
def test_cards_each_with_its_state_and_the_cause(visit, picture, language):
    page = visit(language, username="ops")
    assert complaints(page, f"{LIST}?q={CUSTOMERS[language]}") == []
    # Of the rows, as many as on any day: on some the customers' names take two lines.
    assert out_of_sight(page, "h1", "[name=q]", ".tabs", "table.data thead", "tbody tr:nth-child(3)") == []
    states = page.locator("tbody tr:nth-child(-n+6) .badge").all_text_contents()
    assert (len(states), len(set(states)) > 1) == (6, True)
    assert picture(page, "cards", language) == GOOD


@in_each_language
def test_dashboard_what_needs_attention_and_the_fleet_by_state_and_hold(visit, picture, language):
    page = visit(language, username="ops")
    assert complaints(page, "/console/") == []
    assert out_of_sight(page, "#today", "[aria-labelledby=states] .stats", "[aria-labelledby=holds] .stats") == []
    assert page.locator("[aria-labelledby=states] .stat").count() == 6
    assert picture(page, "dashboard", language) == GOOD


@in_each_language
def test_order_prices_who_cannot_and_why_before_it_is_placed(visit, picture, language):
    page = visit(language, username="ops")
    page.goto(f"{LIST}?q={CUSTOMERS[language]}")
    send(page, "button[name=filter]")
    send(page, ".btn[href*='/orders/new/']")
    page.select_option("[name=plan]", "Y1-30")
    send(page, "form.form .btn.is-primary")
    order = page.url
    page.wait_for_selector("#preview")  # the worker may have taken up the check
    assert complaints(page, order) == []
    can, cannot = ("".join(filter(str.isdigit, text)) for text in page.locator(".figures .badge").all_text_contents())
    assert (int(can) > 0, int(cannot) > 0) == (True, True)
    total = "section:has(#preview) tbody tr:last-child td:last-child"
    assert out_of_sight(page, "h1", total, ".reasons:last-of-type dd", ".actions .btn.is-primary") == []
    assert picture(page, "order", language) == GOOD
    send(page, "button[form=discard]")
    page.goto(order)
    assert not page.is_visible("#preview")


@in_each_language
def test_my_card_on_a_phone(visit, picture, language):
    page = visit(language, width=PHONE, username="alice")
    page.goto("/my/cards/?hold=rebind")
    assert complaints(page, page.get_attribute("table.data tbody th a", "href"), by_finger=True) == []
    assert out_of_sight(page, "h1", ".said", ".is-why .btn.is-primary", ".meter") == []
    assert picture(page, "my-card", language) == GOOD


def test_there_are_these_pictures_and_no_others():
    found = sorted(FOLDER.glob("*"))
    assert found == sorted(path_of(name, language) for name in NAMES for language in LANGUAGES)
    assert {size_of(path) for path in found} == set(WIDTHS.items())
    assert sum(path.stat().st_size for path in found) < LARGEST_TOGETHER
