"""Suspending many cards as a job, from the click to the last card, beside three statements that write the same, and
beside the action that loops in a stock admin."""

import argparse

from tests.bench import goals
from tests.bench.contest import Contest, medians, refuse_unless_alike, spent
from tests.bench.databases import databases, sized

CONTENDERS = {"job": ["job"], "statements": ["statements"], "admin": ["admin"]}


def measure(database, cards, rounds):
    """What each contender answered, the medians of the rounds."""
    contest = Contest(database, "job_contenders")
    contest.prepare(cards=cards)
    answers = contest.in_turn(CONTENDERS, rounds)
    refuse_unless_alike(answers, ("job", "statements"))
    return {name: {"cards": cards} | medians(its) for name, its in answers.items()}


def report(name, found):
    job, limit, admin = (found[contender] for contender in CONTENDERS)
    rates = {contender: its["cards"] / its["seconds"] for contender, its in found.items()}
    print(f"\n{name}: bulk suspend, cards a second")
    print(
        f"  the preview: each card checked      {job['cards'] / job['preview']:>9,.0f}   {job['preview']:.1f} s in all"
    )
    print(f"  the job, from click to done         {rates['job']:>9,.0f}   {spent(job, job['cards'])}")
    print(f"  (a) three statements                {rates['statements']:>9,.0f}   {spent(limit, limit['cards'])}")
    print(f"  (b) stock admin action that loops   {rates['admin']:>9,.0f}   {spent(admin, admin['cards'])}")
    print(f"  job / (a) {rates['job'] / rates['statements']:.2f}, job / (b) {rates['job'] / rates['admin']:.1f}")
    words = (f"{rates[contender]:,.0f} cards/s" for contender in ("statements", "job"))
    goals.note("bulk", name, *words, rates["job"] / rates["statements"], job["cards"])


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.jobs", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(50_000))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards in use; medians of {asked.rounds} rounds")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, asked.cards, asked.rounds))


if __name__ == "__main__":
    main()
