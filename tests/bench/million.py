"""A million cards in service on this machine: a night's sweep and a day's usage file while people look at pages.

`python -m tests.bench.million --write` lays the cards, takes a quarter of an hour and writes the table of
docs/speed.md. Web server, worker and beat run as in service, on a PostgreSQL of their own with settings of this size.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
os.environ.setdefault("DEBUG", "1")

from tests.bench import fleet_copies
from tests.bench.databases import ROOT, SIZED
from tests.faults import page
from tests.faults.browser import LOGIN
from tests.faults.people import PEOPLE, STAFF, visit
from tests.faults.rounds import own_folder
from tests.faults.site import Site, document
from tests.processes import wait_until

SPEED = ROOT / "docs" / "speed.md"
BEGIN = "<!-- written by `python -m tests.bench.million --write` -->"
LOOKS_FOR = 15  # seconds, before it is asked again whether the work is over
THINKS_FOR = (2, 6)  # seconds, after each page
AN_HOUR = 3600
COLUMNS = 100  # of a page in docs/
READY = "`/readyz?full`"  # answers 503 where somebody should look at something
SPREAD = "p50, p95, longest"
TOKEN = "bench-bench-bench-bench"
PEOPLE_COME = f"""{LOGIN}
import json
from cards.models import Customer, Membership
customers = Customer.objects.order_by("name")
def person(number):
    user = User.objects.create_user(f"person{{number}}", is_staff=number < {STAFF}, is_superuser=number < {STAFF})
    if number >= {STAFF}: Membership.objects.create(customer=customers[number - {STAFF}], user=user, role="owner")
    return enter(user)
print(json.dumps([person(number) for number in range({PEOPLE})]))
"""
SEALED = """
from django.utils import timezone
from cards.actions.sealing import seal_next
from cards.calendar import civil_today
from simportal.models import ProvenNight
from simportal.nightly_proof import SEALED_BOOKS
from datetime import timedelta
for book in SEALED_BOOKS:
    while seal_next(book): pass
now = timezone.now()
ProvenNight.objects.create(day=civil_today() - timedelta(1), since=None, sealed_at=now, finished_at=now)
"""
UPLOAD = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.files import File
from cards.actions.jobs import control
from cards.calendar import civil_today
from cards.choices import JobKind
from tests.bench.million_models import write_file
write_file("usage.csv", civil_today() - timedelta({days_ago}), {cards}, {cards})
user = User.objects.get(username="person0")
with open("usage.csv", "rb") as file:
    print(control.upload(JobKind.IMPORT_USAGE, File(file, name="usage.csv"), user=user).pk)
"""
START = """
from django.contrib.auth.models import User
from cards.actions.jobs import control
from cards.models import Job
job = control.start(Job.objects.get(pk={job}), user=User.objects.get(username="person0"))
"""


class Service(Site):
    """A portal as in service: behind a proxy, without DEBUG, on the day of the clock."""

    added_by_proxy = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.1",
        "Authorization": f"Bearer {TOKEN}",
    }

    def __init__(self, folder):
        super().__init__(folder)
        self.postgres.options = SIZED
        del self.environment["SIMPORTAL_TODAY"]
        self.environment |= {"DEBUG": "0", "SECRET_KEY": "bench" * 10, "ALLOWED_HOSTS": "127.0.0.1", "PROXIES": "1"}
        self.environment |= {"METRICS_TOKEN": TOKEN, "STAFF_TOTP": "optional"}

    def create(self):
        super().create()
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        (self.home / "var" / "backup_finished").touch()
        return self


def lay(site, cards):
    """The cards, and their records sealed and proved up to yesterday; the seconds that it took."""
    start = time.monotonic()
    site.python("from tests.bench.million_models import prepare\nprepare()")
    fleet_copies.multiply(site.postgres.url, fleet_copies.rows_of(site.postgres.url), cards)
    site.python(SEALED)
    site.execute("CHECKPOINT")
    return time.monotonic() - start


def pages(cards):
    """(name, address, whether it is a customer's) of what people look at; each time another card."""

    def number():
        return random.randrange(1, cards + 1)

    def iccid():
        return f"8986{number():016d}"

    return (
        ("dashboard", lambda: "/console/", False),
        ("list of cards", lambda: "/console/cards/", False),
        ("list, by state and carrier", lambda: "/console/cards/?state=in_use&carrier=cmcc", False),
        ("list, what ends within 30 days", lambda: "/console/cards/?quick=expiring", False),
        ("list, a page deep in", lambda: f"/console/cards/?after={number()}", False),
        ("search for a whole number", lambda: f"/console/cards/?q={iccid()}", False),
        ("search for the end of a number", lambda: f"/console/cards/?q=*{number() % 100_000:05d}", False),
        ("search for a customer", lambda: f"/console/cards/?q=Customer {number() % 40:02d}".replace(" ", "%20"), False),
        ("a card", lambda: f"/console/cards/{iccid()}/", False),
        ("queues", lambda: "/console/queues/", False),
        ("a customer's start page", lambda: "/my/", True),
        ("a customer's list", lambda: "/my/cards/", True),
        (READY, lambda: "/readyz?full", False),
        ("`/metrics`", lambda: "/metrics", False),
    )


class Looking:
    """What people saw who looked at pages until something was over."""

    def __init__(self, site, sessions, visits):
        self.taken, self.statuses = {name: [] for name, *_ in visits}, Counter()
        self.site, self.sessions, self.visits = site, sessions, visits

    def until(self, is_over):
        while not is_over():
            taken, wrong = visit(self.site, self.sessions, self.visits, LOOKS_FOR, THINKS_FOR)
            for name, milliseconds in taken.items():
                self.taken[name] += milliseconds
            self.statuses.update(wrong)
        return self

    def for_seconds(self, seconds):
        over_at = time.monotonic() + seconds
        return self.until(lambda: time.monotonic() > over_at)


def import_usage(site, cards, days_ago):
    """How many seconds the worker took to read and check a day's file, and to do its work."""
    job = int(site.python(UPLOAD.format(days_ago=days_ago, cards=cards)).split()[-1])
    came = time.monotonic()
    wait_for_job(site, job, "ready")
    checked = time.monotonic()
    site.python(START.format(job=job))
    wait_for_job(site, job, "done")
    return checked - came, site.value(
        f"SELECT EXTRACT(epoch FROM finished_at - started_at) FROM cards_job WHERE id = {job}"
    )


def wait_for_job(site, job, status):
    def has_come():
        found = site.value(f"SELECT status || message FROM cards_job WHERE id = {job}")
        assert not found.startswith("failed"), found
        return found == status

    wait_until(has_come, seconds=AN_HOUR, what=f"job {job}, {status}")


def sweep_of(site, days_ago):
    """The cards that changed in the sweep of a day, and its seconds; None before it is over."""
    found = site.rows(
        "SELECT counts, EXTRACT(epoch FROM finished_at - started_at) FROM cards_sweptday WHERE finished_at IS NOT NULL "
        "AND day = (now() AT TIME ZONE 'Asia/Shanghai')::date - %s::int",
        days_ago,
    )
    return found and (sum(found[0][0].values()), found[0][1])


def sweep_by_hand(site):
    start = time.monotonic()
    site.python(
        "from datetime import timedelta\nfrom django.core.management import call_command\n"
        "from cards.calendar import civil_today\ncall_command('sweep', through=civil_today() - timedelta(1), json=True)"
    )
    return time.monotonic() - start


def verify(site):
    """Its seconds, the most memory it had in MB, and what it printed."""
    start = time.monotonic()
    with open(site.folder / "verify", "w+") as printed:
        command = [sys.executable, "manage.py", "verify", "--json"]
        process = subprocess.Popen(command, env=site.environment, cwd=site.home, stdout=printed)
        _pid, _status, used = os.wait4(process.pid, 0)
        printed.seek(0)
        return time.monotonic() - start, used.ru_maxrss / 1024, json.load(printed)


def what_rings(site):
    """The parts of the full answer that are not well."""
    request = urllib.request.Request(f"{site.address}/readyz?full", headers=site.added_by_proxy)
    try:
        urllib.request.urlopen(request).close()
        return {}
    except urllib.error.HTTPError as answer:
        parts = json.load(answer)
    return {name: part for name, part in parts.items() if name != "ready" and not part["ok"]}


def largest(site, name):
    """The most memory that any process of a program has had until now, in MB."""
    group = site.processes[name].pid
    found = subprocess.run(["ps", "-o", "pid=", "-g", str(group)], capture_output=True, text=True, check=True)
    return max(int(_status_of(pid).partition("VmHWM:")[2].split()[0]) / 1024 for pid in found.stdout.split())


def _status_of(pid):
    return Path(f"/proc/{pid}/status").read_text()


def measure(site, cards, quiet_seconds):
    found = {"laid": lay(site, cards), "bytes": site.value("SELECT pg_database_size(current_database())")}
    told("laid", found)
    sessions, visits = document(site.python(PEOPLE_COME)), pages(cards)
    site.start("web")
    Looking(site, sessions, visits).for_seconds(LOOKS_FOR)  # each process has drawn each page once
    found["quiet"] = Looking(site, sessions, visits).for_seconds(quiet_seconds)
    found["by_hand"] = sweep_by_hand(site)
    found["swept alone"] = sweep_of(site, 1)
    told("swept", found)
    site.redis.start()
    site.start("worker", "beat")
    with ThreadPoolExecutor() as pool:
        imported = pool.submit(import_usage, site, cards, 2)
        found["busy"] = Looking(site, sessions, visits).until(lambda: imported.done() and sweep_of(site, 0))
    found["rings"] = what_rings(site)
    found["imported together"], found["swept together"] = imported.result(), sweep_of(site, 0)
    told("together", found)
    found["imported alone"] = import_usage(site, cards, 1)
    found["memory"] = {name: largest(site, name) for name in ("web", "worker")}
    for name in ("web", "worker", "beat"):
        site.kill(name)
    found["verified"] = verify(site)
    told("verified", found)
    return found


def told(what, found):
    shown = {name: each for name, each in found.items() if not isinstance(each, Looking)}
    print(f"{what}: {shown}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.million", description=__doc__)
    parser.add_argument("--cards", type=int, default=1_000_000, help="in whole thousands")
    parser.add_argument(
        "--quiet", type=int, default=60, help="seconds in which people look at pages and nothing else is done"
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/speed.md")
    asked = parser.parse_args()
    with own_folder() as folder, Service(folder) as site:
        found = measure(site.create(), asked.cards, asked.quiet)
    print(table(found, asked.cards))
    if asked.write:
        page.write(table(found, asked.cards), BEGIN, SPEED)
    sys.exit(0 if is_sound(found) else 1)


def is_sound(found):
    """Whether nobody met an error, and each card is where its records say."""
    wrong = found["quiet"].statuses + found["busy"].statuses
    pages_wrong = [status for (name, status) in wrong if name != READY]
    return not pages_wrong and not found["verified"][2]["problem_count"]


def table(found, cards):
    said, needed = (textwrap.fill(text, COLUMNS, break_on_hyphens=False) for text in (answers(found), figures(found)))
    return f"{pages_table(found)}\n{said}\n\n{work_table(found, cards)}\n{needed}\n"


def pages_table(found):
    quiet, busy = found["quiet"].taken, found["busy"].taken
    lines = [f"| {name} | {spread(quiet[name])} | {spread(busy[name])} |\n" for name in quiet]
    return f"| page | {SPREAD} with nothing else to do | and with sweep and file |\n|---|---|---|\n{''.join(lines)}"


def spread(milliseconds):
    if len(milliseconds) < 2:
        return "–"
    hundredths = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return f"{hundredths[49]:.0f}, {hundredths[94]:.0f}, {max(milliseconds):.0f} ms"


def answers(found):
    """How many pages were looked at, and which answers were none."""
    seen = sum(len(taken) for looking in (found["quiet"], found["busy"]) for taken in looking.taken.values())
    wrong = found["quiet"].statuses + found["busy"].statuses
    told = ", ".join(f"{name} {status} × {count}" for (name, status), count in sorted(wrong.items()))
    rings = f" Once all was done, what rang was {', '.join(found['rings'])}." if found["rings"] else ""
    return f"{PEOPLE} people looked at {seen:,} pages; answers that were none: {told or 'not one'}.{rings}"


def work_table(found, cards):
    swept, (check, work) = found["swept together"], found["imported together"]
    alone, (check_alone, work_alone) = found["swept alone"], found["imported alone"]
    lines = (
        ("sweep of a night", f"{swept[0]:,} cards", alone[1], swept[1]),
        ("usage of a day: read and checked", f"{cards:,} readings", check_alone, check),
        ("usage of a day: taken, with what it causes", f"{cards:,} readings", work_alone, work),
        ("`verify`", f"{cards:,} cards, {found['verified'][2]['events']:,} records", found["verified"][0], None),
    )
    head = "| work | of | alone | together, with people |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {work} | {of} | {_seconds(alone)} | {_seconds(both)} |\n" for work, of, alone, both in lines
    )


def _seconds(seconds):
    return "–" if seconds is None else f"{seconds:.1f} s"


def figures(found):
    """What the machine needs room for."""
    _took, megabytes, proof = found["verified"]
    memory = ", ".join(f"{name} {most:.0f} MB" for name, most in found["memory"].items())
    return (
        f"The database takes {found['bytes'] / 2**30:.1f} GB. The largest process of each program: {memory}, `verify` "
        f"{megabytes:.0f} MB; it finds {proof['problem_count']} problems. A night's sweep by hand, with the renewals "
        f"and notices of two days: {found['by_hand']:.1f} s."
    )


if __name__ == "__main__":
    main()
