"""docs/operations.md, tried: its blocks run in order on a bare machine, and after each section it is looked at.

`make recipe` runs all of it. The options are for whoever works on a part of it.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.databases import ROOT
from tests.recipe.looks import AFTER, MEANWHILE
from tests.recipe.machine import Failed, Machine, make_bare_root, why_not
from tests.recipe.page import sections
from tests.recipe.trial import Trial, prepare
from tests.recipe.visitor import chromium

BARE = ROOT / "var" / "recipe" / "bare.tar"  # made once; remove it for a newer Debian


def asked():
    parser = argparse.ArgumentParser(prog="python -m tests.recipe", description=__doc__)
    parser.add_argument("--root", type=Path, help="begin with this tar, which --save wrote, not with a bare machine")
    parser.add_argument("--first", type=int, default=1, help="the first section to be run")
    parser.add_argument("--last", type=int, default=99, help="the last one")
    parser.add_argument("--save", type=Path, help="keep the machine as a tar at the end")
    return parser.parse_args()


def end_at_once(*_signal):
    """As Ctrl-C does, so that everything is taken away."""
    raise KeyboardInterrupt


def try_it(options, folder):
    began = time.monotonic()
    if not options.root and not BARE.exists():
        make_bare_root(BARE)
        print(f"{time.monotonic() - began:7.1f} s  a bare Debian fetched", flush=True)
    with Machine(options.root or BARE, folder / "root") as machine, contextlib.ExitStack() as stack:
        trial = Trial(machine, stack)
        if not options.root:
            with trial.step("the release and its packages brought"):
                prepare(machine, folder)
        for section in sections():
            if options.first <= section.number <= options.last:
                trial.section(section, MEANWHILE.get(section.number), AFTER.get(section.number))
        if options.save:
            machine.save(options.save)
    print(f"{time.monotonic() - began:7.1f} s  in all: from a bare machine to here, and everything removed")


def main():
    options = asked()
    if reason := why_not() or ("" if chromium() else "not installed: Chromium"):
        print(f"skipped: no machine can be booted here, because {reason}.")
        return
    signal.signal(signal.SIGTERM, end_at_once)
    BARE.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="trial-", dir=BARE.parent) as folder,
        contextlib.suppress(KeyboardInterrupt),
    ):
        try:
            return try_it(options, Path(folder))
        except Failed as failure:
            sys.exit(f"{failure}")
    sys.exit(130)


if __name__ == "__main__":
    main()
