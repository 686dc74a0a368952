"""Exporting the whole fleet, beside the database's own way to write a file and beside django-import-export."""

import argparse
import statistics
from operator import itemgetter

from tests.bench import goals
from tests.bench.databases import answer, databases, sized

# What each is called, and beside which limit it stands, if it is long enough to be compared.
CONTENDERS = {
    "copy": ("(a) COPY TO by psql; sqlite3 and csv", "copy"),
    "csv": ("the portal, CSV for people", "copy"),
    "job": ("the portal, CSV for people as a job", "copy"),
    "copy_codes": ("(b) the same of fewer columns", "copy_codes"),
    "codes": ("the portal, CSV with codes", "copy_codes"),
    "xlsx": ("the portal, XLSX", "copy"),
    "first": ("a customer's, first of a web server", None),
    "import_export": ("(c) django-import-export, CSV", "copy"),
}
ONCE = ("xlsx", "import_export")
FIRST_ROWS_WITHIN = 50  # ms


def measure(database, folder, cards, rounds):
    """What each contender answered in each round."""
    database.migrated("exports")
    contend(database, "prepare", cards)
    found = {}
    for number in range(rounds):
        for name in CONTENDERS:
            if not number or name not in ONCE:
                found.setdefault(name, []).append(contend(database, name, folder / "cards.csv"))
    database.drop("exports")
    return found


def contend(database, *arguments):
    return answer(database, "exports", "-m", "tests.bench.export_contenders", *map(str, arguments))


def report(name, found):
    print(f"\n{name}: cards a second")
    for contender, (label, limit) in CONTENDERS.items():
        rounds = found[contender]
        rate, memory = _middle(rounds, _rate), max(its["megabytes"] for its in rounds)
        share = f"   of the limit {rate / _middle(found[limit], _rate):>5.2f}" if limit else " " * 21
        soon = [_middle(rounds, itemgetter(name)) for name in ("first_ms", "rows_ms") if name in rounds[0]]
        soon = "   first byte after {:.0f} ms, rows after {:.0f}".format(*soon) if soon else ""
        cards = rounds[0]["rows"]
        print(f"  {label:<36}{rate:>9,.0f}{share}   +{memory:>4.0f} MB   {cards:>9,} cards{soon}")
    cards = found["codes"][0]["rows"]
    for contender in ("csv", "codes"):
        ours, limit = (_middle(found[each], _rate) for each in (contender, CONTENDERS[contender][1]))
        goals.note(contender, name, f"{limit:,.0f} cards/s", f"{ours:,.0f} cards/s", ours / limit, cards)
    came = _middle(found["first"], itemgetter("rows_ms"))
    goals.note("first_row", name, f"{FIRST_ROWS_WITHIN} ms", f"{came:.0f} ms", FIRST_ROWS_WITHIN / came, cards)


def _rate(its):
    return its["rows"] / its["seconds"]


def _middle(rounds, measured):
    return statistics.median(map(measured, rounds))


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exports", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(1_000_000))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards; medians of {asked.rounds} rounds; memory beyond what the program has before")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, database.folder, asked.cards, asked.rounds))


if __name__ == "__main__":
    main()
