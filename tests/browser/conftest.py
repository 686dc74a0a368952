"""Windows of a browser on a portal with demo data."""

import pytest

from tests.browser.windows import WIDTHS, log_in


@pytest.fixture(scope="module")
def cookies_of(browser, portal):
    """The cookies of somebody who has logged in: `cookies_of("ops")`. Each logs in once."""
    kept = {}

    def cookies(username):
        if username not in kept:
            with browser.new_context(base_url=portal) as context:
                log_in(context.new_page(), username)
                kept[username] = context.storage_state()
        return kept[username]

    return cookies


@pytest.fixture(scope="module")
def admins_cookies(cookies_of):
    return cookies_of("admin")


@pytest.fixture
def visit(browser, portal, request):
    """Opens pages in a window of a language, colour scheme and width: `visit(language, scheme, width, cookies)`."""

    def window(language="en", scheme="light", width=1440, cookies=None):
        size = {"width": width, "height": WIDTHS[width]}
        context = browser.new_context(base_url=portal, color_scheme=scheme, viewport=size, storage_state=cookies)
        request.addfinalizer(context.close)
        context.add_cookies([{"name": "django_language", "value": language, "url": portal}])
        return context.new_page()

    return window
