"""The migrations: they say what the models say, and a database of before comes out as a new one does."""

from zlib import crc32

import pytest
from django.core.management import call_command
from django.db import connection

from cards.models import EventCursor
from tests.made_once import kept, made_once
from tests.own_portal import python
from tests.processes import Portal

# As databases of before went, whose migrations are replaced in new ones by a single step.
STEP_BY_STEP = """
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
def migrate(*names):
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    executor.migrate(names)
"""
# Before the readers' places went from billing to cards.
KEEP_A_PLACE = """
migrate(("cards", "0008_people_and_claims"), ("billing", "0005_digests_fall_due"))
KEEP = "INSERT INTO billing_eventcursor (reader, through, mark, horizon) VALUES ('renewals', 7, 9, 8)"
connection.cursor().execute(KEEP)
"""
THE_LAST_OF_THEM = 'migrate(("cards", "0025_quarantine"), ("billing", "0008_words"))'
# Nobody else is at work, to whom SQLite's lock would be left between two migrations.
AT_ONCE = """
from django.core.management import call_command
from simportal.management.commands import migrate
migrate.TURN = 0
call_command("migrate", verbosity=0)
"""
READ_THE_PLACES = """
from cards.models import EventCursor
print(*EventCursor.objects.values_list("reader", "through", "mark", "horizon"))
"""
# SQLite keeps no lengths, and the order of columns says nothing.
READ_THE_LAYOUT = """
import re
from django.db import connection
with connection.cursor() as cursor:
    for table in sorted(connection.introspection.table_names(cursor)):
        for column in connection.introspection.get_table_description(cursor, table):
            print(table, column.name, re.sub("[0-9]+", "", column.type_code), column.null_ok)
        for constraint in connection.introspection.get_constraints(cursor, table).values():
            print(table, constraint)
    for row in sorted(cursor.execute("SELECT name, sql FROM sqlite_master WHERE type <> 'table'").fetchall()):
        print(row)
"""


@pytest.mark.once
@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_a_new_database_has_one_table_of_readers_places():
    tables = [name for name in connection.introspection.table_names() if "eventcursor" in name]
    assert tables == [EventCursor._meta.db_table] == ["billing_eventcursor"]


def migrate_one_of_before(folder):
    portal = Portal(folder)
    if not (folder / "portal.sqlite3").exists():
        python(portal, STEP_BY_STEP + KEEP_A_PLACE + THE_LAST_OF_THEM)
    python(portal, AT_ONCE)


@pytest.fixture
def of_before():
    """A database of before that was migrated to the last one. As the new one, it stays until a migration changes."""
    name = f"of_before-{crc32((STEP_BY_STEP + KEEP_A_PLACE + THE_LAST_OF_THEM).encode())}"
    return Portal(made_once("of_before", lambda folder: kept(folder, name, migrate_one_of_before)))


@pytest.mark.once  # the two ways were compared on PostgreSQL when the second was made
@pytest.mark.processes
def test_a_database_of_before_comes_out_as_a_new_one_and_a_readers_place_stays_where_it_was(migrated, of_before):
    assert python(of_before, READ_THE_PLACES) == "('renewals', 7, 9, 8)\n"
    before, new = (sorted(python(each, READ_THE_LAYOUT).splitlines()) for each in (of_before, migrated))
    assert before == new
    assert len(new) > 500
