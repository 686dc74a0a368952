"""Suspending many cards as a job, from the click to the last card, beside the action that loops in a stock admin."""

import argparse
import statistics

from tests.bench.databases import answer, databases

CONTENDERS = ("job", "admin")


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
    return answer(database, name, "-m", "tests.bench.job_contenders", *map(str, arguments))


def report(name, found):
    job, admin = found["job"], found["admin"]
    print(f"\n{name}: bulk suspend, cards a second")
    print(f"  the preview: each card checked      {job['checked']:>9,.0f}   {job['preview']:.1f} s in all")
    print(f"  the job, from click to done         {job['done']:>9,.0f}   {job['click']:.1f} s in all")
    print(
        f"  stock admin action that loops       {admin['done']:>9,.0f}   job / loop {job['done'] / admin['done']:.1f}"
    )


def _medians(found):
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.jobs", description=__doc__)
    parser.add_argument("--cards", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards in use; medians of {asked.rounds} rounds")
    with databases() as each:
        for database in each:
            report(database.name, measure(database, asked.cards, asked.rounds))


if __name__ == "__main__":
    main()
