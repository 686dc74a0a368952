"""The card list at many cards beside itself at a thousand: whole requests, in process, and a stock admin's too."""

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import contextmanager

from tests.bench import goals
from tests.bench.databases import ROOT, answer, databases, environment, sized

MODULE = "tests.bench.list_visits"
FEW = 1_000
DEFECT = 1.5
PLAIN = "list"
OWN_MS, SENT_KB = 15, 10  # what a plain list of fifty may take of the portal's own processor, and send compressed


def measure(database, cards, rounds):
    """What each visit cost at few and at many cards, which are visited in turn.

    Where few cards do not fill the page, it stands beside their plain list, which has as many rows.
    """
    for name, size in (("few", FEW), ("many", cards)):
        database.migrated(name)
        answer(database, name, "-m", MODULE, "prepare", str(size))
    with visitor(database, "few") as few, visitor(database, "many") as many:
        names = json.loads(few.stdout.readline()), json.loads(many.stdout.readline())
        for name in names[0]:
            here, there = timed(few, name), timed(many, name)
            beside = name if here["rows"] == there["rows"] else names[0][0]
            pairs = [(timed(few, beside)["ms"], timed(many, name)) for _ in range(rounds)]
            times = [(ms, page["ms"], page["own_ms"]) for ms, page in pairs]
            shown = name if beside == name else f"{name} °"
            *both, there["own_ms"] = map(statistics.median, zip(*times, strict=True))
            yield shown, *both, there
    for name in ("few", "many"):
        database.drop(name)


@contextmanager
def visitor(database, name, module=MODULE):
    """A process that visits one of the portals, wherever it is sent."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, "serve"],
        env=environment(database, name),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


def timed(process, name):
    print(name, file=process.stdin, flush=True)
    line = process.stdout.readline()
    return json.loads(line) if line else sys.exit(f"The visit “{name}” failed.")


def report(database, cards, rounds):
    print(f"\n{database.name:<44} {FEW:>7,} {cards:>12,}     ratio  queries   kB")
    for name, few, many, page in measure(database, cards, rounds):
        mark = " *" if many / few > DEFECT and not name.startswith("stock") else ""
        sizes = f"{page['queries']:>8} {page['bytes'] / 1_000:>4.0f}"
        print(f"  {name[:40]:<40} {few:>7.1f} ms {many:>9.1f} ms {many / few:>7.2f} {sizes}{mark}", flush=True)
        if name == PLAIN:
            _note(database, cards, page)


def _note(database, cards, page):
    own, sent = page["own_ms"], page["on_the_wire"] / 1_000
    goals.note("list_own", database.name, f"{OWN_MS} ms", f"{own:.1f} ms", OWN_MS / own, cards)
    goals.note("list_sent", database.name, f"{SENT_KB} kB", f"{sent:.1f} kB", SENT_KB / sent, cards)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lists", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(1_000_000))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(f"Medians of {asked.rounds} requests; * is above {DEFECT}; ° stands beside the plain list of {FEW:,} cards")
    with databases() as each:
        for database in each:
            report(database, asked.cards, asked.rounds)


if __name__ == "__main__":
    main()
