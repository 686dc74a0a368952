"""Where in a table a time begins, though no index has its instants: the keys come in the order of time, or nearly."""

from datetime import datetime, timedelta

from django.db import connection, models

OUT_OF_ORDER = timedelta(days=1)  # how far an instant may lie from those of the keys beside it

# The first key of which no row before it is as late, by halving: some thirty looks at the index of the keys.
_FIRST_KEY = """
WITH RECURSIVE halved (low, high) AS (
    SELECT (SELECT MIN({key}) FROM {table}), (SELECT MAX({key}) + 1 FROM {table})
    UNION ALL
    SELECT
        CASE WHEN {middle} < %s THEN (low + high) / 2 + 1 ELSE low END,
        CASE WHEN {middle} < %s THEN high ELSE (low + high) / 2 END
    FROM halved WHERE low < high
)
SELECT MAX(low) FROM halved
"""
_MIDDLE = "(SELECT {at} FROM {table} WHERE {key} >= (low + high) / 2 ORDER BY {key} LIMIT 1)"


def first_key(model: type[models.Model], moment: str, instant: datetime) -> int:
    """The first key of which no row before it is as late as `instant`, by the column `moment`."""
    options, quoted = model._meta, connection.ops.quote_name
    names = {"table": quoted(options.db_table), "key": quoted(options.pk.column or ""), "at": quoted(moment)}
    value = connection.ops.adapt_datetimefield_value(instant)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_KEY.format(middle=_MIDDLE.format(**names), **names), [value, value])
        return cursor.fetchone()[0] or 0


def since(model: type[models.Model], moment: str, instant: datetime) -> models.Q:
    """The rows from this instant on."""
    return models.Q(**{f"{moment}__gte": instant}, pk__gte=first_key(model, moment, instant - OUT_OF_ORDER))


def before(model: type[models.Model], moment: str, instant: datetime) -> models.Q:
    """The rows up to this instant."""
    return models.Q(**{f"{moment}__lt": instant}, pk__lt=first_key(model, moment, instant + OUT_OF_ORDER))
