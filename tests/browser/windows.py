"""What tests in a browser look at on every page, and in which windows."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT

LOGIN = "/admin/login/"
OWN_DOOR = re.compile("/(console|my)/$")
PHONE = 390
WIDTHS = {1440: 900, PHONE: 844}
FINGER = 44
TARGETS = (
    "#header :is(a, button, summary), .btn, .tabs a, .stat, .links a, .is-cards th a, .rows a, "
    "#content :is(input, select)"
)

in_a_browser = [pytest.mark.browser, pytest.mark.once]

# Both languages, schemes and widths in two windows: a page is loaded once in each and then seen at the other width too.
# The console and the customers' pages share their style, so that between them axe sees each scheme at each width.
WINDOW = ("language", "scheme", "width")
in_both_windows = pytest.mark.parametrize(WINDOW, [("en", "light", 1440), ("zh-hans", "dark", PHONE)])
in_both_windows_of_customers = pytest.mark.parametrize(WINDOW, [("zh-hans", "light", PHONE), ("en", "dark", 1440)])


# Half of the browser's time was axe's, over rows that are all alike. What is one's own in a row only has to be there;
# an id that stands twice makes a row unlike the one before.
WITHOUT_ROWS_ALIKE = """axe => {
    const own = /^(for|name|value|href|title|datetime|action|aria-(label|labelledby|describedby|controls)|data-.*)$/;
    const ids = new Set(), taken = [];
    const said = ({name, value}) => {
        if (name === "id") return ids.has(value) ? `twice ${value}` : ids.add(value) && name;
        return own.test(name) ? name + Boolean(value.trim()) : name + value;
    };
    const shape = node => node.nodeType === Node.ELEMENT_NODE
        ? `<${[node.localName, ...[...node.attributes].map(said), ...[...node.childNodes].map(shape)].join(" ")}>`
        : node.nodeType === Node.TEXT_NODE && Boolean(node.data.trim());
    for (const list of document.querySelectorAll("tbody, ul, ol, select")) {
        const seen = new Set();
        for (const row of [...list.children]) {
            const its = shape(row);
            if (seen.has(its)) {
                taken.push([row, document.createComment("")]);
                row.replaceWith(taken.at(-1)[1]);
            }
            seen.add(its);
        }
    }
    const only = {resultTypes: ["violations"], selectors: false, ancestry: false, xpath: false};
    return axe.run(document, only).finally(() => taken.forEach(([row, place]) => place.replaceWith(row)));
}"""


def log_in(page, username="admin"):
    page.goto(LOGIN)
    page.fill("#id_username", username)
    page.fill("#id_password", "demo")
    page.click("#login-form [type=submit]")
    page.wait_for_url(OWN_DOOR)


def complaints(page, path, by_finger=False):
    """What the browser says against a page: errors, violations of the policy, what sticks out at any width.

    With `by_finger` also what a finger misses on a phone; Django's own pages are not made for it.
    """
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path, wait_until="load")
    misfits = []
    for width in at_each_width(page):
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        misfits += [f"{wider} pixels too wide at {width}"] * (wider > 0)
        if by_finger and width == PHONE:
            misfits += too_small(page)
    return said + misfits  # a list of its own: axe's own styles are against the policy


def at_each_width(page):
    """Makes the window as wide as each of the widths in turn, its own last."""
    own = page.viewport_size["width"]
    for width in sorted(WIDTHS, key=own.__eq__):
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        yield width


def barriers(page):
    """What axe-core finds on the page that stands in people's way; of rows that differ in words alone, in the first."""
    page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(f"({WITHOUT_ROWS_ALIKE})(axe).then(found => found.violations)")
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


def assert_clean(page, paths):
    """Nothing can be said against any of these pages of ours."""
    found = {path: complaints(page, path, by_finger=True) + barriers(page) for path in paths}
    assert found == {path: [] for path in paths}, found
