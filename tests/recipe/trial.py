"""The page tried on a machine: its blocks in order, and after each section a look at what came of it."""

import contextlib
import time

from simportal import __version__
from tests.bench.databases import ROOT
from tests.recipe.machine import do

NAME = "sim.example.cn"


class Trial:
    """A machine, the visitors who reach it by its name, and how long each step took."""

    def __init__(self, machine):
        self.machine, self.steps = machine, []

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

    def section(self, section, look):
        for number, block in enumerate(section.blocks, 1):
            with self.step(f"{section.number} {section.name}, block {number}"):
                self.run(block)
        if look:
            with self.step(f"{section.number} {section.name}: looked at"):
                look(self)


def prepare(machine, folder):
    """What the page expects of its reader: the release, a name that leads to the machine; and packages for pip."""
    wheels = folder.parent / "wheels"
    do(
        ROOT / ".venv" / "bin" / "pip",
        "download",
        "--quiet",
        "--require-hashes",
        "-r",
        ROOT / "requirements.txt",
        "--dest",
        wheels,
        cwd=ROOT,
    )
    machine.put(wheels, "/root/wheels")
    release = f"simportal-{__version__}"
    do("git", "-C", ROOT, "archive", f"--prefix={release}/", f"--output={folder}/{release}.tar.gz", "HEAD")
    machine.put(folder / f"{release}.tar.gz", f"/root/{release}.tar.gz")
    machine.run(f"echo 127.0.0.1 {NAME} >> /etc/hosts")
