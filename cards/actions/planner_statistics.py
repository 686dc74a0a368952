"""What the database believes about its tables, kept roughly true where it doesn't see to that itself.

SQLite never does. PostgreSQL looks at each part of a table that has parts, but never at all of them as one.
"""

from django.db import connection

from cards.choices import State
from cards.models import Card, CardTag
from cards.state_counts import shown_now

BELIEVED = "SELECT MAX(CAST(stat AS integer)) FROM sqlite_stat1 WHERE tbl = %s"


# Joins are reckoned by what is believed of all parts together; how many rows there are, by what is of each.
LOOKED_AT_LATELY = """
    SELECT COALESCE(last_analyze > now() - interval '1 month', FALSE)
    FROM pg_stat_user_tables WHERE relid = 'cards_usageday'::regclass
"""


def update_planner_statistics():
    """Have PostgreSQL look at all usage as one once a month, and SQLite at the cards when their number has changed."""
    if connection.vendor == "sqlite":
        _look_at_cards()
    else:
        _look_at_usage()


def _look_at_usage():
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_AT_LATELY)
        if not cursor.fetchone()[0]:
            cursor.execute("SELECT cards_analyze_usage()")  # only who owns a table may ask for it


def _look_at_cards():
    """Anew once they have become twice or half as many; at a million, for seconds.

    Without it, it takes any index for as good as another, and reads a whole table where a few rows were meant.
    """
    counts = shown_now()
    cards = sum(counts[state] for state in State.values)
    with connection.cursor() as cursor:
        believed = _believed(cursor)
        if cards and not cards / 2 < believed < cards * 2:
            for model in (Card, CardTag):
                cursor.execute(f"ANALYZE {model._meta.db_table}")


def _believed(cursor):
    """How many cards there were when SQLite looked at them last."""
    cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute(BELIEVED, [Card._meta.db_table])
    return cursor.fetchone()[0] or 0
