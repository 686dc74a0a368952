"""Runs every contender on its own copy of one database, on PostgreSQL and SQLite, and prints the ratios as a table.

The cards are a few thousand that have lived, multiplied: a tenth of them is due on the day. What the portal and raw SQL
leave in the tables is compared; where it is not the same, the bench fails.
"""

import argparse

from tests.bench import goals
from tests.bench.contest import Contest, medians, refuse_unless_alike, spent
from tests.bench.databases import databases, sized

LANES = 2
# What each is called, who does it, and in how many lanes.
CONTENDERS = {
    "portal": ("the portal", "portal", 1),
    "portal_lanes": ("the portal, two lanes", "portal", LANES),
    "raw": ("(a) raw SQL, as many a statement", "raw", 1),
    "raw_lanes": ("(a) in two lanes", "raw", LANES),
    "bare": ("(a) where no trigger stands", "bare", 1),
    "loop": ("(b) a loop, card by card", "loop", 1),
}
IN_LANES = ("portal_lanes", "raw_lanes")  # SQLite has one writer
BESIDE_RAW = ("portal", "portal_lanes", "raw")
FLEETS = {"alike": "three lives", "lives": "500 lives", "night": "a mixed night"}
GROWS_FROM = (10_000, 100_000)


def measure(database, fleet, cards, rounds, names=BESIDE_RAW):
    """What each contender cost, the medians of the rounds."""
    contest = Contest(database, "sweep_contenders")
    size = contest.prepare(fleet, cards=cards)["cards"]
    asked = {
        name: (contender, size, lanes)
        for name, (_label, contender, lanes) in CONTENDERS.items()
        if name in names and (database.has_lanes or name not in IN_LANES)
    }
    answers = contest.in_turn(asked, rounds)
    refuse_unless_alike(answers, set(asked) - {"loop"})
    return {name: medians(its) for name, its in answers.items()}


def rate(its):
    return its["cards"] / its["seconds"]


def report(name, words, found):
    print(f"\n{name}, {words}: cards a second; of each card µs of processors, client + server, and bytes written")
    for contender, its in found.items():
        ratio = rate(its) / rate(found["raw"])
        print(f"  {CONTENDERS[contender][0]:<34}{rate(its):>9,.0f}   {ratio:>5.2f} of raw   {spent(its, its['cards'])}")


def note(name, key, found, cards):
    for contender, suffix in (("portal", ""), ("portal_lanes", "_lanes")):
        if contender in found and key + suffix in goals.GOALS:
            its, raw = found[contender], found["raw"]
            words = [f"{rate(each):,.0f} cards/s [{_processors(each):.0f} µs]" for each in (raw, its)]
            goals.note(key + suffix, name, *words, rate(its) / rate(raw), cards)


def _processors(its):
    return (its["client"] + its["server"]) / its["cards"] * 1e6


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sweep", description=__doc__)
    parser.add_argument("--cards", type=int, help="instead of as many as each database has by itself")
    parser.add_argument("--fleets", nargs="+", choices=FLEETS, default=list(FLEETS))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with databases() as each:
        for database in each:
            cards = asked.cards or sized(database.cards)
            for fleet in asked.fleets:
                names = CONTENDERS if fleet == "alike" else BESIDE_RAW
                found = measure(database, fleet, cards, asked.rounds, names)
                report(database.name, f"{FLEETS[fleet]} at {cards:,} cards", found)
                note(database.name, fleet, found, cards)
            for few in (few for few in GROWS_FROM if few < cards and "alike" in asked.fleets):
                found = measure(database, "alike", few, asked.rounds)
                report(database.name, f"{FLEETS['alike']} at {few:,} cards", found)
                note(database.name, "alike", found, few)


if __name__ == "__main__":
    main()
