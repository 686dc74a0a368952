"""Files in a real browser: one with bad rows looked at, applied and reported; a fleet in mid-life taken over."""

import uuid
from datetime import timedelta

import pytest

from cards.calendar import civil_today
from tests.browser.test_cards import LIST, send
from tests.browser.windows import assert_clean, in_a_browser
from tests.commands.calls import card_row, csv_file

pytestmark = in_a_browser

PAGE = "/console/imports/"
SECONDS = 60_000


@pytest.fixture
def ops(visit):
    def window(language="en", scheme="light", width=1440):
        return visit(language, scheme, width, "ops")

    return window


def fresh_iccid():
    return f"8986{uuid.uuid4().int % 10**16:016d}"


def upload(page, path):
    """Upload a file and wait until it is checked: the page of its job, with the preview."""
    page.goto(PAGE)
    page.set_input_files("[name=file]", path)
    send(page, "form.form .btn.is-primary")
    page.wait_for_selector("#preview", timeout=SECONDS)


def apply(page, ends=0):
    """Start it; of cards that the rules end at once, their count is typed."""
    if ends:
        page.fill("[name=count]", str(ends))
    page.click("form.form .btn.is-danger" if ends else "form.form .btn.is-primary")
    page.wait_for_selector(".page-head .badge.is-good", timeout=SECONDS)


def counts_shown(page):
    return [" ".join(text.split()) for text in page.locator(".figures li").all_text_contents()]


def test_a_file_with_bad_rows_is_looked_at_applied_and_reported(ops, tmp_path):
    good, bad = fresh_iccid(), fresh_iccid()
    today = civil_today()  # no sweep has anything to do with a card of today
    rows = [
        card_row(iccid=good, customer="=1+1 海川", opened_on=today),
        card_row(iccid=bad, plan="NO-PLAN", opened_on=today),
    ]
    page = ops()
    upload(page, csv_file(tmp_path / "cards.csv", rows, "gb18030"))
    assert counts_shown(page) == ["1 would be new", "1 have errors"]
    assert "there is no plan with the code “NO-PLAN”" in page.text_content("section:has(#wrong) tbody")
    assert page.goto(f"{LIST}{good}/").status == 404
    page.go_back()
    waiting = page.url
    assert_clean(ops("zh-hans", "dark", 390), [PAGE, waiting])

    apply(page)
    assert counts_shown(page) == ["1 new", "1 rows with errors"]
    with page.expect_download() as download:
        page.click(".btn:text-is('Download the report (CSV)')")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[1:] == [
        f'2,"=""{good}""",new,,',
        f'3,"=""{bad}""",skipped,plan,there is no plan with the code “NO-PLAN”',
    ]
    assert_clean(page, [PAGE, waiting])
    page.goto(f"{LIST}{good}/")
    assert page.text_content(".page-head .badge") == "Unused"


def test_a_fleet_is_taken_over(ops, tmp_path):
    """Mixed states in one file; the record of a card says what it was taken over with, and from which file."""
    today = civil_today()
    served = {
        "opened_on": today - timedelta(days=400),
        "activated_on": today - timedelta(days=300),
        "service_until": today + timedelta(days=50),
    }
    stopped = fresh_iccid()
    rows = [
        card_row(iccid=fresh_iccid(), **served, state="in_use", used_mb="12.5"),
        card_row(iccid=stopped, **served, state="suspended", holds="voluntary"),
        card_row(iccid=fresh_iccid(), **served | {"service_until": today - timedelta(days=9)}, state="in_use"),
        card_row(iccid=fresh_iccid(), **served, state="testing"),
    ]
    page = ops()
    upload(page, csv_file(tmp_path / "车队 fleet.csv", rows))
    assert counts_shown(page) == ["3 would be new", "3 of these, taken over", "1 have errors"]
    apply(page, ends=1)
    page.goto(f"{LIST}{stopped}/")
    assert page.text_content(".page-head .badge") == "Suspended manually"
    assert "车队 fleet.csv" in page.text_content("#record-panel")
    send(page, ".is-why .btn:text-is('Resume')")
    send(page, "form.form .btn:text-is('Resume')")
    assert page.text_content(".page-head .badge") == "In use"


def test_a_carriers_file_is_asked_about_once(ops, tmp_path):
    """Two title rows and a carrier's headings, answered on a phone; the next file needs no question."""

    def carriers_file(iccid):
        path = tmp_path / f"{iccid}.csv"
        path.write_text(f"月度清单\n制表：张三\n物联卡号,入网,资费,颜色\n{iccid},2026/1/5,Y1-30,red\n", "gb18030")
        return path

    def brought(page, path):
        page.goto(PAGE)
        page.set_input_files("[name=file]", path)
        page.click("form.form summary")
        page.select_option("[name=carrier]", "cbn")
        page.fill("[name=customer]", "海川浏览器")
        page.select_option("[name=certification]", "enterprise")
        send(page, "form.form .btn.is-primary")

    page = ops("zh-hans", width=390)
    brought(page, carriers_file(fresh_iccid()))
    page.wait_for_selector("#columns", timeout=SECONDS)
    assert_clean(page, [page.url])
    for place, column in enumerate(("iccid", "opened_on", "plan", "-")):
        page.select_option(f"[name=column-{place}]", column)
    send(page, "form.form .btn.is-primary")
    page.wait_for_selector("#preview", timeout=SECONDS)
    assert counts_shown(page) == ["1 将新增"]
    page.click("section:has(#columns) summary")
    assert_clean(page, [page.url])
    brought(page, carriers_file(fresh_iccid()))
    page.wait_for_selector("#preview", timeout=SECONDS)
    assert counts_shown(page) == ["1 将新增"]
