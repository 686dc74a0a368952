"""Somebody of the staff at a browser, who reaches the machine by its name, over https and through nginx."""

import shutil

import pyotp

from tests.conftest import CHROMIUM, CHROMIUM_FLAGS

NAME = "sim.example.cn"
SECONDS = 60


def chromium():
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def browser_to(playwright, address):
    """A browser for which the portal's name is the machine. It takes the certificate that nobody has signed."""
    flags = [*CHROMIUM_FLAGS, f"--host-resolver-rules=MAP {NAME} {address}"]
    return playwright.chromium.launch(executable_path=chromium(), args=flags)


class Visitor:
    """One person with a browser of their own, in English; `secret` is in their phone's app once they have set it up."""

    def __init__(self, browser):
        address = f"https://{NAME}"
        self.profile = browser.new_context(base_url=address, ignore_https_errors=True, locale="en")
        self.profile.add_cookies([{"name": "django_language", "value": "en", "url": address}])
        self.page = self.profile.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.secret = None

    def log_in(self, username, password):
        """For the first time: the second step is set up on the way, and its codes are shown."""
        page = self.page
        page.goto("/")
        page.fill("#id_username", username)
        page.fill("#id_password", password)
        self.send("#login-form [type=submit]")
        assert page.url.endswith("/account/two-factor/first/"), page.url
        self.secret = page.text_content("p .id").strip()
        page.fill("[name=code]", pyotp.TOTP(self.secret).now())
        self.send(".btn:text-is('Turn on two-step login')")
        assert page.locator("li.id").count() == 10
        self.send(".btn:text-is('I have saved them')")

    def go(self, path):
        """To a page, which is answered well."""
        answer = self.page.goto(path)
        assert answer.status == 200, (path, answer.status)
        return self

    def send(self, selector):
        """Click what leads to another page, and wait for it."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def fill_in(self, **fields):
        for name, value in fields.items():
            field = self.page.locator(f"main [name={name}], #content [name={name}]").first
            field.select_option(value) if field.evaluate("it => it.tagName") == "SELECT" else field.fill(value)

    def badge(self):
        """What the head of the page says of it, once it is good."""
        return self.page.text_content(".page-head .badge.is-good").strip()
