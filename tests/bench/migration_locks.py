"""Runs the migrations of a database one by one, and prints what each locked and for how long, as JSON.

What a migration has locked it holds to its end. So the locks are asked for after each of its statements, by a
connection beside it, and every few milliseconds while one runs that is no transaction.
"""

import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import django
import psycopg

if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from simportal.management.commands.migrate import SECONDS_FOR_A_LOCK, limit_locks
from tests.test_upgrades import HELD_SINCE

# From the weakest on; what only reads or writes rows is not among them.
MODES = ("ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
LOCKS = """
    SELECT relname, mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    WHERE pg_locks.pid = %s AND granted AND locktype = 'relation' AND relkind = 'r'
        AND relnamespace = 'public'::regnamespace
"""
LOOKS_EVERY = 0.02  # seconds
GUARDS = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"


@dataclass
class Watch:
    """Who looks which locks a backend holds; `tables` are those that were there before."""

    pid: int
    beside: psycopg.Connection
    tables: set = field(default_factory=set)
    found: dict = field(default_factory=dict)  # the strongest lock of each table, and since when

    def look(self, since=None):
        now = time.monotonic()
        for table, mode in self.beside.execute(LOCKS, [self.pid]).fetchall():
            if mode in MODES and table in self.tables:
                known = self.found.get(table)
                if not known or MODES.index(mode) > MODES.index(known[0]):
                    self.found[table] = (mode, since or now)

    def after_each(self, execute, sql, params, many, context):
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            self.look(began)

    @contextmanager
    def looking(self):
        over = threading.Event()

        def look_on():
            while not over.wait(LOOKS_EVERY):
                self.look()

        looking = threading.Thread(target=look_on)
        looking.start()
        try:
            with connection.execute_wrapper(self.after_each):
                yield
        finally:
            over.set()
            looking.join()


def watched(watch, name, do):
    """What `do` locked, and for how long; from when to when it was at work."""
    watch.tables, watch.found = set(connection.introspection.table_names()), {}
    began = time.monotonic()
    with watch.looking():
        do()
    ended = time.monotonic()
    locks = [(table, mode, ended - since) for table, (mode, since) in sorted(watch.found.items())]
    return {"name": name, "began": began, "ended": ended, "locks": locks}


def begin():
    """An empty database, up to the migrations of 0.5.0 or to those that replace them."""
    executor = MigrationExecutor(connection)
    nodes = executor.loader.graph.nodes
    targets = [
        next(key for key, node in nodes.items() if key == last or last in node.replaces) for last in HELD_SINCE.items()
    ]
    executor.migrate([*targets, *(leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] not in HELD_SINCE)])
    return []


def each():
    """Each migration that is left, then all guards anew, and at last a `migrate` with nothing to do."""
    connection.ensure_connection()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as beside:
        watch = Watch(connection.connection.info.backend_pid, beside)
        limit_locks(connection, f"'{SECONDS_FOR_A_LOCK}s'")
        yield from _migrations(watch)
        with connection.cursor() as cursor:
            cursor.execute(GUARDS)
            for guard, table in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {guard} ON {table}")
        yield watched(watch, "guards", lambda: call_command("migrate", verbosity=0))
        yield watched(watch, "nothing", lambda: call_command("migrate", verbosity=0))


def _migrations(watch):
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    state = executor._create_project_state(with_applied_migrations=True)
    for migration, _backwards in executor.migration_plan(leaves):
        before = state

        def apply(step=(migration, False), before=before):
            nonlocal state
            state = executor.migrate(leaves, plan=[step], state=before)

        yield watched(watch, f"{migration.app_label}.{migration.name}", apply)


if __name__ == "__main__":
    print(json.dumps(list({"begin": begin, "each": each}[sys.argv[1]]())))
