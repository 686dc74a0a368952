"""What was written so far, for tests that look at everything again after each of many steps."""

from django.db import connection


def rows_written():
    """How many rows this connection to SQLite has changed. Rows that are as they should be are so until there is one
    more; what was taken back counts too."""
    return connection.connection.total_changes
