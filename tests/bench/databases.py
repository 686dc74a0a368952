"""The databases that a bench runs on, and running a contender on one of them in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.bench import fleet_copies
from tests.on_postgres import lend, owner, program, start
from tests.on_postgres import run as run_as_owner

ROOT = Path(__file__).resolve().parent.parent.parent
# Options of a PostgreSQL that shares a machine of 24 GB with the portal: docs/operations.md says why.
SIZED = " ".join(
    f"-c {setting}"
    for setting in (
        *("shared_buffers=6GB", "effective_cache_size=16GB", "work_mem=16MB", "maintenance_work_mem=512MB"),
        *("max_wal_size=8GB", "checkpoint_timeout=15min", "wal_compression=lz4"),
        "random_page_cost=1.1",
    )
)
ON_DISK = "/var/tmp"  # /tmp may be memory
SHARE = "BENCH_SHARE"  # in the environment: of its size, for trying
MIGRATE = ("manage.py", "migrate", "--verbosity", "0")


class Sqlite:
    name, cards, has_lanes = "SQLite", 300_000, False

    def __init__(self, folder):
        self.folder = folder

    def url(self, name):
        return f"sqlite:///{self._file(name)}"

    def create(self, name):
        self.drop(name)

    def migrated(self, name):
        """A portal with nothing in it."""
        if not self._file("migrated").exists():
            run(self, "migrated", *MIGRATE)
        self.copy("migrated", name)

    def copy(self, source, target):
        self.drop(target)
        shutil.copy(self._file(source), self._file(target))

    def drop(self, name):
        for file in self.folder.glob(f"{name}.sqlite3*"):
            file.unlink()

    def multiply(self, name, cards):
        fleet_copies.multiply_in_file(self._file(name), cards)

    def _file(self, name):
        return self.folder / f"{name}.sqlite3"


class Postgresql:
    name, cards, has_lanes = "PostgreSQL", 1_000_000, True

    def __init__(self, server, folder=None):
        self.server, self.folder = server, folder

    def url(self, name):
        return f"{self.server.rpartition('/')[0]}/bench_{name}"

    def create(self, name):
        self.drop(name)
        self._execute(f"CREATE DATABASE bench_{name}")

    def migrated(self, name):
        """A portal with nothing in it."""
        if not self._has("migrated"):
            self.create("migrated")
            run(self, "migrated", *MIGRATE)
        self.copy("migrated", name)

    def copy(self, source, target):
        """File by file, as a machine's copy is; it ends with a checkpoint, so that each contender begins behind one."""
        self.drop(target)
        self._execute(f"CREATE DATABASE bench_{target} TEMPLATE bench_{source} STRATEGY file_copy")

    def drop(self, name):
        self._execute(f"DROP DATABASE IF EXISTS bench_{name} WITH (FORCE)")

    def multiply(self, name, cards):
        fleet_copies.multiply(self.url(name), fleet_copies.rows_of(self.url(name)), cards)

    def _has(self, name):
        with psycopg.connect(self.server) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [f"bench_{name}"]).fetchone()

    def _execute(self, statement):
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


def sized(count):
    """So many, or the share of them that is asked for; in whole thousands."""
    return max(1_000, int(count * float(os.environ.get(SHARE, 1))) // 1_000 * 1_000)


@contextmanager
def databases():
    """PostgreSQL as DATABASE_URL says, or a server of the bench's own where the program is installed; and SQLite."""
    with served() as server, own_folder() as folder:
        yield [*([Postgresql(server, folder)] if server else []), Sqlite(folder)]


@contextmanager
def served():
    """The URL of the server that DATABASE_URL names, or of one for this block: durable, and sized as in service.

    Whatever ends this process, be it a kill, the server is stopped and its folder taken away. None where PostgreSQL is
    not installed.
    """
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
    elif not program("initdb"):
        print("PostgreSQL is not installed: its half of the bench is skipped.")
        yield None
    else:
        with _own_server() as url:
            yield url


@contextmanager
def _own_server():
    with own_folder(f'{program("pg_ctl")} -D "$0/data" -m immediate stop; ', **owner()) as folder:
        lend(folder)
        given = ("-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C")
        run_as_owner(program("initdb"), "-D", folder / "data", *given)
        yield start(folder, SIZED)


@contextmanager
def own_folder(first="", **whose):
    """A folder on disk that is gone when the block ends, or this process, whatever ends it; `first` is done before."""
    folder = Path(tempfile.mkdtemp(prefix="simportal-bench-", dir=ON_DISK))
    command = ["sh", "-c", f'read -r _; {first}rm -rf "$0"', folder]
    how = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    # What it reads from ends with us.
    sweeper = subprocess.Popen(command, stdin=subprocess.PIPE, **how, **whose)
    try:
        yield folder
    finally:
        sweeper.communicate()


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
        [sys.executable, *map(str, command)],
        env=environment(database, name),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def answer(database, name, *command):
    """The JSON document that a contender prints."""
    return json.loads(run(database, name, *command))
