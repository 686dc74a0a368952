"""Payment accounts in a real browser: one is made, and its pages are as they should be on a phone too."""

import re

from tests.browser.windows import assert_clean, in_a_browser

pytestmark = in_a_browser

PAGE = "/console/payments/"


def test_an_account_is_made_and_its_pages_fit_a_phone(visit):
    page = visit(username="admin")
    page.goto(f"{PAGE}new/?protocol=wechat")
    page.fill("[name=name]", "wechat-of-shop-1")
    page.fill("[name=mchid]", "1900000109")
    page.click("form.form .btn.is-primary")
    page.wait_for_url(re.compile(rf"{PAGE}[0-9]+/$"))
    one = page.url
    paths = [PAGE, one, f"{one}edit/", f"{one}try/", f"{PAGE}new/", f"{PAGE}new/?protocol=alipay"]
    assert_clean(page, paths)
    assert_clean(visit("zh-hans", "dark", 390, "admin"), paths)
