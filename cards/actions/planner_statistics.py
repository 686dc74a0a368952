"""What SQLite believes about its tables, kept roughly true: PostgreSQL sees to that itself."""

from django.db import connection

from cards.choices import State
from cards.models import Card, CardTag
from cards.state_counts import shown_now

BELIEVED = "SELECT MAX(CAST(stat AS integer)) FROM sqlite_stat1 WHERE tbl = %s"


def update_planner_statistics():
    """Have SQLite look at the cards anew once they have become twice or half as many; at a million, for seconds.

    Without it, it takes any index for as good as another, and reads a whole table where a few rows were meant.
    """
    if connection.vendor != "sqlite":
        return
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
