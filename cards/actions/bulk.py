"""Writing many rows in one statement, on PostgreSQL and SQLite alike.

Django's `bulk_update` builds a CASE per row and column and is a dozen times slower than the statements here. On
PostgreSQL the rows travel as one JSON document, which the server takes apart faster than the driver can quote arrays;
on SQLite one prepared statement is executed for each row, in C.
"""

import json

from django.db import connection, models


def update_rows(model, columns, rows, key=("id",)):
    """Write `columns` of many rows in one statement; each row a tuple of their values and those of its key."""
    if not rows or not columns:
        return
    fields = [_field(model, name) for name in (*columns, *key)]
    names = [field.column for field in fields]
    changed, keys = names[: len(columns)], names[len(columns) :]
    if connection.vendor == "postgresql":
        assignments = ", ".join(f"{name} = n.{name}" for name in changed)
        source = f"FROM {_recordset(fields)} WHERE " + " AND ".join(f"o.{name} = n.{name}" for name in keys)
    else:
        assignments = ", ".join(f"{name} = %s" for name in changed)
        source = "WHERE " + " AND ".join(f"o.{name} = %s" for name in keys)
    _execute(f"UPDATE {model._meta.db_table} AS o SET {assignments} {source}", fields, rows)


def insert_rows(model, columns, rows):
    """Insert many rows in one statement; each a tuple of the values of `columns`."""
    if not rows:
        return
    fields = [_field(model, name) for name in columns]
    names = ", ".join(field.column for field in fields)
    if connection.vendor == "postgresql":
        source = f"SELECT {names} FROM {_recordset(fields)}"
    else:
        source = f"VALUES ({', '.join(['%s'] * len(fields))})"
    _execute(f"INSERT INTO {model._meta.db_table} ({names}) {source}", fields, rows)


def _recordset(fields):
    """The JSON document as a table of these fields' columns."""
    columns = ", ".join(f"{field.column} {field.rel_db_type(connection)}" for field in fields)
    return f"json_to_recordset(%s::json) AS n ({columns})"


def _execute(statement, fields, values):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = [field.column for field in fields]
            cursor.execute(statement, [json.dumps([dict(zip(names, row, strict=True)) for row in values], default=str)])
        else:
            columns = zip(*values, strict=True)
            prepared = [_as_sqlite_takes_it(field, column) for field, column in zip(fields, columns, strict=True)]
            cursor.executemany(statement, zip(*prepared, strict=True))


def _field(model, column):
    return next(field for field in model._meta.concrete_fields if field.attname == column)


def _as_sqlite_takes_it(field, column):
    if isinstance(field, models.DateTimeField):
        return [connection.ops.adapt_datetimefield_value(value) for value in column]
    if isinstance(field, models.DateField):
        return [value and str(value) for value in column]
    if isinstance(field, models.JSONField):
        return [json.dumps(value, ensure_ascii=False, default=str) for value in column]
    if isinstance(field, models.CharField):
        return map(str, column)
    return column
