"""Django's `migrate`, which waits for nobody's table long: whoever came after it would wait behind it."""

import time

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections

SECONDS_FOR_A_LOCK = 3
PAUSE = 5  # seconds in which those who waited behind it get on
TRIES = 24  # about three minutes
LOCK_NOT_AVAILABLE = "55P03"
TURN = 0.25  # seconds: whoever waits for SQLite's one lock looks every tenth of a second whether it is free


class Command(migrate.Command):
    def handle(self, *args, **options):
        """Each migration is a transaction: one that did not get its lock has changed nothing, and is done again."""
        connection = connections[options["database"]]
        self.gives_way = connection.vendor == "sqlite" and bool(connection.introspection.table_names())
        for tries_left in reversed(range(TRIES)):
            try:
                limit_locks(connection, f"'{SECONDS_FOR_A_LOCK}s'")
                super().handle(*args, **options)
                return limit_locks(connection, "DEFAULT")
            except (OperationalError, CommandError) as error:
                if not waited_in_vain(error):
                    raise
                if not tries_left:
                    raise CommandError(
                        "Somebody works on a table all the time that the next migration needs for a moment. What was "
                        "migrated until now stays, and the portal goes on. See who it is in pg_stat_activity, and run "
                        "migrate again."
                    ) from error
            self.stderr.write("A table is in use; trying again ...")
            time.sleep(PAUSE)

    def migration_progress_callback(self, action, migration=None, fake=False):
        """One migration after the other would keep SQLite's lock to itself, and a page wait until it gives up."""
        super().migration_progress_callback(action, migration, fake)
        if self.gives_way and action in ("apply_start", "unapply_start"):
            time.sleep(TURN)


def limit_locks(connection, limit):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {limit}")


def waited_in_vain(error):
    """Whether this, or what caused it, is a lock that was not to be had."""
    while error and getattr(error, "sqlstate", None) != LOCK_NOT_AVAILABLE:
        error = error.__cause__
    return error is not None
