"""Each filter of the card list in each order, at many cards: what the server's processor spends on the statements.

The tabs' count and the page, without what every page asks. The processor's time and not the clock's, so that others at
work on the machine are not measured too. `--explain FILE` writes how the dearest ten are carried out.
"""

import argparse
from pathlib import Path

from tests.bench import goals
from tests.bench.databases import answer, databases, sized

MODULE = "tests.bench.list_orders_asked"
WITHIN = 20  # ms
DEAREST = 10


def measure(database, cards, rounds):
    """The milliseconds of each pair, and how the dearest were carried out."""
    database.migrated("orders")
    answer(database, "orders", "-m", "tests.bench.list_visits", "prepare", str(cards))
    found = answer(database, "orders", "-m", MODULE, str(rounds), str(DEAREST))
    database.drop("orders")
    return found


def report(name, found, cards):
    times = found["ms"]
    beyond = [pair for pair, ms in times.items() if ms > WITHIN]
    within = len(times) - len(beyond)
    print(f"\n{name}: {len(times)} pairs, {len(beyond)} of them above {WITHIN} ms; the dearest:")
    for pair in found["dearest"]:
        print(f"  {times[pair]:>8.1f} ms  {pair}")
    worst = max(times.values())
    goals.note("list_orders", name, f"{WITHIN} ms", f"{worst:.0f} ms", WITHIN / worst, cards)
    goals.note("list_orders_within", name, f"{len(times)} pairs", f"{within} pairs", within / len(times), cards)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.list_orders", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(1_000_000))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--explain", type=Path)
    asked = parser.parse_args()
    with databases() as each:
        for database in each:
            if database.name != "PostgreSQL":
                continue
            found = measure(database, asked.cards, asked.rounds)
            report(database.name, found, asked.cards)
            if asked.explain:
                asked.explain.write_text("\n\n".join(f"{pair}\n{plan}" for pair, plan in found["dearest"].items()))


if __name__ == "__main__":
    main()
