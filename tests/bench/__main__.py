"""Runs every contender on its own copy of one database, on PostgreSQL and SQLite, and prints the ratios as a table."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CONTENDERS = ("portal", "raw", "loop")


class Sqlite:
    name = "SQLite"

    def __init__(self, folder):
        self.folder = folder

    def url(self, name):
        return f"sqlite:///{self.folder}/{name}.sqlite3"

    def copy(self, source, target):
        self.drop(target)
        shutil.copy(self.folder / f"{source}.sqlite3", self.folder / f"{target}.sqlite3")

    def create(self, name):
        self.drop(name)

    def drop(self, name):
        for file in self.folder.glob(f"{name}.sqlite3*"):
            file.unlink()


class Postgresql:
    name = "PostgreSQL"

    def __init__(self, server):
        self.server = server

    def url(self, name):
        return f"{self.server.rpartition('/')[0]}/bench_{name}"

    def copy(self, source, target):
        self.drop(target)
        self._execute(f"CREATE DATABASE bench_{target} TEMPLATE bench_{source}")

    def create(self, name):
        self.drop(name)
        self._execute(f"CREATE DATABASE bench_{name}")

    def drop(self, name):
        self._execute(f"DROP DATABASE IF EXISTS bench_{name} WITH (FORCE)")

    def _execute(self, statement):
        import psycopg

        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


def databases(folder):
    """PostgreSQL as DATABASE_URL says, or a server of the bench's own where the program is installed; and SQLite."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        from tests.on_postgres import program, start_server

        server = start_server() if program("initdb") else ""
    if server:
        yield Postgresql(server)
    else:
        print("PostgreSQL is not installed: its half of the bench is skipped.")
    yield Sqlite(folder)


def run(database, name, *command):
    environment = os.environ | {
        "DATABASE_URL": database.url(name),
        "DJANGO_SETTINGS_MODULE": "simportal.settings",
        "DEBUG": "0",
        "SECRET_KEY": "bench",
        "ALLOWED_HOSTS": "localhost",
    }
    done = subprocess.run([sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def contend(database, name, *arguments):
    result = json.loads(run(database, name, "-m", "tests.bench.contenders", *arguments))
    return result["cards"] / result["seconds"]


def measure(database, cards, due, rounds):
    """Cards a second: of the intake, and of each contender of the sweep, the median of the rounds."""
    database.create("start")
    run(database, "start", "manage.py", "migrate", "--verbosity", "0")
    rates = {"intake": [contend(database, "start", "prepare", str(cards), str(due))]}
    for _ in range(rounds):
        for contender in CONTENDERS:
            database.copy("start", "copy")
            rates.setdefault(contender, []).append(contend(database, "copy", contender))
    for name in ("start", "copy"):
        database.drop(name)
    return {name: statistics.median(found) for name, found in rates.items()}


def report(name, rates):
    print(f"\n{name}: cards a second")
    print(f"  intake from rows                      {rates['intake']:>9,.0f}")
    print(f"  sweep, the portal                     {rates['portal']:>9,.0f}")
    print(f"  sweep, (a) loop card by card          {rates['loop']:>9,.0f}   portal / loop {portal_to(rates, 'loop')}")
    print(f"  sweep, (b) raw SQL, 2,000 a statement {rates['raw']:>9,.0f}   portal / raw  {portal_to(rates, 'raw')}")


def portal_to(rates, other):
    return f"{rates['portal'] / rates[other]:>6.2f}"


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{asked.cards:,} cards, {asked.due:,} due on the day; medians of {asked.rounds} rounds")
    with tempfile.TemporaryDirectory(prefix="simportal-bench-") as folder:
        for database in databases(Path(folder)):
            report(database.name, measure(database, asked.cards, asked.due, asked.rounds))


if __name__ == "__main__":
    main()
