"""A night's usage of all cards of an account, asked of a carrier that takes its time; and how much of it is ours."""

import argparse

from tests.bench.databases import answer, databases, sized

# What is pulled, how long the carrier takes for a call, and by how many slots it is asked.
CONTENDERS = {
    "usage of a day, 20 ms a call, 2 slots": ("day", 0.02, 2),
    "usage of a day, 20 ms a call, 4 slots": ("day", 0.02, 4),
    "usage of a day, no wait, 1 slot": ("day", 0, 1),
    "totals of a cycle, 20 ms a call, 4 slots": ("cycle", 0.02, 4),
}


def measure(database, folder, cards):
    """What each contender answered."""
    database.migrated("start")
    contend(database, "start", "prepare", folder, cards)
    found = {}
    for label, asked in CONTENDERS.items():
        database.copy("start", "copy")
        found[label] = contend(database, "copy", "pull", *asked)
    for name in ("start", "copy"):
        database.drop(name)
    return found


def contend(database, name, *arguments):
    return answer(database, name, "-m", "tests.bench.pull_contenders", *map(str, arguments))


def report(name, found):
    print(f"\n{name}: seconds")
    for label, its in found.items():
        rate = its["told"] / its["seconds"]
        print(
            f"  {label:<42}{its['seconds']:>7.1f}   {rate:>7,.0f} cards a second   {its['calls']:>6,} calls"
            f"   ours {its['processor']:>6.1f} s   {its['missing']} missing   {its['caused']:,} changes"
        )


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pulls", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(100_000))
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards on one account")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, database.folder, asked.cards))


if __name__ == "__main__":
    main()
