"""Twenty people at once, with nothing else to do and while sweep, usage file and jobs are at work: how long pages take.

`python -m tests.faults.people`: part of `make faults`, because it is the same real processes, on a PostgreSQL.
"""

import argparse
import json
import os
import random
import statistics
import threading
import time
from itertools import chain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
os.environ.setdefault("DEBUG", "1")

from tests.faults import page
from tests.faults.browser import LOGIN, WATCHER, Browser
from tests.faults.rounds import own_folder
from tests.faults.site import Site, document
from tests.faults.works import CARDS, NO_JOB_AT_WORK

PEOPLE, STAFF = 20, 14
THINKS_FOR = (0.5, 1.5)
TAKEN_IN_ON, TODAY = "2025-11-25", "2026-01-31"

# Half of the fleet is Acme's and waits for the sweep, half are cards in use, of which the file tells and the job tags.
SWEPT_LATER = f"""{CARDS}
b.customer()
for place, month in enumerate(("05", "06")):
    take_in(range(10**9 + place * HALF // 2, 10**9 + (place + 1) * HALF // 2), f"2025-{{month}}-15", customer="Acme")
"""
IN_USE = f"""{CARDS}
b.fleet(HALF, date(2026, 1, 1), name="Others")
with open("usage.csv", "w") as file:
    print("iccid,day,bytes,read_at", file=file)
    for day in (20, 21, 22):
        for number in range(HALF):
            print(f"8986{{number:016d}},2026-01-{{day}},{{1000 + number}},2026-01-23T08:00", file=file)
"""
PEOPLE_AND_PAGES = f"""{CARDS}{LOGIN}
import json
from billing.actions import kinds, orders
from cards.models import Membership
def person(number):
    user = User.objects.create_user(f"person{{number}}", is_staff=number < {STAFF}, is_superuser=number < {STAFF})
    if number >= {STAFF}: Membership.objects.create(customer=b.customer(), user=user, role="owner")
    return enter(user)
sessions = [person(number) for number in range({PEOPLE})]
b.price("Y1-30", "30.00")
cards = list(Card.objects.filter(customer__name="Acme").order_by("pk")[:500])
plan = b.Plan.objects.get(code="Y1-30")
order = orders.draft_order("renewal", b.customer(), [card.pk for card in cards], user=user, plan=plan)
kinds.work_off_order(order.job)
print(json.dumps([sessions, order.pk, [card.iccid for card in cards]]))
"""
WORK = f"""{CARDS}
told = control.upload(JobKind.IMPORT_USAGE, ContentFile(open("usage.csv", "rb").read(), name="usage.csv"), user=user)
control.start(worker.work_off(told), user=user)
job = control.draft(freeze(Card.objects.filter(customer__name="Others"), owner=user, asked={{}}), "tag", user=user)
control.start(worker.work_off(job), user=user, params={{"tag": "trial"}})
"""


def pages(order, iccids):
    """(name, address, whether it is a customer's) of what people look at; each time another card."""

    def iccid():
        return random.choice(iccids)

    return (
        ("list of cards", lambda: "/console/cards/", False),
        ("list, filtered", lambda: "/console/cards/?state=in_use&carrier=cmcc", False),
        ("search", lambda: f"/console/cards/?q=*{iccid()[-5:]}", False),
        ("a card", lambda: f"/console/cards/{iccid()}/", False),
        ("preview of an order", lambda: f"/console/orders/{order}/", False),
        ("dashboard", lambda: "/console/", False),
        ("a customer's start page", lambda: "/my/", True),
        ("a customer's list", lambda: "/my/cards/", True),
        ("a customer's card", lambda: f"/my/cards/{iccid()}/", True),
    )


def prepare(site, cards):
    """The fleet, who logs in and what they look at."""
    site.create()
    site.python(WATCHER)
    site.python(f"HALF = {cards // 2}\n{IN_USE}")
    site.environment["SIMPORTAL_TODAY"] = TAKEN_IN_ON
    site.python(f"HALF = {cards // 2}\n{SWEPT_LATER}")
    site.environment["SIMPORTAL_TODAY"] = TODAY
    told = document(site.python(PEOPLE_AND_PAGES))
    site.execute("VACUUM ANALYZE")
    return told


def visit(site, sessions, visits, seconds, thinks_for=THINKS_FOR):
    """Milliseconds that each page took, and the answers that were none, with their status: all for so many seconds."""
    taken, wrong, give_up_at = {name: [] for name, *_ in visits}, [], time.monotonic() + seconds

    def live(number):
        mine = [visit for visit in visits if visit[2] == (number >= STAFF)]
        browser = Browser(site.address, sessions[number], added=site.added_by_proxy)
        while time.monotonic() < give_up_at:
            time.sleep(random.uniform(*thinks_for))
            name, address, _ = random.choice(mine)
            if (status := browser.ask(address())) != 200:
                wrong.append((name, status))
            taken[name].append(browser.seconds[-1] * 1_000)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(len(sessions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, wrong


def table(quiet, busy):
    head = "| page | p50, p95, p99 with nothing else to do | and with sweep, usage file and job |\n|---|---|---|\n"
    rows = [f"| {name} | {_spread(quiet[name])} | {_spread(busy[name])} |" for name in quiet]
    together = [list(chain.from_iterable(each.values())) for each in (quiet, busy)]
    rows.append(f"| all | {_spread(together[0])} | {_spread(together[1])} |")
    return head + "\n".join(rows) + "\n"


def _spread(milliseconds):
    hundredths = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return f"{hundredths[49]:.0f}, {hundredths[94]:.0f}, {hundredths[98]:.0f} ms"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.people", description=__doc__)
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    asked = parser.parse_args()
    with own_folder() as folder, Site(folder, TODAY) as site:
        sessions, order, iccids = prepare(site, asked.cards)
        visits = pages(order, iccids)
        site.start("web")
        visit(site, sessions, visits, 5)  # each process has drawn each page once
        quiet, wrong = visit(site, sessions, visits, asked.seconds)
        site.python(WORK)
        site.redis.start()
        site.start("worker", "beat")
        busy, wrong_too = visit(site, sessions, visits, asked.seconds)
        goes_on = not site.value(f"SELECT {NO_JOB_AT_WORK}")
    told = table(quiet, busy)
    told += f"\n{PEOPLE} people, {asked.cards:,} cards; {len(wrong + wrong_too)} answers were no page; "
    told += "the work went on for longer than they looked.\n" if goes_on else "they looked longer than the work took.\n"
    print(told)
    print(json.dumps([name for name, _status in wrong + wrong_too]))
    if asked.write:
        page.write(told, page.PEOPLE)


if __name__ == "__main__":
    main()
