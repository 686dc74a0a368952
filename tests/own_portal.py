"""Portals on databases of their own, of the kind that the suite runs on, for tests with several real processes."""

import contextlib
import os
import shutil
import sqlite3
import uuid

import psycopg
from django.conf import settings
from django.db import connection

from tests.made_once import kept, made_once
from tests.processes import Portal
from tests.warm import Command

MIGRATED = "migrated"
LEASED = ("cards_daysatwork", "cards_job", "cards_jobchunk")


@contextlib.contextmanager
def own_portal(folder, like=None, **environment):
    """A portal with a new, empty database, or with a copy of another such portal's.

    The fixture `migrated` is one to copy.
    """
    if connection.vendor == "sqlite":
        if like:
            shutil.copy(like.folder / "portal.sqlite3", folder)
        yield Portal(folder, **environment)
        return
    with _new_database(_name(like) if like else "template1") as url:
        yield Portal(folder, DATABASE_URL=url, **environment)


def migrated_portal():
    """The portal that all begin as. On PostgreSQL each server has it as it comes (`tests/on_postgres.py`)."""
    return migrated_on_sqlite() if connection.vendor == "sqlite" else Portal(None, DATABASE_URL=_url(MIGRATED))


def migrated_on_sqlite():
    return Portal(made_once("migrated", lambda folder: kept(folder, "sqlite", _migrate)))


def _migrate(folder):
    Portal(folder).manage("migrate", "--verbosity", "0")


def begin_as(migrated):
    """The database of this process, in memory or on its own server, becomes a copy of the migrated portal's."""
    if connection.vendor == "sqlite":
        _point_to("file:suite?mode=memory&cache=shared")
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(migrated.folder / "portal.sqlite3")) as source:
            source.backup(connection.connection)
    else:
        with _server() as execute:
            execute(f"CREATE DATABASE suite TEMPLATE {MIGRATED}")
        _point_to("suite")


def _point_to(name):
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


def rows(portal, *selects):
    """How many rows each of these gives, asked beside the portal's own processes."""
    counts = ", ".join(f"(SELECT COUNT(*) FROM {select})" for select in selects)
    return list(row(portal, f"SELECT {counts}"))


def row(portal, statement):
    """The one row that a statement gives, asked beside the portal's own processes."""
    with _connected(portal) as database:
        return database.execute(statement).fetchone()


def found(portal, statement):
    """All rows that a statement gives, asked beside the portal's own processes."""
    with _connected(portal) as database:
        return database.execute(statement).fetchall()


def _connected(portal):
    if connection.vendor == "sqlite":
        return contextlib.closing(sqlite3.connect(portal.folder / "portal.sqlite3"))
    return contextlib.closing(psycopg.connect(portal.environment["DATABASE_URL"]))


def leases_run_out(portal):
    """Whoever was at work has been away for too long, so that the next may begin at once."""
    with _connected(portal) as database:
        for table in LEASED:
            database.execute(f"UPDATE {table} SET leased_until = '2026-01-01 00:00:00'")
        database.commit()


def python(portal, code):
    """Run code in a process of the portal to its end; what it printed."""
    return portal.manage("shell", "--verbosity", "0", "--command", code)


def running(portal, *command):
    """A command of the portal that runs on beside the test."""
    return Command(portal.environment, command)


def running_python(portal, code):
    return running(portal, "shell", "--verbosity", "0", "--command", code)


def ended(*processes):
    """Waits until these have ended, well; what each printed."""
    assert [process.wait() for process in processes] == [0] * len(processes)
    return [process.printed for process in processes]


@contextlib.contextmanager
def _new_database(template):
    """The URL of a copy of the template, on the suite's server, until the block ends."""
    name = f"own_{uuid.uuid4().hex}"
    with _server() as execute:
        execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _url(name)
        execute(f"DROP DATABASE {name} WITH (FORCE)")


def _url(name):
    return f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/{name}"


def _name(portal):
    return portal.environment["DATABASE_URL"].rpartition("/")[2]


@contextlib.contextmanager
def _server():
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as connected:
        yield connected.execute
