"""What tests in a browser look at on every page, and in which windows."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

LOGIN = "/admin/login/"
OWN_DOOR = re.compile("/(console|my)/$")
WIDTHS = {1440: 900, 390: 844}
FINGER = 44
TARGETS = (
    "#header :is(a, button, summary), .btn, .tabs a, .stat, .links a, .is-cards th a, .rows a, "
    "#content :is(input, select)"
)

# Each language in each scheme, each width with either: what a page shows depends on no more than two of them at once.
every_window = pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("zh-hans", "light", 1440), ("en", "dark", 1440), ("zh-hans", "dark", 390), ("en", "light", 390)],
)


def log_in(page, username="admin"):
    page.goto(LOGIN)
    page.fill("#id_username", username)
    page.fill("#id_password", "demo")
    page.click("#login-form [type=submit]")
    page.wait_for_url(OWN_DOOR)


def complaints(page, path):
    """What the browser says against a page: errors, violations of the policy, what sticks out at the right."""
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path, wait_until="load")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return said + [f"{wider} pixels too wide"] * (wider > 0)


def barriers(page):
    """What axe-core finds on the page that stands in people's way."""
    violations = Axe().run(page).response["violations"]
    return [(violation["id"], node["html"]) for violation in violations for node in violation["nodes"]]


def too_small(page):
    """What a finger misses: every target on the page that is less high than it. A check box's target is its label."""
    sizes = page.eval_on_selector_all(
        TARGETS,
        """all => all.filter(e => e.checkVisibility()).map(e => {
            const target = e.matches("[type=checkbox]") && e.closest("label") || e;
            return [e.outerHTML, target.getBoundingClientRect().height];
        })""",
    )
    return [target for target in sizes if target[1] < FINGER]
