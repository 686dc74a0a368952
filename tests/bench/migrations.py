"""What each migration since 0.5.0 locks, for how long, at a million cards, and how long somebody waited beside it.

`python -m tests.bench.migrations --write` takes some minutes and writes the table of docs/upgrades.md. Cards that
have lived, and other rows of a demo, are copied into the layout of 0.5.0; then each migration runs by itself.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import contextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
os.environ.setdefault("DEBUG", "1")

from tests.bench import fleet_copies
from tests.bench.databases import ROOT, SIZED, Postgresql, answer, environment, run
from tests.faults import page
from tests.faults.rounds import own_folder
from tests.faults.servers import Postgres

UPGRADES = ROOT / "docs" / "upgrades.md"
BEGIN = "<!-- written by `python -m tests.bench.migrations --write` -->"
DEMO_CARDS = 100
# Of other large tables a row for each card; what of it is its own.
FILLED = {
    "cards_realnamecheck": {"id": "n", "card_id": "n"},
    "billing_orderline": {"id": "n", "card_id": "n", "number": "n"},
    "billing_notice": {"id": "n", "card_id": "n"},
    "billing_entry": {"key": "'bench:' || n", "reverses_id": "NULL"},
    "billing_posting": {"id": "n", "entry_id": "'bench:' || n"},
}
NOTICES = """
from billing.actions import notices
from cards.calendar import civil_today
notices.gather(civil_today())
"""
LIVED = "from tests.bench.million_models import prepare\nprepare()"
MODULE = "tests.bench.migration_locks"

# What a lock shuts out, from the weakest on.
SHUTS_OUT = {
    "ShareUpdateExclusiveLock": "nobody",
    "ShareLock": "who writes",
    "ShareRowExclusiveLock": "who writes",
    "ExclusiveLock": "who writes",
    "AccessExclusiveLock": "everybody",
}
STRENGTH = tuple(SHUTS_OUT)
TABLES_NAMED = 3
WORDS = {"guards": "all guards, laid anew", "nothing": "`migrate` with nothing to do"}
HEAD = "| migration | takes | shuts out | of | for | longest wait beside it |\n|---|---|---|---|---|---|\n"


def measure(folder, cards):
    """What each migration locked, and its longest wait."""
    server = Postgres(folder / "postgres")
    server.options = SIZED
    server.create()
    try:
        database = Postgresql(server.url)
        lay(database, cards)
        with somebody_beside(database.url("before"), cards) as waits:
            migrations = answer(database, "before", "-m", MODULE, "each")
        return [one | {"waited": longest(waits, one)} for one in migrations]
    finally:
        server.crash()


def lay(database, cards):
    """The layout of 0.5.0, with copies of cards that have lived and of rows of a demo."""
    demo = made(database, "demo", ["demo", "--json", "--cards", str(DEMO_CARDS)], shell(NOTICES))
    lived = made(database, "lived", shell(LIVED))
    database.create("before")
    run(database, "before", "-m", MODULE, "begin")
    rows, url = fleet_copies.rows_of(lived), database.url("before")
    fleet_copies.lay_out(url, rows)
    for table, own in FILLED.items():
        fleet_copies.fill(url, table, fleet_copies.rows_of(demo, [table])[table][0], own, cards)
    fleet_copies.multiply(url, rows, cards, first=0)


def made(database, name, *commands):
    """The URL of a migrated database in which these commands have run."""
    database.create(name)
    for command in (["migrate", "--verbosity", "0"], *commands):
        command = [sys.executable, "manage.py", *command]
        debug = environment(database, name) | {"DEBUG": "1"}
        subprocess.run(command, env=debug, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return database.url(name)


def shell(code):
    return ["shell", "--verbosity", "0", "--command", code]


@contextmanager
def somebody_beside(url, cards):
    """Somebody changes cards while the block runs; afterwards, when each change began and how long it took."""
    command = [sys.executable, "-m", "tests.bench.client_beside", url, str(cards)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    waits = []
    yield waits
    said, _ = process.communicate("")
    waits += json.loads(said)


def longest(waits, one):
    """The longest of the waits that were going on at some time of it."""
    return max((took for began, took in waits if began < one["ended"] and began + took > one["began"]), default=0)


def table(measured):
    """A line for each migration: of several tables the strongest lock, and the longest that any of them was held."""
    return HEAD + "".join(f"| {' | '.join(_cells(one))} |\n" for one in measured)


def _cells(one):
    name, took, waited = one["name"], one["ended"] - one["began"], one["waited"]
    locks = sorted(one["locks"], key=lambda lock: (-STRENGTH.index(lock[1]), lock[0]))
    shown = [f"{took:.2f} s", "nobody", "–", "–", f"{waited:.2f} s"]
    if locks:
        mode, tables = locks[0][1], [f"`{table}`" for table, mode, _seconds in locks if mode == locks[0][1]]
        more = [f"{len(tables) - TABLES_NAMED} more"] if len(tables) > TABLES_NAMED else []
        held = max(seconds for _table, mode, seconds in locks if mode == locks[0][1])
        shown[1:4] = [SHUTS_OUT[mode], ", ".join([*tables[:TABLES_NAMED], *more]), f"{held:.2f} s"]
    return [WORDS.get(name, f"`{name}`"), *shown]


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.migrations", description=__doc__)
    parser.add_argument("--cards", type=int, default=1_000_000, help="in whole thousands")
    parser.add_argument("--write", action="store_true", help="write the table into docs/upgrades.md")
    asked = parser.parse_args()
    with own_folder() as folder:
        found = table(measure(folder, asked.cards))
    print(found)
    if asked.write:
        page.write(found, BEGIN, UPGRADES)


if __name__ == "__main__":
    main()
