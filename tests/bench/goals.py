"""What is asked of the engine, and the table of docs/speed.md that says how far it is met.

Each bench notes what it found; `python -m tests.bench --write` makes the table of it. What was not measured this time
stays as it was.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.databases import ROOT
from tests.faults import page

SPEED = ROOT / "docs" / "speed.md"
BEGIN = "<!-- written by `make bench` -->"
NOTES = "BENCH_NOTES"  # in the environment: the file into which the benches of a run note what they found
RAW = "raw SQL with the same triggers"
STATEMENTS = "statements of the same effect"
COUNTERS = "`COPY`, one upsert and the counters"
HEAD = "| work | of | beside | database | limit | portal | ratio | goal |\n|---|---|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Goal:
    """What is measured, beside which limit, and which ratio is asked for on which database."""

    work: str
    beside: str
    least: dict = field(default_factory=dict)


GOALS = {
    "alike": Goal("sweep, one lane", RAW, {"PostgreSQL": 0.9, "SQLite": 0.85}),
    "alike_lanes": Goal("sweep, two lanes", f"{RAW}, one lane", {"PostgreSQL": 1.4}),
    "lives": Goal("sweep of 500 different lives", RAW, {"PostgreSQL": 0.7}),
    "night": Goal("sweep of a mixed night", RAW),
    "bulk": Goal("bulk action, from click to done", STATEMENTS, {"PostgreSQL": 0.6, "SQLite": 0.6}),
    "order": Goal("order, from draft to fulfilled", STATEMENTS, {"PostgreSQL": 0.4, "SQLite": 0.4}),
    "placing": Goal("lines of an order placed: the click", "0.3 s", {"PostgreSQL": 1, "SQLite": 1}),
    "csv": Goal("export for people", "`COPY`, or cursor and csv", {"PostgreSQL": 0.9, "SQLite": 0.9}),
    "codes": Goal("export of codes", "`COPY`, or cursor and csv", {"PostgreSQL": 0.9, "SQLite": 0.9}),
    "first_row": Goal("first row of an export in a fresh process", "50 ms", {"PostgreSQL": 1, "SQLite": 1}),
    "usage": Goal("usage of many days, with what it causes", COUNTERS, {"PostgreSQL": 0.8}),
    "usage_day": Goal("usage of one day, with what it causes", COUNTERS, {"PostgreSQL": 0.8}),
    "list_own": Goal("a list of fifty: the portal's own processor", "15 ms", {"PostgreSQL": 1, "SQLite": 1}),
    "list_sent": Goal("a list of fifty: compressed", "10 kB", {"PostgreSQL": 1, "SQLite": 1}),
    "list_orders": Goal("the dearest filter in the dearest order", "20 ms of the server", {"PostgreSQL": 1}),
    "list_orders_within": Goal("filters in each order within 20 ms", "all of them", {"PostgreSQL": 1}),
    **{
        key: Goal(work, "itself at 1,000 cards", {"PostgreSQL": 0.83, "SQLite": 0.83})
        for key, work in {
            "my_page": "first page of a customer with a tenth of all cards",
            "customers_page": "the customers' page",
            "customer_page": "the page of a customer with a tenth of all cards",
            "renewals_ring": "renewals, a ring",
            "notices_ring": "notices, a ring",
            "sums_ring": "kept sums put together, a ring",
            "fleet_figures": "figures of the fleet",
        }.items()
    },
    "not_read": Goal("cards not read listed, once usage came in", "itself at 1,000 cards"),
    "not_paid": Goal("openings not paid counted", "itself at 1,000 cards"),
}


def note(key, database, limit, portal, ratio, count):
    """Say what was found at so many cards or rows: both as people read it, and the portal's ratio to the limit, above
    1 where it is better."""
    if NOTES in os.environ:
        with Path(os.environ[NOTES]).open("a") as file:
            print(json.dumps([key, database, limit, portal, ratio, count]), file=file)


def table(file):
    """The lines of what was noted, and of what stands in docs/speed.md else, in the order of the goals."""
    lines = page.standing(BEGIN, SPEED)
    lines += [_cells(*json.loads(line)) for line in Path(file).read_text().splitlines()]
    order = {goal.work: place for place, goal in enumerate(GOALS.values())}
    rows = {(order[cells[0]], cells[3], cells[1]): cells for cells in lines if cells[0] in order}
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for _place, cells in sorted(rows.items(), key=_by_place))


def _by_place(row):
    (place, database, of), _cells = row
    return place, database, int(of.replace(",", ""))


def _cells(key, database, limit, portal, ratio, count):
    goal = GOALS[key]
    least = goal.least.get(database)
    asked = "–" if least is None else f"≥ {least}" if ratio >= least else f"≥ {least}, **missed**"
    return goal.work, f"{count:,}", goal.beside, database, limit, portal, f"{ratio:.2f}", asked


def write(table):
    page.write(table, BEGIN, SPEED)
