"""Writing many rows in one statement, on PostgreSQL and SQLite alike.

Django's `bulk_update` builds a CASE per row and column and is a dozen times slower than the statements here. What is
the same in all rows (after a night's rule nearly everything is) stands in the statement once; only what differs travels
row by row, as one JSON document that the database takes apart.
"""

import json
from types import MappingProxyType

from django.db import connection, models

from cards.models.fields import CharField
from cards.querysets import among, one_parameter

NOTHING_RECKONED = MappingProxyType({})
# Rows that are alike get a statement of their own if there are so many of them; fewer share one with others.
WORTH_A_STATEMENT = 24


def update_classes(model, columns, classes, key=("id",), reckoned=NOTHING_RECKONED):
    """Write `columns` of many rows, of which many are alike.

    Each class is a list of values of the first column of the key, and the values that its rows share: of the rest of
    the key, and of `columns`. `reckoned` has further columns and what they become, in SQL.
    """
    if not (columns or reckoned):
        return
    rows = []
    for keys, values in _merged(classes):
        if len(keys) < WORTH_A_STATEMENT:
            rows += [(number, *values) for number in keys]
        else:
            _update_alike(model, columns, keys, values, key, reckoned)
    update_rows(model, columns, rows, key, reckoned)


def insert_classes(model, apart, columns, classes):
    """Insert many rows, of which many are alike.

    Each class is a list of tuples, the whole numbers in which its rows differ (the columns `apart`, of which the first
    tells them from one another), and the values of `columns`, which they share.
    """
    rows = []
    for numbers, values in _merged(classes):
        if len(numbers) < WORTH_A_STATEMENT:
            rows += [(*differing, *values) for differing in numbers]
        else:
            _insert_alike(model, apart, columns, numbers, values)
    insert_rows(model, (*apart, *columns), rows)


def _merged(classes):
    """Classes of some size whose rows are to be the same are one."""
    merged = {}
    for keys, values in classes:
        if len(keys) == 1:
            yield keys, values
        else:
            merged.setdefault(json.dumps(values, default=str), (values, []))[1].extend(keys)
    yield from ((keys, values) for values, keys in merged.values())


def _update_alike(model, columns, keys, values, key, reckoned):
    fields = [model._meta.get_field(name) for name in (*key[1:], *columns)]
    said = [f"{field.column} = {_constant(field)}" for field in fields]
    prepared = [_prepared(field, value) for field, value in zip(fields, values, strict=True)]
    apart = len(key) - 1
    assignments = said[apart:] + [f"{name} = {reckoning}" for name, reckoning in reckoned.items()]
    conditions = [f"{model._meta.get_field(key[0]).column} {among(connection)}", *said[:apart]]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET {', '.join(assignments)} WHERE {' AND '.join(conditions)}",
            [*prepared[apart:], one_parameter(keys, connection), *prepared[:apart]],
        )


def _insert_alike(model, apart, columns, numbers, values):
    fields = [model._meta.get_field(name) for name in columns]
    names = [model._meta.get_field(name).column for name in (*apart, *columns)]
    source, parameters = _numbers(apart, numbers)
    selected = [*apart, *map(_constant, fields)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) SELECT {', '.join(selected)} FROM {source}",
            [*(_prepared(field, value) for field, value in zip(fields, values, strict=True)), *parameters],
        )


def update_rows(model, columns, rows, key=("id",), reckoned=NOTHING_RECKONED):
    """Write `columns` of many rows in one statement; each row a tuple of the values of its key and of `columns`.

    `reckoned` has columns and what they become, in SQL.
    """
    if not rows or not (columns or reckoned):
        return
    fields = [model._meta.get_field(name) for name in (*key, *columns)]
    values, constants, source, document = _divided(fields, rows, apart=len(key))
    changed = list(zip(fields, values, strict=True))[len(key) :]
    assignments = [f"{field.column} = {value}" for field, value in changed]
    assignments += [f"{name} = o.{reckoning}" for name, reckoning in reckoned.items()]
    chosen = " AND ".join(f"o.{field.column} = n.{field.column}" for field in fields[: len(key)])
    statement = f"UPDATE {model._meta.db_table} AS o SET {', '.join(assignments)} FROM {source} WHERE {chosen}"
    _execute(statement, constants, document)


def insert_rows(model, columns, rows, unless_there=False):
    """Insert many rows in one statement; each a tuple of the values of `columns`, of which the first differs.

    With `unless_there`, a row whose key somebody has inserted already stays as it is.
    """
    if not rows:
        return
    fields = [model._meta.get_field(name) for name in columns]
    values, constants, source, document = _divided(fields, rows, apart=1)
    names = ", ".join(field.column for field in fields)
    statement = f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(values)} FROM {source}"
    conflicts = " WHERE TRUE ON CONFLICT DO NOTHING" if unless_there else ""  # SQLite takes a bare ON for a join's
    _execute(statement + conflicts, constants, document)


def insert_selected(model, columns, rows):
    """Insert the rows of a query (`values_list`), whose columns are `columns`, without reading them."""
    names = ", ".join(model._meta.get_field(name).column for name in columns)
    selected, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) {selected}", params)


def delete_rows(model, rows, key):
    """Delete many rows in one statement; each a tuple of the values of its key."""
    if not rows:
        return
    fields = [model._meta.get_field(name) for name in key]
    source, document = _table(list(zip(fields, zip(*rows, strict=True), strict=True)))
    names = ", ".join(field.column for field in fields)
    _execute(f"DELETE FROM {model._meta.db_table} WHERE ({names}) IN (SELECT {names} FROM {source})", [], document)


def _divided(fields, rows, apart):
    """What each column is set to, the constants in it, the table of what differs, and that table's document.

    The first `apart` columns differ, whatever they hold.
    """
    values, constants, differing = [], [], []
    for place, (field, column) in enumerate(zip(fields, zip(*rows, strict=True), strict=True)):
        if place >= apart and column.count(column[0]) == len(column):
            values.append(_constant(field))
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


def _numbers(names, rows):
    """Rows of whole numbers, of which the first differ, as a table `n`, and the parameters that it is made of."""
    if connection.vendor == "postgresql":
        lists = ", ".join("%s::bigint[]" for _ in names)
        return f"unnest({lists}) AS n ({', '.join(names)})", [
            one_parameter(column, connection) for column in zip(*rows, strict=True)
        ]
    key, *others = names
    if len(others) == 1:  # as an object, which is taken apart in two thirds of the time
        selected = f"CAST(key AS INTEGER) AS {key}, value AS {others[0]}"
        return f"(SELECT {selected} FROM json_each(%s)) AS n", [json.dumps(dict(rows))]
    selected = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(names))
    return f"(SELECT {selected} FROM json_each(%s)) AS n", [json.dumps(rows)]


def _constant(field):
    return f"%s::{field.rel_db_type(connection)}" if connection.vendor == "postgresql" else "%s"


def _execute(statement, constants, document):
    with connection.cursor() as cursor:
        cursor.execute(statement, [*constants, json.dumps(document, default=str, ensure_ascii=False)])


def _prepared(field, value):
    """The value as the driver takes it: the vocabularies of `choices` are types of their own, which it would name."""
    return value.value if isinstance(value, models.Choices) else field.get_db_prep_save(value, connection)


def _as_json(field, column):
    """SQLite keeps instants without their offset, in UTC, and takes JSON as text; text is as its field keeps it."""
    if connection.vendor == "sqlite" and isinstance(field, models.DateTimeField):
        return [_prepared(field, value) for value in column]
    return [field.get_prep_value(value) for value in column] if isinstance(field, CharField) else column
