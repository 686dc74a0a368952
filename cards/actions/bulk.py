"""Writing many rows in one statement, on PostgreSQL and SQLite alike.

Django's `bulk_update` builds a CASE per row and column and is a dozen times slower than the statements here. What is
the same in all rows (after a night's rule nearly everything is) stands in the statement once; only what differs travels
row by row, as one JSON document that the database takes apart.
"""

import json

from django.db import connection, models

from cards.models.fields import CharField


def update_rows(model, columns, rows, key=("id",)):
    """Write `columns` of many rows in one statement; each row a tuple of the values of its key and of `columns`."""
    if not rows or not columns:
        return
    fields = [_field(model, name) for name in (*key, *columns)]
    values, constants, source, document = _divided(fields, rows, apart=len(key))
    changed = list(zip(fields, values, strict=True))[len(key) :]
    assignments = ", ".join(f"{field.column} = {value}" for field, value in changed)
    chosen = " AND ".join(f"o.{field.column} = n.{field.column}" for field in fields[: len(key)])
    _execute(f"UPDATE {model._meta.db_table} AS o SET {assignments} FROM {source} WHERE {chosen}", constants, document)


def insert_rows(model, columns, rows, unless_there=False):
    """Insert many rows in one statement; each a tuple of the values of `columns`, of which the first differs.

    With `unless_there`, a row whose key somebody has inserted already stays as it is.
    """
    if not rows:
        return
    fields = [_field(model, name) for name in columns]
    values, constants, source, document = _divided(fields, rows, apart=1)
    names = ", ".join(field.column for field in fields)
    statement = f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(values)} FROM {source}"
    conflicts = " WHERE TRUE ON CONFLICT DO NOTHING" if unless_there else ""  # SQLite takes a bare ON for a join's
    _execute(statement + conflicts, constants, document)


def delete_rows(model, rows, key):
    """Delete many rows in one statement; each a tuple of the values of its key."""
    if not rows:
        return
    fields = [_field(model, name) for name in key]
    source, document = _table(list(zip(fields, zip(*rows, strict=True), strict=True)))
    names = ", ".join(field.column for field in fields)
    _execute(f"DELETE FROM {model._meta.db_table} WHERE ({names}) IN (SELECT {names} FROM {source})", [], document)


def _divided(fields, rows, apart):
    """What each column is set to, the constants in it, the table of what differs, and that table's document.

    The first `apart` columns differ, whatever they hold.
    """
    is_typed = connection.vendor == "postgresql"
    values, constants, differing = [], [], []
    for place, (field, column) in enumerate(zip(fields, zip(*rows, strict=True), strict=True)):
        if place >= apart and column.count(column[0]) == len(column):
            values.append(f"%s::{field.rel_db_type(connection)}" if is_typed else "%s")
            constants.append(_prepared(field, column[0]))
        else:
            values.append(f"n.{field.column}")
            differing.append((field, column))
    return values, constants, *_table(differing)


def _table(differing):
    """What differs from row to row, as a table `n` and the JSON document that it is made of."""
    fields = [field for field, _ in differing]
    columns = [_as_json(field, column) for field, column in differing]
    if connection.vendor == "postgresql":
        names = [field.column for field in fields]
        typed = ", ".join(f"{field.column} {field.rel_db_type(connection)}" for field in fields)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return f"json_to_recordset(%s::json) AS n ({typed})", rows
    selected = ", ".join(f"json_extract(value, '$[{place}]') AS {field.column}" for place, field in enumerate(fields))
    return f"(SELECT {selected} FROM json_each(%s)) AS n", list(zip(*columns, strict=True))


def _execute(statement, constants, document):
    with connection.cursor() as cursor:
        cursor.execute(statement, [*constants, json.dumps(document, default=str, ensure_ascii=False)])


def _field(model, column):
    return next(field for field in model._meta.concrete_fields if field.attname == column)


def _prepared(field, value):
    """The value as the driver takes it: the vocabularies of `choices` are types of their own, which it would name."""
    return value.value if isinstance(value, models.Choices) else field.get_db_prep_save(value, connection)


def _as_json(field, column):
    """SQLite keeps instants without their offset, in UTC, and takes JSON as text; text is as its field keeps it."""
    if connection.vendor == "sqlite" and isinstance(field, models.DateTimeField):
        return [_prepared(field, value) for value in column]
    return [field.get_prep_value(value) for value in column] if isinstance(field, CharField) else column
