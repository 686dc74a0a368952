"""Renewing many cards as one order, from the draft to the last card served, beside a loop of single orders."""

import argparse
import statistics

from tests.bench.databases import answer, databases

CONTENDERS = ("order", "loop")
STEPS = {
    "draft": "the draft: each card checked and priced",
    "click": "placed: the click, of a large order",
    "place": "placed by its job: each line written",
    "pay": "paid, and each card served",
    "all": "the order, from draft to fulfilled",
}


def measure(database, cards, rounds):
    """What each contender answered, the medians of the rounds."""
    database.migrated("start")
    contend(database, "start", "prepare", cards)
    answers = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name in CONTENDERS:
            database.copy("start", "copy")
            answers[name].append(contend(database, "copy", name, cards))
    for name in ("start", "copy"):
        database.drop(name)
    return {name: _medians(found) for name, found in answers.items()}


def contend(database, name, *arguments):
    return answer(database, name, "-m", "tests.bench.order_contenders", *map(str, arguments))


def report(name, found, cards):
    order, loop = found["order"], found["loop"]["rate"]
    print(f"\n{name}: renewals, cards a second")
    for step, words in STEPS.items():
        print(f"  {words:<41}{cards / order[step]:>9,.0f}   {order[step]:.1f} s")
    ratio = cards / order["all"] / loop
    print(f"  {'a loop of orders for one card each':<41}{loop:>9,.0f}   order / loop {ratio:.1f}")


def _medians(found):
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.orders", description=__doc__)
    parser.add_argument("--cards", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards in use; medians of {asked.rounds} rounds")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, asked.cards, asked.rounds), asked.cards)


if __name__ == "__main__":
    main()
