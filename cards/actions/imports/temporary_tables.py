"""Temporary tables, in which a transaction keeps what it works on, and rows by the thousand for them."""

from datetime import date, datetime

from django.db import connection


def tune_for_bulk():
    """Within a transaction: the room that thousands of rows need, no compiling of statements that take a second, and
    few samples of tables that last no longer: their rows are much alike."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL default_statistics_target = 10")


def make_table(name, columns):
    """An empty temporary table, whatever was in it before; `columns` as SQL."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")


def select_into(name, query, params, counted):
    """A temporary table of what a query finds; in `counted` stands what joins it to others."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} AS {query}", params)
        analyze(cursor, f"{name} ({counted})")


def analyze(cursor, name):
    """Tell PostgreSQL's planner what is in a temporary table; autovacuum never sees one."""
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {name}")


def append_rows(table, columns, rows):
    """Append rows, tuples of the values of `columns`."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            written = (tuple(map(_as_text, row)) for row in rows)
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", written)


def fill_from_lines(table, columns, blocks):
    """Append what stands in blocks of lines: ASCII, cells divided by commas, an empty cell for nothing."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as copy:
                for block in blocks:
                    copy.write(block)
        else:
            marks = ", ".join(["NULLIF(%s, '')"] * len(columns))
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
            for block in blocks:
                cursor.executemany(statement, [line.split(",") for line in block.decode().splitlines()])


def _as_text(value):
    """SQLite takes days and instants as the texts in which it keeps them."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.isoformat() if isinstance(value, date) else value
