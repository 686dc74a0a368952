"""What is looked at at every visit or every minute: does it cost the same at a thousand cards and at a million?"""

import argparse
import json
import statistics
from contextlib import ExitStack

from tests.bench import goals
from tests.bench.databases import answer, databases, sized
from tests.bench.lists import timed, visitor

MODULE = "tests.bench.steady_visits"
FEW = 1_000
GROWS_TO = (FEW, 10_000, 100_000, 1_000_000)


def measure(database, sizes, rounds):
    """The medians of what each look cost in ms, at each of these sizes, which are looked at in turn."""
    names = {size: f"steady_{size}" for size in sizes}
    for size, name in names.items():
        database.migrated(name)
        answer(database, name, "-m", MODULE, "prepare", str(size))
    with ExitStack() as stack:
        visitors = {size: stack.enter_context(visitor(database, name, MODULE)) for size, name in names.items()}
        names_of_looks = [json.loads(process.stdout.readline()) for process in visitors.values()]
        for look in names_of_looks[0]:
            for process in visitors.values():
                timed(process, look)
            times = {size: [] for size in sizes}
            for _round in range(rounds):
                for size, process in visitors.items():
                    times[size].append(timed(process, look)["ms"])
            yield look, {size: statistics.median(its) for size, its in times.items()}
    for name in names.values():
        database.drop(name)


def report(database, sizes, rounds):
    print(f"\n{database.name:<18}" + "".join(f"{size:>14,}" for size in sizes) + "     ratio")
    for look, found in measure(database, sizes, rounds):
        few, many = found[sizes[0]], found[sizes[-1]]
        shown = "".join(f"{milliseconds:>11.1f} ms" for milliseconds in found.values())
        print(f"  {look:<16}{shown}{few / many:>10.2f}", flush=True)
        goals.note(look, database.name, f"{few:.1f} ms", f"{many:.1f} ms", few / many, sizes[-1])


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.steady", description=__doc__)
    parser.add_argument("--cards", type=int, help="at the most, instead of as many as each database has by itself")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    print(f"Medians of {asked.rounds}; the ratio is that of {FEW:,} cards to the most")
    with databases() as each:
        for database in each:
            most = asked.cards or sized(database.cards)
            report(database, [*(size for size in GROWS_TO if size < most), most], asked.rounds)


if __name__ == "__main__":
    main()
