"""`make bench`: every bench in turn, or those named. Each measures ratios side by side and prints a table.

All share one PostgreSQL, which ends with them. Each runs by itself too, with numbers of its own:
`python -m tests.bench.jobs --help`.
"""

import argparse
import os
import subprocess
import sys

from tests.bench import goals
from tests.bench.databases import SHARE, own_folder, served

BENCHES = (
    *("sweep", "changes", "jobs", "orders", "usage", "pairs", "imports", "exports", "lists", "steady"),
    *("list_orders", "retention", "pulls", "carriers", "api"),
)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="bench", help=f"{', '.join(BENCHES)}; without any, all")
    parser.add_argument("--share", type=float, default=1, help="of their sizes, for trying: 0.01 is a hundredth")
    parser.add_argument("--write", action="store_true", help="write the table of goals into docs/speed.md")
    asked = parser.parse_args()
    if unknown := set(asked.benches) - set(BENCHES):
        parser.error(f"there is no bench called {unknown.pop()}")
    with served() as server, own_folder() as folder:
        notes = folder / "notes"
        notes.touch()
        told = {"DATABASE_URL": server or "", SHARE: str(asked.share), goals.NOTES: str(notes)}
        for name in asked.benches or BENCHES:
            print(f"\n== {name}", flush=True)
            subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], env=os.environ | told, check=True)
        table = goals.table(notes)
    print(f"\n{table}")
    if asked.write:
        goals.write(table)


if __name__ == "__main__":
    main()
