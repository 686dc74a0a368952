"""Importing usage files with everything that the usage causes, beside ways to write the readings and no more: many days
of some cards, and one day of all cards, as people send it each night."""

import argparse

from tests.bench import goals
from tests.bench.contest import Contest, spent
from tests.bench.databases import databases, sized
from tests.bench.usage_files import MANY_DAYS, ONE_DAY, write_files

CONTENDERS = {
    "usage": ("many days: the portal, with what it causes", "portal", MANY_DAYS),
    "upsert": ("(a) bulk load, one upsert and the counters", "upsert", MANY_DAYS),
    "bulk": ("(b) bulk_create, update_conflicts", "bulk", MANY_DAYS),
    "import_export": ("(c) django-import-export", "import_export", MANY_DAYS),
    "usage_day": ("one day: the portal, with what it causes", "portal", ONE_DAY),
    "upsert_day": ("(a) bulk load, one upsert and the counters", "upsert", ONE_DAY),
    "again": ("the same day sent once more", "again", ONE_DAY),
}
BESIDE = {"usage": "upsert", "usage_day": "upsert_day"}


def measure(database, rows, cards):
    """What each contender answered."""
    contest = Contest(database, "usage_contenders")
    contest.prepare(cards=cards)
    write_files(database.folder, rows, cards)
    asked = {name: (contender, database.folder / file) for name, (_label, contender, file) in CONTENDERS.items()}
    return {name: answers[0] for name, answers in contest.in_turn(asked).items()}


def report(name, found):
    print(f"\n{name}: rows a second")
    rates = {contender: its["count"] / its["seconds"] for contender, its in found.items()}
    for contender, its in found.items():
        label = CONTENDERS[contender][0]
        print(f"  {label:<46}{rates[contender]:>9,.0f}   {spent(its, its['count'])}   {its.get('caused', '')}")
    for portal, limit in BESIDE.items():
        words = (f"{rates[contender]:,.0f} rows/s" for contender in (limit, portal))
        goals.note(portal, name, *words, rates[portal] / rates[limit], found[portal]["count"])


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.usage", description=__doc__)
    parser.add_argument("--rows", type=int, default=sized(1_000_000))
    parser.add_argument("--cards", type=int, help="instead of as many as each database has by itself")
    asked = parser.parse_args()
    with databases() as each:
        for database in each:
            cards = asked.cards or sized(database.cards)
            print(f"\n{asked.rows:,} readings of many days; one of each of {cards:,} cards of one day; one run")
            report(database.name, measure(database, asked.rows, cards))


if __name__ == "__main__":
    main()
