"""Portals on databases of their own, of the kind that the suite runs on, for tests with several real processes."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid

import psycopg
from django.conf import settings
from django.db import connection

from tests.processes import Portal


@contextlib.contextmanager
def own_portal(folder, like=None, up_to=((),), **environment):
    """A migrated portal with a new database, or with a copy of another such portal's.

    `up_to` are the (app, migration) to go to, for a database of before.
    """
    if connection.vendor == "sqlite":
        yield _migrated(Portal(folder, **environment), up_to) if like is None else _beside(like, folder, environment)
        return
    name = f"own_{uuid.uuid4().hex}"
    template = f" TEMPLATE {_name(like)}" if like else ""
    with _server() as execute:
        execute(f"CREATE DATABASE {name}{template}")
        url = f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/{name}"
        portal = Portal(folder, DATABASE_URL=url, **environment)
        yield portal if like else _migrated(portal, up_to)
        execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows(portal, *selects):
    """How many rows each of these gives, asked beside the portal's own processes."""
    counts = ", ".join(f"(SELECT COUNT(*) FROM {select})" for select in selects)
    return list(row(portal, f"SELECT {counts}"))


def row(portal, statement):
    """The one row that a statement gives, asked beside the portal's own processes."""
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(portal.folder / "portal.sqlite3")) as database:
            return database.execute(statement).fetchone()
    with psycopg.connect(portal.environment["DATABASE_URL"]) as database:
        return database.execute(statement).fetchone()


def python(portal, code):
    """Run code in a process of the portal to its end; what it printed."""
    return portal.manage("shell", "--verbosity", "0", "--command", code)


def running(portal, *command):
    """A command of the portal that runs on beside the test."""
    command = [sys.executable, "manage.py", *command]
    return subprocess.Popen(command, env=portal.environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)


def running_python(portal, code):
    return running(portal, "shell", "--verbosity", "0", "--command", code)


def ended(*processes):
    """Waits until these have ended, well; what each printed."""
    printed = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return printed


def _migrated(portal, up_to):
    for target in up_to:
        portal.manage("migrate", *target, "--verbosity", "0")
    return portal


def _beside(like, folder, environment):
    shutil.copy(like.folder / "portal.sqlite3", folder)
    return Portal(folder, **environment)


def _name(portal):
    return portal.environment["DATABASE_URL"].rpartition("/")[2]


@contextlib.contextmanager
def _server():
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as connected:
        yield connected.execute
