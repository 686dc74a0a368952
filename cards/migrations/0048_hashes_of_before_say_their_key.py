"""What was hashed before a row said with which key: until then there was one key at a time."""

from django.db import migrations

from cards.keys import key_id

ROWS_AT_ONCE = 5_000


def say_it_of_those_that_are_there(apps, schema_editor):
    """Some thousand rows at a time; whoever comes again goes on."""
    alias = schema_editor.connection.alias
    for name in ("RealNameCheck", "RecoveryCode"):
        rows = apps.get_model("cards", name).objects.using(alias)
        while keys := list(rows.filter(key_id="").order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]):
            rows.filter(pk__gte=keys[0], pk__lte=keys[-1], key_id="").update(key_id=key_id())


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cards", "0047_guesses_and_ended_sessions")]

    operations = [migrations.RunPython(say_it_of_those_that_are_there, migrations.RunPython.noop)]
