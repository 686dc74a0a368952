"""Deleting one day of usage that is kept no longer, among many that are: as fast as a day comes in?"""

import argparse
import json
import sys
import time
from datetime import date, timedelta

from tests.bench.databases import answer, databases, sized

FIRST_DAY = date(2025, 11, 5)
TODAY = "2026-12-05"  # thirteen months later
FILL = "INSERT INTO cards_usageday (card_id, day, bytes, read_at, imei) SELECT id, %s, 1000, %s, '' FROM cards_card"


def measure(database, cards, days):
    database.migrated("start")
    answer(database, "start", "-m", "tests.bench.usage_contenders", "prepare")
    database.multiply("start", cards)
    found = answer(database, "start", "-m", "tests.bench.retention", "--here", str(days))
    database.drop("start")
    return found


def delete_one_day(days):
    """In a process that has the database: write the days, delete the first; how much, how long, and the longest lot."""
    import django

    django.setup()
    from django.db import connection
    from django.test import override_settings

    from cards.actions.old_usage import delete_old_days

    with connection.cursor() as cursor:
        for day in (str(FIRST_DAY + timedelta(days=number)) for number in range(days)):
            cursor.execute(FILL, [day, f"{day} 20:00:00+00:00"])
        cursor.execute("ANALYZE")
    lots, is_more = [], True
    with override_settings(SIMPORTAL_TODAY=date.fromisoformat(TODAY)):
        while is_more:
            begun = time.monotonic()
            count, is_more = delete_old_days()
            lots.append((count, time.monotonic() - begun))
    counts, seconds = zip(*lots, strict=True)
    return {"rows": sum(counts), "lots": len(lots), "seconds": sum(seconds), "longest": max(seconds)}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.retention", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(300_000))
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--here", type=int, metavar="DAYS", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        json.dump(delete_one_day(asked.here), sys.stdout)
        return
    print(f"one day of {asked.cards:,} cards, of {asked.days} days; one run")
    with databases() as each:
        for database in each:
            found = measure(database, asked.cards, asked.days)
            rate = found["rows"] / found["seconds"]
            print(
                f"{database.name}: {found['rows']:,} rows in {found['seconds']:.1f} s, {rate:,.0f} a second,"
                f" {found['lots']} lots, the longest {found['longest']:.2f} s"
            )


if __name__ == "__main__":
    main()
