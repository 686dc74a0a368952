"""A form that gives something says who is meant, while a name is typed, in both languages and on both windows."""

import pytest

from tests.browser.windows import barriers, in_a_browser

pytestmark = in_a_browser

NAME = "Acme Vending China"
SAYS = {
    "en": ("There is no customer with this name.", f"{NAME} (Enterprise customer, "),
    "zh-hans": ("没有该名称的客户。", f"{NAME}（企业客户、"),
}


@pytest.mark.parametrize(("language", "width"), [("en", 1440), ("zh-hans", 390)])
def test_who_is_meant_is_said_while_the_name_is_typed(visit, language, width):
    nobody, known = SAYS[language]
    page = visit(language, "light", width, "finance")
    page.goto("/console/receipts/new/")
    said, field = page.locator(".is-meant"), page.locator("#id_customer")
    field.press_sequentially("Nobody of this name")
    said.get_by_text(nobody).wait_for()
    field.fill(NAME.lower())
    said.get_by_text(known).wait_for()
    assert barriers(page) == []
