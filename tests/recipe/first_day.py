"""The first day in the console, in a browser: two-step login, a colleague, a file, a card stopped, an order served."""

import re

from tests.recipe.visitor import SECONDS

CARD, SECOND_CARD = "89860000000000000001", "89860000000000000002"
FILE = f"""iccid,carrier,customer,certification,opened_on,plan
{CARD[:-1]}4,cmcc,Acme,enterprise,2026-11-01,M1-100
{CARD[:-1]}5,cmcc,Acme,enterprise,2026-11-01,NO-SUCH
"""


def first_day(trial):
    admin = trial.visitor("admin", trial.machine.says("cat /root/admin-password"))
    for step in (a_colleague_is_made, a_file_is_imported, a_card_is_stopped, an_order_is_served, the_day_was_swept):
        with trial.step(f"3 in the browser: {step.__name__.replace('_', ' ')}"):
            step(trial, admin)


def a_colleague_is_made(trial, admin):
    """An auditor, who sees the prices and changes none."""
    admin.go("/admin/auth/user/add/")
    password = "colleague-of-the-first-day"
    admin.fill_in(username="li", password1=password, password2=password)
    admin.send("[name=_continue]")
    admin.page.check("[name=is_staff]")
    admin.page.select_option("#id_groups_from, select[name=groups]", label="auditor")
    if admin.page.locator("#id_groups_add, #id_groups_add_link").count():
        admin.page.click("#id_groups_add, #id_groups_add_link")
    admin.send("[name=_save]")
    li = trial.visitor("li", password)
    prices = {
        who: person.go("/console/prices/").page.locator(".btn:text-is('Set price')").count()
        for who, person in (("admin", admin), ("li", li))
    }
    assert prices == {"admin": 1, "li": 0}


def a_file_is_imported(trial, admin):
    """Of two rows one is wrong: it is told before anything is written, and the other one goes in."""
    page = admin.go("/console/imports/").page
    page.set_input_files("[name=file]", {"name": "cards.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    admin.send("form.form .btn.is-primary")
    page.wait_for_selector("#preview")
    assert [" ".join(text.split()) for text in page.locator(".figures li").all_text_contents()] == [
        "1 would be new",
        "1 have errors",
    ]
    page.click("form.form .btn.is-primary")
    page.wait_for_selector(".page-head .badge.is-good, .page-head .badge.is-warning", timeout=SECONDS * 1000)
    assert "In stock" not in admin.go(f"/console/cards/{CARD[:-1]}4/").page.text_content("main, #content")


def a_card_is_stopped(_trial, admin):
    page = admin.go(f"/console/cards/{CARD}/").page
    admin.send("a:text-is('Suspend'), button:text-is('Suspend')")
    if page.locator("[name=reason]").count():
        page.fill("[name=reason]", "the first day")
        admin.send("form .btn.is-primary, form .btn.is-danger")
    assert "Suspended" in page.text_content(".page-head")


def an_order_is_served(trial, admin):
    """A pack for the other card: priced, paid out of a transfer, and there in a moment."""
    trial.machine.run(f"simportal act activate {SECOND_CARD}")
    page = admin.go("/console/prices/?plan=PACK-100").page
    admin.fill_in(amount="20.00")
    admin.send(".btn:text-is('Set price')")
    admin.go("/console/receipts/new/").fill_in(customer="Acme", amount="100", reference="BANK-1")
    admin.send(".btn:text-is('Record receipt')")
    admin.go("/console/orders/new/").fill_in(kind="pack", plan="PACK-100", numbers=SECOND_CARD)
    admin.send(".btn:text-is('Check and show prices')")
    page.wait_for_selector(".btn:text-is('Place and pay ¥20.00')")
    admin.send(".btn:text-is('Place and pay ¥20.00')")
    assert admin.badge() == "Fulfilled"
    assert re.search(r"200\s*MB", admin.go(f"/console/cards/{SECOND_CARD}/").page.text_content("main, #content"))


def the_day_was_swept(trial, admin):
    assert admin.go("/console/sweep/").page.locator(".notice.is-bad").count() == 0
    assert trial.machine.run("simportal verify --json")
