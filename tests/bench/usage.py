"""Importing a usage file with everything that the usage causes, beside ways to write the readings and no more."""

import argparse

from tests.bench.databases import answer, databases

CONTENDERS = {
    "portal": "the portal, with what it causes",
    "upsert": "(a) bulk load and one upsert",
    "bulk": "(b) bulk_create, update_conflicts",
    "import_export": "(c) django-import-export",
}


def measure(database, folder, rows, cards):
    """What each contender answered."""
    database.migrated("start")
    contend(database, "start", "prepare", folder, cards, rows)
    found = {}
    for name in CONTENDERS:
        database.copy("start", "copy")
        found[name] = contend(database, "copy", name, folder)
    for name in ("start", "copy"):
        database.drop(name)
    return found


def contend(database, name, *arguments):
    return answer(database, name, "-m", "tests.bench.usage_contenders", *map(str, arguments))


def report(name, found):
    portal = found["portal"]
    print(f"\n{name}: rows a second")
    for contender, label in CONTENDERS.items():
        its = found[contender]
        rate = its["rows"] / its["seconds"]
        print(
            f"  {label:<34}{rate:>9,.0f}   portal / it {portal['rows'] / portal['seconds'] / rate:>6.2f}"
            f"   {its['rows']:>9,} rows in {its['seconds']:>6.1f} s   {its['megabytes']:>5.0f} MB"
        )
    print(f"  what the usage caused: {portal['caused']}")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.usage", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--cards", type=int, default=300_000)
    asked = parser.parse_args()
    print(f"{asked.rows:,} readings of {asked.cards:,} cards; one run; peak memory of each contender's process")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, database.folder, asked.rows, asked.cards))


if __name__ == "__main__":
    main()
