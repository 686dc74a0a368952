"""Windows of a browser on a portal with demo data."""

import pytest

from tests.browser.windows import WIDTHS, log_in


@pytest.fixture(scope="session")
def profile_of(browser, portal):
    """The browser of somebody who has logged in, in a language and a scheme: `profile_of("ops", "en", "light")`.

    Each is made once, and each person logs in once: what a browser fetched for one test, the next need not fetch.
    """
    cookies, kept = {}, {}

    def cookies_of(username):
        if username not in cookies:
            with browser.new_context(base_url=portal) as context:
                log_in(context.new_page(), username)
                cookies[username] = context.storage_state()
        return cookies[username]

    def profile(username, language, scheme):
        if (username, language, scheme) not in kept:
            state = cookies_of(username)
            kept[username, language, scheme] = browser.new_context(
                base_url=portal, color_scheme=scheme, storage_state=state
            )
        return speaking(kept[username, language, scheme], language, portal)

    yield profile
    for context in kept.values():
        context.close()


def speaking(context, language, portal):
    context.add_cookies([{"name": "django_language", "value": language, "url": portal}])
    return context


@pytest.fixture
def visit(browser, portal, profile_of, request):
    """Opens a window in a language, colour scheme and width: `visit(language, scheme, width, username)`.

    Without a name it is a stranger's, in a browser that nobody used before.
    """

    def window(language="en", scheme="light", width=1440, username=None):
        if username:
            page = profile_of(username, language, scheme).new_page()
            request.addfinalizer(page.close)
        else:
            context = browser.new_context(base_url=portal, color_scheme=scheme)
            request.addfinalizer(context.close)
            page = speaking(context, language, portal).new_page()
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        return page

    return window
