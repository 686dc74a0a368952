"""Two works at once beside one after the other: a file of usage beside a sweep, and two jobs of actions."""

import argparse

from tests.bench.contest import Contest
from tests.bench.databases import databases, sized

PAIRS = {("sweep", "usage"): "a sweep and a day's file", ("even", "odd"): "two jobs, each of half of the cards"}


def measure(database, cards):
    """What each of the works cost alone, and two at once."""
    contest, file = Contest(database, "pair_contenders"), database.folder / "usage.csv"
    contest.prepare(file, cards, cards=cards)
    sets = [*((name,) for pair in PAIRS for name in pair), *PAIRS]
    answers = contest.in_turn({names: ("at_once", file, *names) for names in sets})
    return {names: its[0] for names, its in answers.items()}


def report(name, found):
    print(f"\n{name}: seconds alone, and at once")
    for pair, words in PAIRS.items():
        alone, both = [found[(work,)]["seconds"] for work in pair], found[pair]
        print(
            f"  {words:<38}{alone[0]:>7.1f} and {alone[1]:.1f}, at once {both['seconds']:.1f}: "
            f"{sum(alone) / both['seconds']:.2f} times as fast as one after the other; {both['deadlocks']} deadlocks"
        )


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pairs", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(100_000))
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards, a tenth of them due; one run")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, asked.cards))


if __name__ == "__main__":
    main()
