"""Windows of a browser on a portal with demo data."""

import sys

import pytest

from tests.browser.pictures import ARE_TAKEN, PICTURED_DAY
from tests.browser.windows import WIDTHS, log_in
from tests.own_portal import own_portal
from tests.processes import free_port, listens, wait_until

if ARE_TAKEN:

    @pytest.fixture(scope="session")
    def portal(migrated, tmp_path_factory):
        """A portal with demo data on a day and at a moment that never change."""
        port = free_port()
        bind = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "1"]
        with own_portal(tmp_path_factory.mktemp("portal"), like=migrated, SIMPORTAL_TODAY=PICTURED_DAY) as served:
            served.manage("demo", "--cards", "300")
            with served.started(sys.executable, "-m", "gunicorn", "tests.browser.still", *bind):
                wait_until(lambda: listens(port), what="the portal's start")
                yield f"http://127.0.0.1:{port}"


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
