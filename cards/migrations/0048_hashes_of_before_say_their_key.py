"""What was hashed before a row said with which key: until then there was one key at a time."""

from django.db import migrations

from cards.keys import key_id

ROWS_AT_ONCE = 5_000


def say_it_of_those_that_are_there(apps, schema_editor):
    """Some thousand rows at a time; whoever comes again goes on."""
    alias = schema_editor.connection.alias
    for name in ("RealNameCheck", "RecoveryCode"):
        rows, last = apps.get_model("cards", name).objects.using(alias).filter(key_id=""), 0
        while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]):
            last = keys[-1]
            rows.filter(pk__gte=keys[0], pk__lte=last).update(key_id=key_id())


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cards", "0047_guesses_and_ended_sessions")]

    operations = [migrations.RunPython(say_it_of_those_that_are_there, migrations.RunPython.noop)]
