"""A fleet taken over as one upload, in mixed states and with new customers, by two workers: the check and the work.

On PostgreSQL the server says whether any two of their transactions met in a deadlock; SQLite has one writer at a time.
"""

import argparse
import subprocess
import sys
import time

from tests.bench.contest import spent
from tests.bench.databases import ROOT, answer, databases, environment, sized

WORKERS = 2
WORDS = {"new": "new", "taken_over": "in mixed states"}


def measure(database, folder, cards, customers):
    database.migrated("start")
    contend(database, "prepare", folder, cards, customers)
    found = {"check": worked_off(database, folder)}
    found |= contend(database, "start", folder)
    found["work"] = worked_off(database, folder)
    found |= contend(database, "outcome", folder)
    database.drop("start")
    return found


def taken_in(database, cards):
    """What new cards and cards in mixed states cost that are taken in from rows, without a job."""
    found = {}
    for name in WORDS:
        database.migrated("start")
        found[name] = contend(database, name, cards)
    database.drop("start")
    return found


def report_taken_in(name, found):
    print(f"\n{name}: cards taken in from rows, of each second of processors on both sides")
    for kind, its in found.items():
        rate = its["cards"] / (its["client"] + its["server"])
        print(f"  {WORDS[kind]:<20}{rate:>7,.0f}   {spent(its, its['cards'])}")


def contend(database, *arguments):
    return answer(database, "start", "-m", "tests.bench.import_contenders", *map(str, arguments))


def worked_off(database, folder):
    """How many seconds the workers had to do until the job stopped for a person or was over."""
    command = [sys.executable, "-m", "tests.bench.import_contenders", "work", str(folder)]
    began = time.monotonic()
    how = {"env": environment(database, "start"), "cwd": ROOT, "stdout": subprocess.DEVNULL}
    workers = [subprocess.Popen(command, **how) for _ in range(WORKERS)]
    codes = [worker.wait() for worker in workers]
    if any(codes):
        sys.exit(f"A worker ended with {codes}.")
    return time.monotonic() - began


def report(name, found):
    print(f"\n{name}: {found['created']:,} cards taken over, {found['customers']:,} customers made")
    print(f"  reading and check   {found['check']:>7.1f} s")
    print(f"  work                {found['work']:>7.1f} s")
    print(f"  deadlocks           {found['deadlocks']:>7}   refused rows {found['refused']:,}")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.imports", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(300_000))
    parser.add_argument("--new", type=int, default=sized(50_000))
    parser.add_argument("--customers", type=int, default=200)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards of {asked.customers:,} new customers as one upload; {WORKERS} workers")
    with databases() as each:
        for database in each:
            report_taken_in(database.name, taken_in(database, asked.new))
            report(database.name, measure(database, database.folder, asked.cards, asked.customers))


if __name__ == "__main__":
    main()
