"""On PostgreSQL the usage of each month is a part of the table: made before its first day, dropped when it is over."""

from django.db import connection

MONTHS_DIVIDED = """
    SELECT to_date(right(relname, 7), 'YYYY_MM') FROM pg_class JOIN pg_inherits ON inhrelid = oid
    WHERE inhparent = 'cards_usageday'::regclass AND relname ~ '_[0-9]{4}_[0-9]{2}$' ORDER BY 1
"""


def make_months_ahead(today):
    """See to it that there are parts up to the third month after that of `today`; how many were made now.

    A day for which there is none falls outside, and moves in once there is. Where somebody is at work with what is
    outside, or on SQLite, none is made.
    """
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT cards_make_usage_months(%s)", [today])
        return cursor.fetchone()[0]


def months_divided():
    """The first days of the months that are parts of the table."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(MONTHS_DIVIDED)
        return [month for (month,) in cursor.fetchall()]


def drop_month(month):
    """Drop the part of this month with all its days; False where somebody is at work with the table for too long.

    The database keeps a month that was over less than a year ago by its own clock, whoever asks.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT cards_drop_usage_month(%s)", [month])
        return cursor.fetchone()[0]
