"""A fleet taken over as one upload, in mixed states and with new customers, by two workers: the check and the work.

On PostgreSQL the server says whether any two of their transactions met in a deadlock; SQLite has one writer at a time.
"""

import argparse
import subprocess
import sys
import time

from tests.bench.databases import ROOT, answer, databases, environment

WORKERS = 2


def measure(database, folder, cards, customers):
    database.migrated("start")
    contend(database, "prepare", folder, cards, customers)
    found = {"check": worked_off(database, folder)}
    found |= contend(database, "start", folder)
    found["work"] = worked_off(database, folder)
    found |= contend(database, "outcome", folder)
    database.drop("start")
    return found


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
    parser.add_argument("--cards", type=int, default=300_000)
    parser.add_argument("--customers", type=int, default=200)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards of {asked.customers:,} new customers as one upload; {WORKERS} workers")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, database.folder, asked.cards, asked.customers))


if __name__ == "__main__":
    main()
