"""What carriers cost: records brought to lines, orders to a carrier that takes its time, and what a sweep pays."""

import argparse
import statistics

from tests.bench.databases import answer, databases, sized

STEPS = {
    "new": "records of new cards brought to lines",
    "orders": "records brought to orders",
    "sent": "orders sent and confirmed, each answer after 50 ms",
}


def measure(database, cards, orders, rounds):
    """What each round answered, as medians: per second, but for the sweep's ratio."""
    database.migrated("start")
    contend(database, "start", "prepare")
    database.multiply("start", cards)
    found = []
    for _ in range(rounds):
        told = {}
        for name in ("off", "on", "heard"):
            database.copy("start", "copy")
            told[name] = contend(database, "copy", "sweep", name)
        database.copy("start", "copy")
        ratios = {name: told["off"] / told[name] for name in ("on", "heard")}
        found.append({**ratios, **contend(database, "copy", "work", orders)})
    for name in ("start", "copy"):
        database.drop(name)
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def contend(database, name, *arguments):
    return answer(database, name, "-m", "tests.bench.carriers_at_work", *map(str, arguments))


def report(name, found):
    print(f"\n{name}: a second")
    for step, words in STEPS.items():
        print(f"  {words:<52}{found[step]:>9,.0f}")
    print(f"  a sweep with carriers on / off: {found['on']:.2f}; while another process hears: {found['heard']:.2f}")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.carriers", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(50_000))
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards, {asked.orders:,} orders in 10 slots; medians of {asked.rounds} rounds")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, asked.cards, asked.orders, asked.rounds))


if __name__ == "__main__":
    main()
