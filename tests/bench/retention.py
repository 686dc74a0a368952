"""Deleting a month of usage that is kept no longer: row by row, and on PostgreSQL as a part of the table, too."""

import argparse
import json
import sys
import time
from datetime import date

from tests.bench.databases import answer, databases, sized

MONTH = date(2025, 6, 1)
TODAY = date(2026, 8, 1)  # thirteen months after its last day
FILL = "INSERT INTO cards_usageday (card_id, day, bytes, read_at, imei) SELECT id, %s, 1000, %s, '' FROM cards_card"
WAYS = {"PostgreSQL": ("rows", "part"), "SQLite": ("rows",)}


def measure(database, cards, way):
    database.migrated("start")
    answer(database, "start", "-m", "tests.bench.usage_contenders", "prepare")
    database.multiply("start", cards)
    found = answer(database, "start", "-m", "tests.bench.retention", "--here", way)
    database.drop("start")
    return found


def delete_a_month(way):
    """In a process that has the database: write the days, and delete them; how many, how long, and the longest lot."""
    import django

    django.setup()
    from django.db import connection
    from django.test import override_settings

    from cards.actions.old_usage import delete_old_days
    from cards.calendar import days, last_day, last_of_month
    from cards.models import DeletedUsage
    from tests.usage_parts import make_past_month

    if way == "part":
        make_past_month(MONTH)
    with connection.cursor() as cursor:
        for day in map(str, days(MONTH, last_of_month(MONTH))):
            cursor.execute(FILL, [day, f"{day} 20:00:00+00:00"])
        cursor.execute("ANALYZE")
    DeletedUsage.objects.create(pk=1, day=last_day(MONTH), through_card=None)
    lots, is_more = [], True
    with override_settings(SIMPORTAL_TODAY=TODAY):
        while is_more:
            begun = time.monotonic()
            count, is_more = delete_old_days()
            lots.append((count, time.monotonic() - begun))
    counts, seconds = zip(*lots, strict=True)
    return {"rows": sum(counts), "lots": len(lots), "seconds": sum(seconds), "longest": max(seconds)}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.retention", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(300_000))
    parser.add_argument("--here", choices=("rows", "part"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        json.dump(delete_a_month(asked.here), sys.stdout)
        return
    print(f"one month of {asked.cards:,} cards; one run")
    with databases() as each:
        for database in each:
            for way in WAYS[database.name]:
                found = measure(database, asked.cards, way)
                rate = found["rows"] / found["seconds"]
                print(
                    f"{database.name}, {way}: {found['rows']:,} rows in {found['seconds']:.1f} s, {rate:,.0f} a second,"
                    f" {found['lots']} lots, the longest {found['longest']:.2f} s"
                )


if __name__ == "__main__":
    main()
