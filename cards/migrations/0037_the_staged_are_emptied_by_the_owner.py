"""Whoever does not own the staged readings may empty them all the same, by a function of their owner's."""

from django.db import migrations

FUNCTION = """
    DO $do$ BEGIN EXECUTE format($format$
        CREATE OR REPLACE FUNCTION cards_empty_staged_readings() RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = %I, pg_temp
        AS 'TRUNCATE cards_stagedreading'
    $format$, current_schema()); END $do$;
    REVOKE ALL ON FUNCTION cards_empty_staged_readings() FROM PUBLIC;
"""


def lay(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)


def take_away(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION cards_empty_staged_readings()")


class Migration(migrations.Migration):
    dependencies = [("cards", "0036_leases_tell_faults")]

    operations = [migrations.RunPython(lay, take_away)]
