from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0030_grants_are_found_by_day"),
    ]

    operations = [
        AddIndexBeside(
            model_name="serviceterm",
            index=models.Index(
                condition=models.Q(("number__gt", 1), ("starts_on", None)), fields=["card"], name="term_queued"
            ),
        ),
    ]
