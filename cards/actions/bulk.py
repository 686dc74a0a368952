"""Writing many rows in one statement, on PostgreSQL and SQLite alike.

Django's `bulk_update` builds a CASE per row and column and is a dozen times slower than the statements here.
"""

from django.db import connection
from django.db.models import Choices

from cards.models import CardEvent

EVENT_COLUMNS = tuple(
    CardEvent._meta.get_field(name).column
    for name in (
        "card", "seq", "action", "from_state", "to_state", "holds", "effective_on", "executed_at",
        "actor_kind", "actor_name", "rule", "reason", "evidence",
    )
)  # fmt: skip


def update_rows(model, columns, rows):
    """Write these columns of all `rows` (instances, each once) in one statement."""
    if not rows or not columns:
        return
    key, *fields = [model._meta.pk, *(_field(model, name) for name in columns)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(*_update_from_arrays(model, key, fields, rows))
        else:
            assignments = ", ".join(f"{field.column} = %s" for field in fields)
            statement = f"UPDATE {model._meta.db_table} SET {assignments} WHERE {key.column} = %s"
            cursor.executemany(statement, zip(*_prepared([*fields, key], rows), strict=True))


def insert_events(rows):
    """Insert records, given as tuples in the order of EVENT_COLUMNS."""
    if not rows:
        return
    target = f"INSERT INTO {CardEvent._meta.db_table} ({', '.join(EVENT_COLUMNS)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = _arrays(_field(CardEvent, name) for name in EVENT_COLUMNS)
            cursor.execute(
                f"{target} SELECT * FROM unnest({arrays})",
                [list(column) for column in zip(*rows, strict=True)],
            )
        else:
            marks = ", ".join(["%s"] * len(EVENT_COLUMNS))
            cursor.executemany(f"{target} VALUES ({marks})", rows)


def _update_from_arrays(model, key, fields, rows):
    names = ", ".join(field.column for field in [key, *fields])
    assignments = ", ".join(f"{field.column} = n.{field.column}" for field in fields)
    statement = (
        f"UPDATE {model._meta.db_table} AS o SET {assignments} "
        f"FROM unnest({_arrays([key, *fields])}) AS n ({names}) WHERE o.{key.column} = n.{key.column}"
    )
    return statement, _prepared([key, *fields], rows)


def _prepared(fields, rows):
    """The rows' values, column by column, as the database takes them."""
    return [[_value(field, row) for row in rows] for field in fields]


def _value(field, row):
    value = getattr(row, field.attname)
    # The driver wants one type to a column, and the vocabularies of `choices` are types of their own.
    return value.value if isinstance(value, Choices) else field.get_db_prep_save(value, connection)


def _arrays(fields):
    return ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in fields)


def _field(model, column):
    """The model's field of this column: `customer_id` as well as `customer`."""
    return next(field for field in model._meta.concrete_fields if column in (field.name, field.attname))
