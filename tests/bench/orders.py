"""Renewing many cards as one order, from the draft to the last card served, beside statements that write the same, and
beside a loop of single orders."""

import argparse

from tests.bench import goals
from tests.bench.contest import Contest, medians, refuse_unless_alike, spent
from tests.bench.databases import databases, sized

CONTENDERS = {"order": ["order"], "statements": ["statements"], "loop": ["loop"]}
CLICK_MAY_TAKE = 0.3  # seconds


def measure(database, cards, rounds):
    """What each contender answered, the medians of the rounds."""
    contest = Contest(database, "order_contenders")
    contest.prepare(cards, cards=cards)
    answers = contest.in_turn(CONTENDERS, rounds)
    refuse_unless_alike(answers, ("order", "statements"))
    return {name: {"cards": cards} | medians(its) for name, its in answers.items()}


def report(name, found):
    order, limit, loop = (found[contender] for contender in CONTENDERS)
    rates = {contender: its["cards"] / its["seconds"] for contender, its in found.items()}
    print(f"\n{name}: renewals, cards a second")
    print(f"  the order, from draft to fulfilled  {rates['order']:>9,.0f}   {spent(order, order['cards'])}")
    print(f"  placed: the click {order['click']:.2f} s, each line written after {order['place']:.1f} s")
    print(f"  (a) statements of the same effect   {rates['statements']:>9,.0f}   {spent(limit, limit['cards'])}")
    print(f"  (b) a loop of orders for one card   {rates['loop']:>9,.0f}   {spent(loop, loop['cards'])}")
    print(f"  order / (a) {rates['order'] / rates['statements']:.2f}, order / (b) {rates['order'] / rates['loop']:.1f}")
    words = (f"{rates[contender]:,.0f} cards/s" for contender in ("statements", "order"))
    goals.note("order", name, *words, rates["order"] / rates["statements"], order["cards"])
    took = (f"{seconds:.2f} s" for seconds in (CLICK_MAY_TAKE, order["click"]))
    goals.note("placing", name, *took, CLICK_MAY_TAKE / order["click"], order["cards"])


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.orders", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(50_000))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards in use; medians of {asked.rounds} rounds")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, asked.cards, asked.rounds))


if __name__ == "__main__":
    main()
