"""The databases that a bench runs on, and running a contender on one of them in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Options of a PostgreSQL that shares a machine of 24 GB with the portal: docs/operations.md says why.
SIZED = " ".join(
    f"-c {setting}"
    for setting in (
        *("shared_buffers=6GB", "effective_cache_size=16GB", "work_mem=16MB", "maintenance_work_mem=512MB"),
        *("max_wal_size=8GB", "checkpoint_timeout=15min", "random_page_cost=1.1"),
    )
)


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


def environment(database, name):
    return os.environ | {
        "DATABASE_URL": database.url(name),
        "DJANGO_SETTINGS_MODULE": "simportal.settings",
        "DEBUG": "0",
        "SECRET_KEY": "bench",
        "ALLOWED_HOSTS": "localhost",
    }


def run(database, name, *command):
    done = subprocess.run(
        [sys.executable, *command], env=environment(database, name), cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def answer(database, name, *command):
    """The JSON document that a contender prints."""
    return json.loads(run(database, name, *command))
