"""The console's pages in a real browser: both languages, light and dark, wide and narrow."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.browser.windows import (
    LOGIN,
    PHONE,
    WIDTHS,
    at_each_width,
    barriers,
    complaints,
    in_a_browser,
    in_both_windows,
    log_in,
    too_small,
)

pytestmark = in_a_browser

OURS = ["/console/", "/console/queues/", "/console/real-name/", "/console/sweep/", "/console/log/"]
PEOPLE = ["/console/people/", "/console/people/?who=customers", "/console/people/invite/", "/console/people/1/"]
OF_PROGRAMS = ["/console/api/keys/", "/api/"]
CARRIERS = ["/console/carriers/", "/console/carriers/drift/", "/console/carriers/new/?protocol=onelink5"]
OWN = ["/account/", "/account/data/", "/privacy/"]
POLICY = "/admin/cards/carrierpolicy/add/"
DJANGOS = ["/admin/", "/admin/cards/plan/", POLICY, "/admin/cards/tag/", "/admin/cards/customer/"]


@in_both_windows
def test_no_page_makes_the_browser_complain_or_stands_in_anyones_way(visit, language, scheme, width):
    page = visit(language, scheme, width, "admin")
    found = {path: complaints(page, path) + barriers(page) for path in [*OURS, *PEOPLE, *CARRIERS, *OF_PROGRAMS, *OWN]}
    found |= {path: complaints(page, path) for path in DJANGOS}
    stranger = visit(language, scheme, width)
    found[LOGIN] = complaints(stranger, LOGIN) + barriers(stranger)
    assert found == {path: [] for path in [*OURS, *PEOPLE, *CARRIERS, *OF_PROGRAMS, *OWN, *DJANGOS, LOGIN]}


@in_both_windows
def test_what_a_policy_changes_is_shown_before_it_is_saved(visit, language, scheme, width):
    page = visit(language, scheme, width, "admin")
    said = complaints(page, POLICY)
    page.select_option("#id_carrier", "cmcc")
    page.fill("#id_valid_from", str(timezone.localdate() + timedelta(days=30)))
    page.fill("#id_renewal_days", "30")
    page.click("[name=_preview]")
    page.wait_for_selector("#effects")
    page.click("details.more >> nth=0")
    assert (said, barriers(page), page.is_visible("details.more >> nth=0 >> a.id >> nth=0")) == ([], [], True)
    assert page.is_visible("[name=_save]")


def test_the_pages_speak_the_language_that_was_chosen(visit):
    page = visit("zh-hans", username="admin")
    page.goto("/console/sweep/")
    assert (page.text_content("h1"), page.get_attribute("html", "lang")) == ("日终处理", "zh-hans")
    page.click("text=English")
    assert (page.text_content("h1"), page.get_attribute("html", "lang")) == ("Nightly sweep", "en")
    assert page.url.endswith("/console/sweep/")


def test_the_colour_scheme_is_switched_by_hand_against_the_systems(visit):
    def colour():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page = visit("en", "light", username="admin")
    page.goto("/console/")
    light = colour()
    page.click("#header .theme-toggle")
    dark = colour()
    assert (page.get_attribute("html", "data-theme"), light != dark) == ("dark", True)
    page.goto("/admin/cards/plan/")
    assert colour() == dark
    page.evaluate("localStorage.clear()")  # the next test's window shares it


def test_keys_find_the_search_box_and_the_help(visit):
    page = visit(username="admin")
    page.goto("/console/orders/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('header') && document.activeElement.name") == "q"
    page.keyboard.press("?")
    assert not page.is_visible("#help")  # in a box it is a character like any other
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")


@pytest.mark.parametrize("path", ["/console/sweep/", "/console/cards/", "/admin/cards/plan/"])
def test_the_search_in_the_header_opens_the_one_that_is_found(visit, path):
    page = visit(username="admin")
    page.goto("/console/cards/")
    iccid = page.text_content("tbody th a")
    page.goto(path)
    page.keyboard.press("/")
    page.keyboard.insert_text(iccid)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/cards/{iccid}/")


def test_on_a_phone_the_search_is_behind_a_sign_in_the_header(visit):
    page = visit(width=390, username="admin")
    page.goto("/console/sweep/")
    sign = page.locator("header a.is-narrow-only")
    size = sign.bounding_box()
    sign.click()
    page.wait_for_url("**/console/find/")
    assert page.evaluate("document.activeElement.name") == "q"
    assert (size["width"] >= 44, size["height"] >= 44, barriers(page)) == (True, True, [])
    page.keyboard.insert_text("no such thing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/find/?q=no+such+thing")


def test_on_a_phone_everything_is_in_the_menu(visit):
    page = visit(width=390)
    log_in(page)  # not as everybody else: it logs out again
    page.goto("/console/sweep/")
    hidden = page.is_visible(".menu-panel")
    page.click("details.menu summary")
    assert (hidden, barriers(page)) == (False, [])
    page.click(".menu-panel >> text=Plans")
    assert page.url.endswith("/admin/cards/plan/")
    page.click("details.menu summary")
    page.click(".menu-panel >> text=Log out")
    assert page.text_content("h1") != "Nightly sweep"
    page.goto("/console/")
    assert LOGIN in page.url


@pytest.mark.parametrize("path", OURS)
def test_on_a_phone_every_target_is_as_large_as_a_finger(visit, path):
    page = visit(width=390, username="admin")
    page.goto(path)
    page.click("details.menu summary")
    assert too_small(page) == []


def test_without_scripts_nothing_is_offered_that_takes_one(browser, portal, profile_of):
    """Nor does a list on a phone begin with an empty line where all are selected by a script."""
    found = {}
    for username, paths in {"admin": ["/console/cards/", "/console/people/"], "alice": ["/my/cards/", "/my/"]}.items():
        cookies = profile_of(username, "en", "light").storage_state()
        with browser.new_context(base_url=portal, storage_state=cookies, java_script_enabled=False) as context:
            page = context.new_page()
            for path in paths:
                page.goto(path)
                for width in at_each_width(page):
                    found[path, width] = page.locator("button[type=button]:visible, .theme-toggle:visible").count()
            page.goto(paths[0])
            page.set_viewport_size({"width": PHONE, "height": WIDTHS[PHONE]})
            found[paths[0], "head"] = page.eval_on_selector("table.cards thead", "head => head.offsetHeight > 1")
    assert not any(found.values()), found
