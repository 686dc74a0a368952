"""A card to which nothing has happened may be taken in anew, in whatever state."""

from django.db import migrations, models

WITHOUT_GUARD = {
    "postgresql": "DROP TRIGGER IF EXISTS card_state_is_guarded ON cards_card",
    "sqlite": "DROP TRIGGER IF EXISTS card_state_is_guarded",
}


def let_go(apps, schema_editor):
    """The guard asks the column; it is laid anew once the migration is back."""
    schema_editor.execute(WITHOUT_GUARD[schema_editor.connection.vendor])


class Migration(migrations.Migration):
    dependencies = [("cards", "0020_customer_name_key")]

    operations = [
        migrations.AddField(
            model_name="card",
            name="anew_seq",
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name="taken in anew by record"),
        ),
        migrations.AlterField(
            model_name="job",
            name="status",
            field=models.CharField(
                choices=[
                    ("preparing", "Reading file"),
                    ("asking", "Columns to match"),
                    ("checking", "Checking"),
                    ("ready", "Ready to start"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("stopped", "Stopped"),
                    ("done", "Finished"),
                    ("failed", "Failed"),
                    ("unread", "File not read"),
                ],
                default="preparing",
                max_length=9,
                verbose_name="status",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, let_go),
    ]
