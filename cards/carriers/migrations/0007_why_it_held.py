import re

from django.db import migrations, models


def read_sentences(apps, schema_editor):
    """Of the two numbers in a sentence the smaller one is the bound; what was held stays held."""
    for run in apps.get_model("carriers", "Reconciliation").objects.exclude(held_why=""):
        run.held_above = min(map(int, re.findall(r"\d+", run.held_why)), default=0)
        run.save(update_fields=["held_above"])


class Migration(migrations.Migration):
    dependencies = [
        ("carriers", "0006_simulated_sims"),
    ]

    operations = [
        migrations.AddField(
            model_name="reconciliation",
            name="held_above",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunPython(read_sentences, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(
            model_name="reconciliation",
            name="held_why",
        ),
    ]
