"""A round: a copy of a portal that has something to do, a fault upon it, and what came of it beside the other run."""

import contextlib
import json
import os
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.browser import WATCHER, Browser
from tests.faults.outcome import compared, outcome
from tests.faults.site import Site, seconds_until
from tests.faults.works import PROGRESS, WORKS

BEGINS_WITHIN, GOES_ON_WITHIN, ENDS_WITHIN = 150, 300, 900
LEASES_RUN_OUT = (
    "UPDATE cards_job SET leased_until = '2026-01-01' WHERE leased_until IS NOT NULL",
    "UPDATE cards_jobchunk SET leased_until = '2026-01-01' WHERE leased_until IS NOT NULL",
)


@dataclass
class Round:
    """What came of it: rows lost and doubled, the seconds until it went on and until all was done; None: never."""

    strikes: int = 0
    lost: Counter = field(default_factory=Counter)
    doubled: Counter = field(default_factory=Counter)
    went_on: list = field(default_factory=list)
    done_after: float | None = None
    problems: list = field(default_factory=list)
    remarks: list = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    tracebacks: int = 0

    @property
    def is_good(self):
        return not (self.lost or self.doubled or self.problems or self.done_after is None or self.statuses[500])


class Stage:
    """Portals that are ready to be copied, each made when it is first asked for, and what comes of them undisturbed."""

    def __init__(self, folder):
        self.folder, self.guard, self.locks = folder, threading.Lock(), {name: threading.Lock() for name in WORKS}
        self.sites, self.expected, self.made = {}, {}, 0

    def new_folder(self):
        with self.guard:
            self.made += 1
            folder = self.folder / f"{self.made:03d}"
            folder.mkdir()
            return folder

    def empty(self):
        """A migrated portal, stopped."""
        if "" not in self.sites:
            site = Site(self.new_folder()).create()
            self.session = site.python(WATCHER).split()[-1]
            site.postgres.stop()
            self.sites[""] = site
        return self.sites[""]

    def ready(self, name):
        """A portal with this work to do, stopped."""
        with self.locks[name]:
            if name not in self.sites:
                site = Site(self.new_folder()).copy_of(self.empty())
                site.python(WORKS[name].ready)
                site.execute("ANALYZE")
                site.postgres.stop()
                self.sites[name] = site
                self.expected[name] = self.undisturbed(name)
        return self.sites[name]

    def undisturbed(self, name):
        with self.site(name) as site, at_work(site, name, self.session, ("worker", "beat")) as round:
            settle(site, WORKS[name], round)
            assert round.done_after is not None, f"{name} does not end even undisturbed: {site.folder}"
            return outcome(site)

    def site(self, name):
        return Site(self.new_folder(), WORKS[name].today).copy_of(self.sites[name])


@contextlib.contextmanager
def own_folder():
    """A folder that PostgreSQL may enter, which is somebody else where root runs this."""
    with tempfile.TemporaryDirectory(prefix="simportal-faults-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@contextlib.contextmanager
def at_work(site, name, session, processes):
    """The site's processes, and the browser that has sent the form, if the work is one."""
    work, over = WORKS[name], threading.Event()
    site.redis.start()
    site.start(*dict.fromkeys([*processes, *(["web"] if work.is_posted else [])]))
    sender, posting = Browser(site.address, session), None
    if work.is_posted:
        path, form = json.loads((site.home / "form.json").read_text())
        posting = threading.Thread(target=sender.send, args=(path, form, over))
        posting.start()
    try:
        yield Round()
    finally:
        over.set()
        if posting:
            posting.join()


def run(fault, name, stage, strikes=None, lasts=None, hurried=False):
    """One round. `hurried` lets the leases of the dead run out at once, where the test has no time for them."""
    stage.ready(name)
    work, folder = WORKS[name], stage.new_folder()
    with Site(folder, work.today) as site:
        fault.prepared(site)
        site.copy_of(stage.sites[name])
        with at_work(site, name, stage.session, fault.processes) as round, watched(site, stage, fault) as browser:
            for _ in range(strikes or fault.strikes):
                if not strike(fault, site, work, round, fault.lasts if lasts is None else lasts, hurried):
                    break
            settle(site, work, round)
        round.statuses = browser.statuses
        round.lost, round.doubled = compared(outcome(site), stage.expected[name])
        round.problems = site.problems()
        round.tracebacks = site.said("Traceback (most recent call last)")
    return round


@contextlib.contextmanager
def watched(site, stage, fault):
    """Somebody looks at the list of cards meanwhile, where there is a web server."""
    browser = Browser(site.address, stage.session)
    if "web" not in fault.processes:
        yield browser
        return
    with browser.looking_at("/console/cards/"):
        yield browser


def strike(fault, site, work, round, lasts, hurried):
    """Once more, in the middle of the work; False where it is over already."""
    if seconds_until(lambda: site.value(f"SELECT ({work.amid}) OR ({work.over})"), BEGINS_WITHIN) is None:
        round.remarks.append("did not begin")
        return False
    if site.value(f"SELECT {work.over}"):
        return False
    time.sleep(random.random() * 0.2)
    before = site.value(PROGRESS) or 0
    if remark := fault.provoke(site, lasts):
        round.remarks.append(remark)
    round.strikes += 1
    if hurried:
        for statement in LEASES_RUN_OUT:
            site.execute(statement)
    moved = f"SELECT ({work.over}) OR COALESCE(({PROGRESS}), 0) > {before}"
    went_on = seconds_until(lambda: site.value(moved), GOES_ON_WITHIN)
    round.went_on.append(went_on)
    return went_on is not None


def settle(site, work, round):
    round.done_after = seconds_until(lambda: site.value(f"SELECT {work.over}"), ENDS_WITHIN)
