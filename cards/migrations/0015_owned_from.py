"""From which record on a card is its present customer's, kept by the write path, and by the database for code of before."""

from django.db import migrations, models

from cards.triggers import OWNED_FROM, execute

NOT_ANY_MORE = {
    "postgresql": ("DROP TRIGGER IF EXISTS card_owned_from_is_noted ON cards_card",),
    "sqlite": ("DROP TRIGGER IF EXISTS card_owned_from_is_noted",),
}


def lay_trigger(apps, schema_editor):
    execute(schema_editor.connection, OWNED_FROM)


def take_trigger_away(apps, schema_editor):
    execute(schema_editor.connection, NOT_ANY_MORE)


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0014_jobs_count_tries"),
    ]

    # In one transaction: whoever moves a card afterwards is noted, before the next migration looks at what was before.
    operations = [
        migrations.AddField(
            model_name="card",
            name="owned_from_seq",
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name="owned from record"),
        ),
        migrations.RunPython(lay_trigger, take_trigger_away),
    ]
