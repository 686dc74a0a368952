"""The migrations: they say what the models say, and a database of before comes out as a new one does."""

import pytest
from django.core.management import call_command
from django.db import connection

from cards.models import EventCursor
from tests.own_portal import own_portal, python

# Before the readers' places went from billing to cards.
PLACES_OF_BILLING = (("cards", "0008_people_and_claims"), ("billing", "0005_digests_fall_due"))
KEEP_A_PLACE = """
from django.db import connection
KEEP = "INSERT INTO billing_eventcursor (reader, through, mark, horizon) VALUES ('renewals', 7, 9, 8)"
connection.cursor().execute(KEEP)
"""
READ_THE_PLACES = """
from cards.models import EventCursor
print(*EventCursor.objects.values_list("reader", "through", "mark", "horizon"))
"""


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_a_new_database_has_one_table_of_readers_places():
    tables = [name for name in connection.introspection.table_names() if "eventcursor" in name]
    assert tables == [EventCursor._meta.db_table] == ["billing_eventcursor"]


@pytest.mark.processes
def test_a_readers_place_stays_where_it_was_when_it_goes_to_cards(tmp_path):
    with own_portal(tmp_path) as portal:
        for place in PLACES_OF_BILLING:
            portal.manage("migrate", *place, "--verbosity", "0")
        python(portal, KEEP_A_PLACE)
        portal.manage("migrate", "--verbosity", "0")
        assert python(portal, READ_THE_PLACES) == "('renewals', 7, 9, 8)\n"
