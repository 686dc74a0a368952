"""`make bench`: every bench in turn, or those named. Each measures ratios side by side and prints a table.

Each runs by itself too, with numbers of its own: `python -m tests.bench.jobs --help`.
"""

import subprocess
import sys

BENCHES = (
    "sweep",
    "changes",
    "jobs",
    "lists",
    "usage",
    "exports",
    "orders",
    "imports",
    "retention",
    "pulls",
    "carriers",
)


def main(names):
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no bench called {unknown[0]}: choose from {', '.join(BENCHES)}.")
    for name in names or BENCHES:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
