"""The table of usage days has a part for each month on PostgreSQL, made before its first day comes."""

from django.db import connection


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
