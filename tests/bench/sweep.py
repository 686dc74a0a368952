"""Runs every contender on its own copy of one database, on PostgreSQL and SQLite, and prints the ratios as a table.

The cards are a few thousand that have lived, multiplied: a tenth of them is due on the day. What the portal and raw SQL
leave in the tables is compared; where it is not the same, the bench fails.
"""

import argparse
import statistics
import sys

from tests.bench.databases import answer, databases

LANES = 2
# What each is called, and in how many lanes it works.
CONTENDERS = {
    "portal": ("the portal", "portal", 1),
    "portal_lanes": ("the portal, two lanes", "portal", LANES),
    "raw": ("(a) raw SQL, 2,000 a statement", "raw", 1),
    "raw_lanes": ("(a) in two lanes", "raw", LANES),
    "bare": ("(a) where no trigger stands", "bare", 1),
    "loop": ("(b) a loop, card by card", "loop", 1),
}
IN_LANES = ("portal_lanes", "raw_lanes")  # SQLite has one writer
OF_EACH_FLEET = ("portal", "portal_lanes", "raw")
FLEETS = {"alike": "three lives", "lives": "500 lives", "night": "a mixed night"}


def measure(database, fleet, cards, rounds):
    """What each contender cost a card, the medians of the rounds."""
    database.migrated("start")
    size = contend(database, "start", "prepare", fleet)["cards"]
    database.multiply("start", cards)
    names = CONTENDERS if fleet == "alike" else OF_EACH_FLEET
    names = [name for name in names if database.has_lanes or name not in IN_LANES]
    found = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            database.copy("start", "copy")
            _label, contender, lanes = CONTENDERS[name]
            found[name].append(contend(database, "copy", contender, size, lanes))
        refuse_unless_alike(found)
    for name in ("start", "copy"):
        database.drop(name)
    return {name: medians(answers) for name, answers in found.items()}


def contend(database, name, *arguments):
    return answer(database, name, "-m", "tests.bench.sweep_contenders", *arguments)


def refuse_unless_alike(found):
    """Who wrote something else did other work."""
    written = {name: answers[-1].get("written_rows") for name, answers in found.items() if name != "loop"}
    if len({str(digests) for digests in written.values()}) > 1:
        sys.exit(f"They left different rows: {written}")


def medians(answers):
    """Of each card: its share of the seconds, of the processors' seconds, and of the bytes; and the memory."""
    measured = ("seconds", "client", "server", "written")
    each = {name: statistics.median(its[name] / its["cards"] for its in answers) for name in measured}
    return each | {name: statistics.median(its[name] for its in answers) for name in ("cards", "megabytes")}


def report(name, fleet, found):
    print(f"\n{name}, {FLEETS[fleet]}: cards a second; µs of processors a card, client + server; bytes written a card")
    for contender, its in found.items():
        label, ratio = CONTENDERS[contender][0], found["raw"]["seconds"] / its["seconds"]
        print(f"  {label:<34}{1 / its['seconds']:>9,.0f}   {ratio:>5.2f} of raw   {spent(its)}")


def spent(its):
    """What a card takes of the processors, of the disk, and the memory of all."""
    client, server = its["client"] * 1e6, its["server"] * 1e6
    return f"{client:>7.1f} + {server:<7.1f}{its['written']:>8,.0f} B{its['megabytes']:>6.0f} MB"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sweep", description=__doc__)
    parser.add_argument("--cards", type=int, help="instead of as many as each database has by itself")
    parser.add_argument("--fleets", nargs="+", choices=FLEETS, default=list(FLEETS))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with databases() as each:
        for database in each:
            for fleet in asked.fleets:
                report(database.name, fleet, measure(database, fleet, asked.cards or database.cards, asked.rounds))


if __name__ == "__main__":
    main()
