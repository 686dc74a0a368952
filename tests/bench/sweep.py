"""Runs every contender on its own copy of one database, on PostgreSQL and SQLite, and prints the ratios as a table."""

import argparse
import statistics
import tempfile
from pathlib import Path

from tests.bench.databases import answer, databases, run

CONTENDERS = ("portal", "raw", "bare", "loop")


def contend(database, name, *arguments):
    result = answer(database, name, "-m", "tests.bench.sweep_contenders", *arguments)
    return result["cards"] / result["seconds"]


def measure(database, cards, due, rounds):
    """Cards a second: of the intake, and of each contender of the sweep, the median of the rounds."""
    database.create("start")
    run(database, "start", "manage.py", "migrate", "--verbosity", "0")
    rates = {"intake": [contend(database, "start", "prepare", str(cards), str(due))]}
    for _ in range(rounds):
        for contender in CONTENDERS:
            database.copy("start", "copy")
            rates.setdefault(contender, []).append(contend(database, "copy", contender))
    for name in ("start", "copy"):
        database.drop(name)
    return {name: statistics.median(found) for name, found in rates.items()}


def report(name, rates):
    print(f"\n{name}: cards a second")
    print(f"  intake from rows                      {rates['intake']:>9,.0f}")
    print(f"  sweep, the portal                     {rates['portal']:>9,.0f}")
    print(f"  sweep, (a) loop card by card          {rates['loop']:>9,.0f}   portal / loop {portal_to(rates, 'loop')}")
    print(f"  sweep, (b) raw SQL, 2,000 a statement {rates['raw']:>9,.0f}   portal / raw  {portal_to(rates, 'raw')}")
    print(f"  sweep, (b) where no trigger stands    {rates['bare']:>9,.0f}   triggers cost {cost(rates):.1f} µs a card")


def cost(rates):
    """What the triggers cost raw SQL, in millionths of a second for each card."""
    return (1 / rates["raw"] - 1 / rates["bare"]) * 1_000_000


def portal_to(rates, other):
    return f"{rates['portal'] / rates[other]:>6.2f}"


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards, {asked.due:,} due on the day; medians of {asked.rounds} rounds")
    with tempfile.TemporaryDirectory(prefix="simportal-bench-") as folder:
        for database in databases(Path(folder)):
            report(database.name, measure(database, asked.cards, asked.due, asked.rounds))


if __name__ == "__main__":
    main()
