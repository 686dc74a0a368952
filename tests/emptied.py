"""Between tests with transactions of their own the tables are emptied, and filled as a migrated portal's are."""

import contextlib
from functools import cache

from django.db import connection, transaction

from billing.triggers import install_money_triggers
from cards.triggers import install_triggers
from tests.build import without_triggers


def remember_what_is_there():
    """What stands in the tables now is what tests with `serialized_rollback` begin with."""
    if connection.vendor == "sqlite":
        connection._test_serialized_contents = connection.creation.serialize_db_to_string()
    else:
        connection._test_serialized_contents = {table: _read(table) for table in _with_rows()}


@contextlib.contextmanager
def may_be_emptied():
    """Django's way to empty the tables goes round their guards, which refuse it to anybody."""
    operations, creation = connection.ops, connection.creation
    empty, fill = operations.execute_sql_flush, creation.deserialize_db_from_string

    def empty_without_guards(statements):
        without_triggers()
        empty(statements)
        _lay_triggers()

    if connection.vendor == "sqlite":
        operations.execute_sql_flush = empty_without_guards
    else:
        operations.execute_sql_flush, creation.deserialize_db_from_string = _empty, _fill
    yield
    operations.execute_sql_flush, creation.deserialize_db_from_string = empty, fill


def _lay_triggers():
    install_triggers()
    install_money_triggers()


def _empty(_statements):
    """Most tables are empty: to delete what is in the others takes a tenth of what it takes to truncate them all."""
    with _unguarded() as cursor:
        _delete_all(cursor)
    _lay_triggers()  # which a test may have taken away


def _fill(contents):
    with _unguarded() as cursor:
        _delete_all(cursor)  # before the first of these tests nothing was emptied
        for table, rows in contents.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)


@contextlib.contextmanager
def _unguarded():
    """No trigger and no foreign key is asked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


def _delete_all(cursor):
    for table in _with_rows():
        cursor.execute(f"DELETE FROM {table}")


@cache
def _tables():
    return connection.introspection.django_table_names(only_existing=True, include_views=False)


def _with_rows():
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in _tables())
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [name for (name,) in cursor.fetchall()]


def _read(table):
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(map(bytes, copy))
