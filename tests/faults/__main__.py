"""`make faults`: every fault in turn, or those named, and the table of docs/reliability.md."""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
os.environ.setdefault("DEBUG", "1")

from tests.faults import page
from tests.faults.rounds import Stage, own_folder, run
from tests.faults.table import FAULTS
from tests.on_postgres import program


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--work", action="append", help="only upon this work")
    parser.add_argument("--rounds", type=int, help="of each fault upon each work")
    parser.add_argument("--lanes", type=int, default=4, help="rounds beside each other: most of a round is waiting")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    asked = parser.parse_args()
    refuse_unknown(asked.names)
    wanted = list(rounds_of(asked))
    done = []
    with own_folder() as folder:
        for round in run_all(wanted, Stage(folder), asked.lanes):
            done.append(round)
            if asked.write:
                page.write(page.table(done), page.FAULTS_SHOWN)
    for name in asked.names or FAULTS:
        if not FAULTS[name].can_be():
            print(f"Not provoked on this machine: {FAULTS[name].words}.")
    sys.exit(0 if all(round.is_good for _, _, round in done) else 1)


def refuse_unknown(names):
    for name in names:
        if name not in FAULTS:
            sys.exit(f"There is no fault called {name!r}: choose from {', '.join(FAULTS)}.")
    if not program("initdb"):
        sys.exit("PostgreSQL is not installed, and these faults need one of their own.")


def rounds_of(asked):
    for name in asked.names or FAULTS:
        fault = FAULTS[name]
        for work in fault.works if fault.can_be() else ():
            if not asked.work or work in asked.work:
                yield from [(name, work)] * (asked.rounds or fault.rounds)


def run_all(wanted, stage, lanes):
    """Beside each other, and told one by one as they end."""
    stage.empty()
    with ThreadPoolExecutor(lanes) as pool:
        yield from pool.map(lambda one: told(*one, stage), wanted)


def told(name, work, stage):
    start = time.monotonic()
    round = run(FAULTS[name], work, stage)
    print(f"{'ok ' if round.is_good else 'BAD'} {page.line(name, work, round)}  [{time.monotonic() - start:.0f} s]")
    if not round.is_good:
        print(page.details(round))
    sys.stdout.flush()
    return name, work, round


if __name__ == "__main__":
    main()
