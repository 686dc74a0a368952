"""A month of usage that is a part of the table on PostgreSQL, where all that is past is one."""

from django.db import connection

from cards.calendar import add_months

BEFORE_ENDS = """
    SELECT substring(pg_get_expr(relpartbound, oid) FROM 'TO (.*)$') FROM pg_class
    WHERE oid = 'cards_usageday_before'::regclass
"""
PARTS_MADE = """
    ALTER TABLE cards_usageday DETACH PARTITION cards_usageday_before;
    ALTER TABLE cards_usageday ATTACH PARTITION cards_usageday_before FOR VALUES FROM ('{until}') TO {end};
    CREATE TABLE cards_usageday_{month} PARTITION OF cards_usageday FOR VALUES FROM ('{first}') TO ('{until}');
    CREATE TABLE cards_usageday_earlier PARTITION OF cards_usageday FOR VALUES FROM (MINVALUE) TO ('{first}');
"""


def make_past_month(first):
    """The month from this day on becomes a part of its own; there is no usage of it, nor of any before it, yet."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE_ENDS)
        end = cursor.fetchone()[0]
        cursor.execute(PARTS_MADE.format(first=first, month=f"{first:%Y_%m}", until=add_months(first, 1), end=end))
