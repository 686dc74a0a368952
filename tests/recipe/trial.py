"""The page tried on a machine: its blocks in order, and after each section a look at what came of it."""

import contextlib
import json
import time

from playwright.sync_api import sync_playwright

from simportal import __version__
from tests.bench.databases import ROOT
from tests.recipe.machine import do
from tests.recipe.visitor import NAME, Visitor, browser_to

# What the portal says of itself in full, once that is good, or after two minutes.
FULL = f"""token=$(sed -n 's/^METRICS_TOKEN=//p' /etc/simportal/simportal.env)
curl --silent --show-error --retry 40 --retry-delay 3 --retry-all-errors --fail --cacert /etc/nginx/{NAME}.pem \\
    --header "Authorization: Bearer $token" 'https://{NAME}/readyz?full'"""


class Trial:
    """A machine, the visitors who reach it by its name, and how long each step took."""

    def __init__(self, machine, stack):
        self.machine, self.steps, self.visitors = machine, [], []
        self.said = {}  # by the numbers of a section and of its block
        self.stack, self.browser = stack, None

    @contextlib.contextmanager
    def step(self, name):
        """What happens within is a line of the table that is printed at the end."""
        began = time.monotonic()
        try:
            yield
        except BaseException:
            print(f"FAILED: {name}", flush=True)
            raise
        self.steps.append((name, time.monotonic() - began))
        print(f"{self.steps[-1][1]:7.1f} s  {name}", flush=True)

    def run(self, script, **variables):
        """As the page's reader types it. pip takes what was fetched beforehand: the machine knows no index."""
        return self.machine.run(script, PIP_NO_INDEX="1", PIP_FIND_LINKS="/root/wheels", **variables)

    def visitor(self, username, password):
        """Somebody who has logged in for the first time."""
        if not self.browser:
            playwright = self.stack.enter_context(sync_playwright())
            self.browser = browser_to(playwright, self.machine.address)
            self.stack.callback(self.browser.close)
        self.visitors.append(Visitor(self.browser))
        self.visitors[-1].log_in(username, password)
        return self.visitors[-1]

    def fetched(self, address):
        """Status of a page, and where it leads."""
        options = "--silent --output /dev/null --write-out '%{http_code} %{redirect_url}'"
        said = self.machine.run(f"curl {options} --cacert /etc/nginx/{NAME}.pem {address}").split(" ")
        return tuple(said)

    def everything_is_well(self):
        """The full answer of the portal, once each bell was rung."""
        answer = json.loads(self.machine.run(FULL))
        assert [part for part, found in answer.items() if part != "ready" and not found["ok"]] == [], answer

    def section(self, section, meanwhile, look):
        """Its blocks, while `meanwhile` goes on beside, and a look at what came of them."""
        with meanwhile(self, section) if meanwhile else contextlib.nullcontext():
            for number, block in enumerate(section.blocks, 1):
                with self.step(f"{section.number} {section.name}, block {number}"):
                    self.said[section.number, number] = self.run(block)
        if look:
            with self.step(f"{section.number} {section.name}: looked at"):
                look(self)


def prepare(machine, folder):
    """What the page expects of its reader: the release, a name that leads to the machine; and packages for pip."""
    wheels = folder.parent / "wheels"
    pip, pins = ROOT / ".venv" / "bin" / "pip", ROOT / "requirements.txt"
    do(pip, "download", "--quiet", "--require-hashes", "--requirement", pins, "--dest", wheels)
    machine.put(wheels, "/root/wheels")
    release = f"simportal-{__version__}"
    do("git", "-C", ROOT, "archive", f"--prefix={release}/", f"--output={folder}/{release}.tar.gz", "HEAD")
    machine.put(folder / f"{release}.tar.gz", f"/root/{release}.tar.gz")
    machine.run(f"echo 127.0.0.1 {NAME} >> /etc/hosts")
