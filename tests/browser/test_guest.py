"""Renewal without an account on a phone: the label scanned off the page, a typed number, and without scripts."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from cards.calendar import civil_today
from tests.browser.squares import squares_in
from tests.browser.test_imports import apply, fresh_iccid, upload
from tests.browser.test_my import follow, press, said
from tests.browser.windows import PHONE, WIDTHS, assert_clean, in_a_browser, in_both_windows_of_customers
from tests.commands.calls import card_row, csv_file

pytestmark = in_a_browser


@pytest.fixture
def desk(visit):
    """A desk in the dealer's office."""
    return visit("en", username="ops")


@pytest.fixture
def stranger(browser, portal, request):
    """A phone that was never here, with scripts or without: `stranger(False)`."""

    def phone(runs_scripts=True):
        context = browser.new_context(
            base_url=portal,
            java_script_enabled=runs_scripts,
            locale="en-US",
            viewport={"width": PHONE, "height": WIDTHS[PHONE]},
        )
        request.addfinalizer(context.close)
        return context.new_page()

    return phone


@pytest.fixture(scope="module")
def labelled(request, profile_of, tmp_path_factory):
    """Numbers of cards whose data are used up: each case takes one, and waits for no import of its own."""
    today = civil_today()
    dates = {
        "opened_on": today - timedelta(days=400),
        "activated_on": today - timedelta(days=300),
        "service_until": today + timedelta(days=50),
    }
    used_up = {"customer": "Label Customer", **dates, "state": "suspended", "holds": "credit", "used_mb": "31"}
    cases = [case for case in request.session.items if case.path == request.path and "stopped" in case.fixturenames]
    numbers = [fresh_iccid() for _ in cases]
    rows = [card_row(iccid=iccid, **used_up) for iccid in numbers]
    with profile_of("ops", "en", "light").new_page() as desk:
        upload(desk, csv_file(tmp_path_factory.mktemp("labelled") / "stopped.csv", rows))
        apply(desk)
    return iter(numbers)


@pytest.fixture
def stopped(labelled):
    """The number of a customer's card whose data are used up."""
    return next(labelled)


def path_on_label(desk, iccid):
    """Where the square on the card's label leads, read off the picture of the page that is printed."""
    desk.goto(f"/console/cards/?q={iccid}")
    follow(desk, "button[name=filter]")
    press(desk, "Print labels")
    (address,) = squares_in(desk.locator(".sheet").screenshot())
    return urlsplit(address).path


def buy_and_pay(phone, offer):
    phone.check(f"[name=offer][value^='{offer} ']")
    follow(phone, "button[name=provider]")
    assert "/pay/" in phone.url
    follow(phone, "button[value=paid]")
    follow(phone, "a[href^='/c/receipts/']")
    assert phone.text_content(".badge") == "Paid and done"


@pytest.mark.parametrize("runs_scripts", [True, False])
def test_a_stranger_scans_a_stopped_cards_label_pays_for_a_pack_and_the_card_works(
    desk, stranger, stopped, runs_scripts
):
    path, phone = path_on_label(desk, stopped), stranger(runs_scripts)
    assert path.startswith("/c/")
    phone.goto(path)
    assert said(phone) == "The card is suspended: its data is used up."
    assert "Label Customer" not in phone.content()
    buy_and_pay(phone, "PACK-100")
    phone.goto(path)
    assert said(phone) == "The card works."


@pytest.mark.parametrize("runs_scripts", [True, False])
def test_the_same_with_a_typed_number_which_tells_nothing_of_the_card(desk, stranger, stopped, runs_scripts):
    phone = stranger(runs_scripts)
    phone.goto("/c/")
    phone.fill("[name=number]", stopped)
    follow(phone, "form.panel button")
    assert "This card can be renewed here, from ¥" in phone.text_content(".notice")
    follow(phone, "a[href^='/c/number/']")
    assert "suspended" not in phone.content()
    buy_and_pay(phone, "PACK-100")
    phone.goto(path_on_label(desk, stopped))
    assert said(phone) == "The card works."


@in_both_windows_of_customers
def test_no_page_makes_the_browser_complain_or_stands_in_anyones_way(desk, visit, stopped, language, scheme, width):
    path = path_on_label(desk, stopped)
    page = visit(language, scheme, width)
    assert_clean(page, [path, "/c/", "/c/receipts/"])


def test_ten_wrong_numbers_meet_the_limit(stranger, stopped):
    """The last test here: the address of this machine is shut out of typing numbers for an hour."""
    phone = stranger()
    phone.goto("/c/")
    for number in range(11):
        phone.fill("[name=number]", f"14999999990{number:02}")
        follow(phone, "form.panel button")
        is_known_to_be_wrong = "No card with this number can be renewed here" in phone.text_content(".notice")
        assert is_known_to_be_wrong == (number < 10)
    assert "Too many numbers were tried." in phone.text_content(".notice")
    phone.fill("[name=number]", stopped)
    follow(phone, "form.panel button")
    assert "Too many numbers were tried." in phone.text_content(".notice")
